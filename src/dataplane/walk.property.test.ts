/*
 * What holds on every estate: the walk ends, the way back undoes the way in, a gap never improves an answer, an answer
 * depends on nothing but what was read, and a fact taken away behind a gap leaves the answer or makes it unknown.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeEstate, type Reader, type ReadKey, readerOf, recordingReader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Kind } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import {
  alias,
  anyMatch,
  box,
  forward,
  homeFacts,
  ingress,
  localTraefik,
  middleware,
  node,
  record,
  route,
  rule,
  stated,
  traefik,
  tunnelRule,
  vantage,
  vip,
} from '#test/estates.ts';
import { type Flow, flowText } from './flow.ts';
import { flowsOf } from './flows.ts';
import type { Disposition } from './trace.ts';
import { walk } from './walk.ts';

/** Changes that a test may draw, wild ones among them: loops, strays, wrong targets. */
const oddities: readonly Fact[] = [
  ...localTraefik(),
  traefik({ externalPolicy: 'local' }),
  traefik({ vips: [{ ip: vip, ipMode: 'Proxy' }] }),
  traefik({ vips: [] }),
  alias('nginx', ['10.0.20.203']),
  alias('nginx', ['nginx']),
  alias('nginx', ['10.0.20.1']),
  alias('nginx', ['10.0.20.101']),
  box({ reflection: 'pure-nat' }),
  box({ reflection: 'nat-proxy', reflectionSnat: true }),
  box({ outboundNat: 'manual' }),
  forward(0, 443, { target: '203.0.113.10' }),
  forward(2, 443, { isException: true, interface: 'lan' }),
  rule(0, [], { isFloating: true, isQuick: false, action: 'reject', match: anyMatch }),
  node(3, { isReady: false, isNetworkUnavailable: true }),
  node(2, { internalIps: [] }),
  stated('podNetwork', { cluster: 'home', program: 'unknown', encapsulation: 'unknown' }),
  stated('staticRoute', { firewall: 'pfsense', network: '10.10.0.0/16' as never, gateway: 'NODE' }),
  stated('gateway', {
    firewall: 'pfsense',
    name: 'NODE',
    interface: 'opt1',
    ip: ip('10.0.20.101'),
    isDefault: false,
    family: 4,
  }),
  stated('gateway', {
    firewall: 'pfsense',
    name: 'SELF',
    interface: 'opt1',
    ip: ip('10.0.20.1'),
    isDefault: false,
    family: 4,
  }),
  stated('staticRoute', { firewall: 'pfsense', network: '10.66.0.0/16' as never, gateway: 'SELF' }),
  alias('nginx', ['10.66.0.1']),
  alias('nginx', ['10.10.1.5']),
  record('dns/technitium', 'example.org', 'CNAME', ['immich.example.org']),
  record('dns/cloudflare', 'immich.example.org', 'CNAME', ['immich.example.org'], { isProxied: true }),
  stated('resolver', {
    id: 'technitium',
    program: 'technitium',
    address: ip('10.0.20.201'),
    serves: [],
    forwardsTo: 'coredns',
  }),
  tunnelRule(0, 'proxied.example.org', 'https://10.0.20.200:443'),
  tunnelRule(0, 'proxied.example.org', 'https://proxied.example.org'),
  tunnelRule(0, '*.example.org', 'http://10.10.3.20:80'),
  vantage('near', 'lan', ['10.0.20.50'], { resolver: 'technitium' }),
  ingress({ http3: {} }),
  ingress({ proxyProtocol: { from: [], everyone: true }, forwardedHeaders: { from: [], everyone: true } }),
  middleware('a', { kind: 'chain', of: ['b'] }),
  middleware('b', { kind: 'chain', of: ['a'] }),
  route('immich', 'immich.example.org', { middlewares: ['traefik/a'] }),
  route('immich', 'immich.example.org', { match: { hosts: ['immich.example.org'], isComplete: false } }),
  stated('publicAddress', {
    ip: ip('203.0.113.10'),
    firewall: 'pfsense',
    interface: 'wan',
    through: ['isp'],
  }),
  stated('unmanagedHop', {
    id: 'isp',
    reason: 'theirs',
    clientAddress: 'unknown',
    forwards: [
      { protocol: 'tcp', port: 443 },
      { protocol: 'udp', port: 443 },
    ],
  }),
];

