/* Properties of the exact part: they hold for every estate that the generators below can make. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  keysTouched,
  type Reader,
  type ReadKey,
  readerOf,
  readerOver,
  recordingReader,
  writeOf,
} from '#estate/estate.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Endpoint, Node, Service } from '#estate/kubernetes.ts';
import { ip } from '#net/ip.ts';
import {
  announcing,
  gapIn,
  home,
  node,
  nodeNames,
  pool,
  proxy,
  service,
  slice,
  vip,
} from '#test/exact/home.ts';
import { allocate } from './allocate.ts';
import { announcerOf } from './announce.ts';
import { type Allocations, noAllocations } from './metallb/allocations.ts';
import { converge, serviceKey } from './metallb/converge.ts';
import { poolSize } from './metallb/count.ts';
import { type Election, elect, sortCandidates } from './metallb/election.ts';
import { newestL2Rules } from './metallb/l2-rules.ts';
import { portKey, sharingKeyOf, sharingRefusal } from './metallb/sharing.ts';
import { decideService } from './service.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 8 });
const addresses = fc.integer({ min: 0, max: 255 }).map((n) => ip(`10.0.20.${n}`));

describe('election', () => {
  const election = fc
    .record({ names, address: addresses, local: fc.boolean(), on: fc.nat() })
    .map((g): Election => {
      const on = g.names.filter((_, i) => ((g.on >> i) & 1) === 1);
      return {
        service: { labels: {}, externalPolicy: g.local ? 'local' : 'cluster' },
        ip: g.address,
        ads: [
          {
            nodes: new Set(g.names),
            serviceSelectors: [],
            interfaces: 'all',
            scores: new Map(on.map((n) => [n, 3])),
          },
        ],
        slices: [
          slice('edge', [], {
            endpoints: on.map((n): Endpoint => ({ addresses: [ip('10.42.1.5')], node: n })),
          }),
        ],
        speakers: g.names,
        nodes: g.names.map((n) => node(n, { internalIps: [] })),
        ignoreExcludeLabel: false,
        rules: newestL2Rules,
      };
    });

  it('does not depend on the order of candidates', () => {
    fc.assert(
      fc.property(names, addresses, (nodes, address) => {
        const forward = sortCandidates(nodes, address, new Map());
        expect(sortCandidates([...nodes].reverse(), address, new Map())).toEqual(forward);
        expect([...forward].sort()).toEqual([...nodes].sort());
      }),
    );
  });

  it('does not depend on the order of speakers, nodes and advertisements', () => {
    fc.assert(
      fc.property(election, (e) => {
        const turned = { ...e, speakers: [...(e.speakers ?? [])].reverse(), nodes: [...e.nodes].reverse() };
        expect(elect(turned).candidates).toEqual(elect(e).candidates);
      }),
    );
  });

  it('losing a node that does not announce never moves the address', () => {
    fc.assert(
      fc.property(election, fc.nat(), (e, pick) => {
        const winner = elect(e).candidates[0];
        const others = (e.speakers ?? []).filter((n) => n !== winner);
        if (others.length === 0) return;
        const lost = others[pick % others.length];
        const after = { ...e, speakers: (e.speakers ?? []).filter((n) => n !== lost) };
        expect(elect(after).candidates[0]).toBe(winner);
      }),
    );
  });

  it('only ever elects a speaker, and with Local one that has an endpoint', () => {
    fc.assert(
      fc.property(election, (e) => {
        const with_ = new Set(e.slices.flatMap((s) => s.endpoints.map((p) => p.node)));
        for (const c of elect(e).candidates) {
          expect(e.speakers).toContain(c);
          if (e.service.externalPolicy === 'local') expect(with_.has(c)).toBe(true);
        }
      }),
    );
  });
});

const aService = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    key: fc.constantFrom(undefined, '', 'k', 'z'),
    local: fc.boolean(),
    app: fc.constantFrom('x', 'y'),
    ports: fc.uniqueArray(fc.constantFrom(80, 443, 53), { minLength: 1, maxLength: 3 }),
    udp: fc.boolean(),
    wish: fc.constantFrom(undefined, '10.0.20.200', '10.0.20.201', '10.0.20.200,2001:db8:20::201', 'soon'),
    dual: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
    two: fc.boolean(),
  })
  .map((g): Service => {
    const protocol = g.udp ? 'udp' : 'tcp';
    return service(g.name, {
      vips: [],
      ...(g.key !== undefined && { sharingKey: g.key }),
      externalPolicy: g.local ? 'local' : 'cluster',
      selector: { app: g.app },
      ports: g.ports.map((port) => ({ port, protocol, targetPort: port })),
      ...(g.wish !== undefined && { requestedIps: g.wish }),
      ipFamilyPolicy: g.dual as Service['ipFamilyPolicy'],
      clusterIps: g.two ? [ip('10.43.0.10'), ip('2001:db8:43::10')] : [ip('10.43.0.10')],
    });
  });

describe('allocation', () => {
  const pools = [
    pool('both', ['10.0.20.200-10.0.20.201', '2001:db8:20::200-2001:db8:20::201']),
    pool('four', ['10.0.21.200']),
  ];

  it('never gives one address to two Services that may not share', () => {
    fc.assert(
      fc.property(fc.array(aService, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (services, picks) => {
        let state: Allocations = noAllocations(pools);
        const latest = new Map<string, Service>();
        for (const s of services) {
          const held = state.byService.get(serviceKey(s))?.ips ?? [];
          const { outcomes } = converge(state, s, held);
          state = outcomes[(picks.next().value ?? 0) % outcomes.length]?.allocations ?? state;
          latest.set(serviceKey(s), s);
        }
        for (const [a, b] of sharers(state)) {
          const [one, two] = [latest.get(a), latest.get(b)];
          if (one === undefined || two === undefined) throw new Error('a holder that was never asked for');
          expect(sharingRefusal(sharingKeyOf(one), sharingKeyOf(two))).toBeUndefined();
          const taken = new Set(one.ports.map(portKey));
          expect(two.ports.map(portKey).filter((p) => taken.has(p))).toEqual([]);
        }
      }),
    );
  });

  it('gives only addresses of pools, at most one of each family', () => {
    fc.assert(
      fc.property(aService, (s) => {
        for (const { ips } of converge(noAllocations(pools), s, []).outcomes) {
          expect(new Set(ips.map((i) => i.includes(':'))).size).toBe(ips.length);
          for (const i of ips) expect(i).toMatch(/^(10\.0\.2[01]\.20[01]|2001:db8:20::20[01])$/);
        }
      }),
    );
  });

  it('is settled: what it gave, it keeps', () => {
    // Not so for one ClusterIP with PreferDualStack: upstream adds the other family, then takes it for a change.
    const settling = aService.filter(
      (s) => s.clusterIps.length === 2 || s.ipFamilyPolicy !== 'PreferDualStack',
    );
    fc.assert(
      fc.property(settling, (s) => {
        for (const first of converge(noAllocations(pools), s, []).outcomes) {
          const again = converge(first.allocations, s, first.ips);
          expect(again.outcomes.map((o) => o.ips)).toEqual([first.ips]);
        }
      }),
    );
  });

  it('counts as many addresses as there are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 0, max: 600 }),
        fc.boolean(),
        (a, b, avoidBuggyIps) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          const text = (n: number) => `10.0.${20 + Math.floor(n / 256)}.${n % 256}`;
          let count = 0;
          for (let n = low; n <= high; n++) if (!avoidBuggyIps || (n % 256 !== 0 && n % 256 !== 255)) count++;
          expect(poolSize(pool('p', [`${text(low)}-${text(high)}`], { avoidBuggyIps })).total).toBe(
            BigInt(count),
          );
        },
      ),
    );
  });
});

function sharers(state: Allocations): readonly (readonly [string, string])[] {
  const all = [...state.byService];
  return all.flatMap(([a, one], i) =>
    all
      .slice(i + 1)
      .filter(([, two]) => two.ips.some((x) => one.ips.includes(x)))
      .map(([b]): [string, string] => [a, b]),
  );
}

const kinds: readonly Kind[] = [
  'service',
  'endpointSlice',
  'node',
  'serviceProxy',
  'podNetwork',
  'pool',
  'l2Advertisement',
  'bgpAdvertisement',
  'announcing',
  'namespace',
];

const condition = fc.constantFrom(undefined, true, false);
const endpoint = fc
  .record({
    on: fc.constantFrom(...nodeNames, undefined),
    ready: condition,
    serving: condition,
    terminating: condition,
    n: fc.integer({ min: 2, max: 4 }),
  })
  .map((g): Endpoint => {
    const flags = { ready: g.ready, serving: g.serving, terminating: g.terminating };
    const said = Object.fromEntries(Object.entries(flags).filter(([, v]) => v !== undefined));
    return { addresses: [ip(`10.42.1.${g.n}`)], ...(g.on !== undefined && { node: g.on }), ...said };
  });

/** Estates of one Service in many states. */
const estate = fc
  .record({
    external: fc.constantFrom('cluster', 'local'),
    internal: fc.constantFrom('cluster', 'local'),
    mode: fc.constantFrom('iptables', 'nftables', 'ipvs', 'unknown'),
    version: fc.constantFrom(undefined, '1.25.0', '1.30.0', '1.35.0'),
    metallb: fc.constantFrom(undefined, '0.13.9', '0.14.2', '0.16.0'),
    endpoints: fc.array(endpoint, { maxLength: 4 }),
    pending: fc.boolean(),
    nodes: fc.subarray([...nodeNames]),
    pools: fc.boolean(),
  })
  .map((g) => {
    const { version: _, ...unversioned } = proxy({ mode: g.mode as ReturnType<typeof proxy>['mode'] });
    const { version: __, ...open } = announcing();
    return (gaps: Parameters<typeof home>[1]) =>
      home(
        {
          service: [
            service('edge', {
              externalPolicy: g.external as Service['externalPolicy'],
              internalPolicy: g.internal as Service['internalPolicy'],
              ...(g.pending && { vips: [] }),
            }),
          ],
          endpointSlice: [slice('edge', [], { endpoints: g.endpoints })],
          serviceProxy: [g.version === undefined ? unversioned : { ...unversioned, version: g.version }],
          announcing: [g.metallb === undefined ? open : { ...open, version: g.metallb }],
          node: g.nodes.map((n): Node => node(n)),
          ...(g.pools ? {} : { pool: [] }),
        },
        gaps,
      );
  });

const packets = fc.constantFrom(
  { source: ip('198.51.100.7'), destination: vip, port: 443, protocol: 'tcp' as const },
  { source: ip('198.51.100.7'), destination: vip, port: 443, protocol: 'udp' as const },
  { source: ip('10.42.1.9'), destination: ip('10.43.0.10'), port: 443, protocol: 'tcp' as const },
  { source: ip('198.51.100.7'), destination: ip('10.0.20.101'), port: 31443, protocol: 'tcp' as const },
  { source: ip('10.42.1.2'), destination: vip, port: 443, protocol: 'tcp' as const },
);
type APacket = Parameters<typeof decideService>[2];

function answers(reader: Reader, packet: APacket) {
  const { cluster } = node('k8s-node1');
  const decided = decideService(reader, { cluster, node: 'k8s-node1' }, packet, {
    isPod: false,
    isLocalProcess: false,
  });
  const announced = announcerOf(reader, vip);
  const mine = reader.get('service', 'home/apps/edge')?.value ?? service('edge');
  const allotted = allocate(reader, mine);
  return [
    {
      isUnknown: decided.verdict === 'unknown',
      text: JSON.stringify([decided.verdict, decided.endpoints, decided.masquerades]),
      gap: decided.gap,
    },
    { isUnknown: announced?.gap !== undefined, text: JSON.stringify(announced?.nodes), gap: announced?.gap },
    {
      isUnknown: allotted.kind === 'unknown',
      text: JSON.stringify([allotted.kind, allotted.ips, allotted.oneOf]),
      gap: allotted.gap,
    },
  ];
}