const names = ['immich.example.org', 'proxied.example.org', 'gone.example.org', 'x.y.example.org'] as const;
const addresses = [
  '10.0.20.200',
  '10.0.20.203',
  '203.0.113.10',
  '10.0.20.1',
  '10.0.20.102',
  '10.96.0.80',
  '10.10.1.5',
  '192.0.2.9',
  '10.66.0.1',
] as const;

const someFacts = fc.subarray([...oddities], { maxLength: 6 });
const someFlow: fc.Arbitrary<Flow> = fc.record({
  from: fc.constantFrom('internet', 'lan', 'near', 'node', 'pod', 'edge', 'nowhere'),
  family: fc.constantFrom(4 as const, 6 as const),
  to: fc.oneof(
    fc.constantFrom(...names).map((n) => ({ name: dnsName(n) })),
    fc.constantFrom(...addresses).map((a) => ({ ip: ip(a) })),
  ),
  port: fc.constantFrom(443, 80, 8443, 5432, 30_443),
  protocol: fc.constantFrom('tcp' as const, 'udp' as const),
});

const kinds = Object.keys(kindTable) as readonly Kind[];
const systems = [
  'cluster/home',
  'firewall/pfsense',
  'dns/technitium',
  'dns/cloudflare',
  'tunnel/home',
  'crowdsec/lapi',
  undefined,
] as const;
const someGap: fc.Arbitrary<Gap> = fc
  .record({ kind: fc.constantFrom(...kinds), system: fc.constantFrom(...systems) })
  .map(({ kind, system }) => ({
    id: `lost/${kind}`,
    kinds: [kind],
    what: `${kind} of ${system ?? 'everything'} was not read`,
    ...(system && { system }),
  }));

function ends(facts: readonly Fact[], gaps: readonly Gap[], flow: Flow): ReadonlySet<Disposition> {
  return endsIn(readerOf(makeEstate(facts, gaps)), flow);
}

function endsIn(reader: Reader, flow: Flow): ReadonlySet<Disposition> {
  return new Set(walk(reader, flow).traces.map((t) => t.disposition));
}

/** Answers without the kind of fact, and a gap in its place, that are neither as before nor unknown. */
function worse(facts: readonly Fact[], flows: readonly Flow[], kind: Kind): readonly string[] {
  const gap: Gap = { id: `lost/${kind}`, kinds: [kind], what: `no ${kind} was read` };
  const whole = readerOf(makeEstate(facts));
  const kept = facts.filter((f) => f.kind !== kind);
  const partial = readerOf(makeEstate(kept, [gap]));
  return flows.flatMap((flow) => {
    const before = endsIn(whole, flow);
    if (before.size === 1 && before.has('unknown')) return [];
    const wrong = [...endsIn(partial, flow)].filter((d) => d !== 'unknown' && !before.has(d));
    return wrong.map((d) => `${flowText(flow)}: ${[...before]} became ${d} without ${kind}`);
  });
}