describe('gaps', () => {
  it('adding one never improves an answer: it stays, or becomes unknown', () => {
    fc.assert(
      fc.property(estate, packets, fc.subarray([...kinds], { minLength: 1 }), (make, packet, hidden) => {
        const before = answers(readerOf(make([])), packet);
        const after = answers(readerOf(make([gapIn(...hidden)])), packet);
        for (const [i, answer] of after.entries()) {
          if (!answer.isUnknown) expect(answer).toEqual(before[i]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('every unknown names its gap, and nothing else does', () => {
    fc.assert(
      fc.property(estate, packets, fc.subarray([...kinds]), (make, packet, hidden) => {
        const gaps = hidden.length === 0 ? [] : [gapIn(...hidden)];
        for (const answer of answers(readerOf(make(gaps)), packet)) {
          expect(answer.gap !== undefined).toBe(answer.isUnknown);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the read set', () => {
  it('holds everything that the answer rests on: a write outside of it changes nothing', () => {
    const change = fc.constantFrom(
      (r: Reader) =>
        writeOf(r, 'service', service('other', { vips: [], clusterIps: [ip('10.43.0.99')], ports: [] })),
      (r: Reader) => writeOf(r, 'service', service('edge', { externalPolicy: 'local' })),
      (r: Reader) => writeOf(r, 'endpointSlice', slice('other', ['k8s-node1'])),
      (r: Reader) => writeOf(r, 'endpointSlice', slice('edge', ['k8s-node3'])),
      (r: Reader) => writeOf(r, 'node', node('k8s-node1', { labels: { x: 'y' }, isReady: false })),
      (r: Reader) => writeOf(r, 'pool', pool('more', ['10.0.30.0/30'])),
      (r: Reader) => writeOf(r, 'announcing', announcing({ version: '0.13.0' })),
      (r: Reader) => writeOf(r, 'serviceProxy', proxy({ version: '1.20.0', mode: 'nftables' })),
    );
    fc.assert(
      fc.property(estate, packets, change, (make, packet, write) => {
        const reader = readerOf(make([]));
        const touched = write(reader);
        const asked: ((r: Reader) => unknown)[] = [
          (r) =>
            decideService(r, { cluster: 'home', node: 'k8s-node1' }, packet, {
              isPod: false,
              isLocalProcess: false,
            }),
          (r) => announcerOf(r, vip),
        ];
        for (const ask of asked) {
          const read = new Set<ReadKey>();
          const before = ask(recordingReader(reader, (k) => read.add(k)));
          if (keysTouched(touched).some((k) => read.has(k))) continue;
          expect(ask(readerOver(reader, [touched]))).toEqual(before);
        }
      }),
      { numRuns: 300 },
    );
  });
});