describe('on any estate', () => {
  test('the walk ends, says why, and names the gap wherever it does not know', () => {
    fc.assert(
      fc.property(someFacts, someFlow, fc.array(someGap, { maxLength: 2 }), (odd, flow, gaps) => {
        const { traces } = walk(readerOf(makeEstate([...homeFacts(), ...odd], gaps)), flow);
        expect(traces.length).toBeGreaterThan(0);
        for (const t of traces) {
          if (t.disposition === 'unknown') expect(t.gaps.length, flowText(flow)).toBeGreaterThan(0);
          if (t.disposition === 'delivered' && t.reached)
            expect(t.returnPath?.disposition, flowText(flow)).toBe('delivered');
        }
      }),
      { numRuns: 200 },
    );
  });

  test('the way back ends as the answer to the question that was asked', () => {
    fc.assert(
      fc.property(someFacts, someFlow, (odd, flow) => {
        for (const t of walk(readerOf(makeEstate([...homeFacts(), ...odd])), flow).traces) {
          if (t.disposition !== 'delivered' || !t.returnPath) continue;
          const asked = t.hops
            .flatMap((h) => h.steps)
            .find((s) => s.says.includes(' dials ') && s.after?.destination === t.dialled)?.after;
          const last = t.returnPath.hops.at(-1)?.steps.at(-1);
          const answer = last?.after ?? last?.before;
          if (answer)
            expect([answer.source, answer.destination], flowText(flow)).toEqual([
              asked?.destination,
              asked?.source,
            ]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a gap leaves an answer as it is or makes it unknown', () => {
    fc.assert(
      fc.property(someFacts, someFlow, someGap, (odd, flow, gap) => {
        const facts = [...homeFacts(), ...odd];
        const before = ends(facts, [], flow);
        const after = ends(facts, [gap], flow);
        for (const d of after)
          expect(
            d === 'unknown' || before.has(d),
            `${flowText(flow)}: ${[...before]} became ${d} by ${gap.what}`,
          ).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('facts that were lost behind a gap leave an answer as it is or make it unknown', () => {
    fc.assert(
      fc.property(someFacts, someFlow, fc.constantFrom(...kinds), (odd, flow, kind) => {
        expect(worse([...homeFacts(), ...odd], [flow], kind)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('and every kind lost from the estate itself, from every vantage point', () => {
    const dialled: readonly Flow['to'][] = [
      ...names.slice(0, 2).map((n) => ({ name: dnsName(n) })),
      ...addresses.slice(0, 6).map((a) => ({ ip: ip(a) })),
    ];
    const flows = ['internet', 'lan', 'near', 'node', 'pod', 'edge'].flatMap((from) =>
      dialled.map((to): Flow => ({ from, family: 4, to, port: 443, protocol: 'tcp' })),
    );
    expect(kinds.flatMap((kind) => worse(homeFacts(), flows, kind))).toEqual([]);
  }, 20_000);

  test('the read set is all that an answer depends on: a fact outside it changes nothing', () => {
    fc.assert(
      fc.property(someFlow, fc.constantFrom(...oddities), (flow, odd) => {
        const below = readerOf(makeEstate(homeFacts()));
        const keys = new Set<ReadKey>();
        const before = walk(
          recordingReader(below, (k) => keys.add(k)),
          flow,
        );
        const old = below.get(odd.kind, odd.key.slice(odd.kind.length + 1));
        const touched = [old, odd].flatMap((f) => (f ? collections(f) : []));
        if ([odd.key, ...touched].some((k) => keys.has(k as ReadKey))) return;
        expect(walk(readerOf(makeEstate([...homeFacts(), odd])), flow)).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });
});

function collections(f: Fact): readonly string[] {
  const indexes = Object.entries(kindTable[f.kind].indexes) as [string, (v: unknown) => readonly string[]][];
  return [
    `${f.kind}:*`,
    ...indexes.flatMap(([name, of]) => of(f.value).map((v) => `${f.kind}@${name}=${v}`)),
  ];
}

test('flows are many, each once, in a stable order', () => {
  const reader = readerOf(makeEstate(homeFacts()));
  const flows = flowsOf(reader);
  const texts = flows.map(flowText);
  expect(new Set(texts).size).toBe(texts.length);
  expect(flowsOf(reader)).toEqual(flows);
  expect(texts).toContain('internet → immich.example.org:443/udp over IPv4');
  expect(texts).toContain('lan → 10.0.20.200:5432/tcp over IPv4');
  expect(texts).not.toContain('edge → immich.example.org:443/tcp over IPv4');
});
