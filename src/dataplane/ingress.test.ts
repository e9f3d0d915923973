/* The ingress stage by its own: which program a socket is, what a listener without routes does, what ends a request. */
import { describe, expect, test } from 'vitest';
import { recordingReader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import {
  homeReader,
  ingress,
  localTraefik,
  middleware,
  pod,
  route,
  service,
  slice,
  stated,
  traefik,
  traefikPorts,
  vip,
} from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import { gapIds, pathOf, tracesOf } from '#test/walked.ts';
import { backendOf } from './backend.ts';
import { behindListener } from './behind.ts';
import { ingressAt, listenerAt, walkIngress } from './ingress.ts';
import { hasArrived } from './path.ts';
import type { Identity, Reached } from './trace.ts';

const near = { from: 'near', to: { ip: vip } } as const;
const immich = dnsName('immich.example.org');
const verdicts = (identities: readonly Identity[]) =>
  identities.flatMap((i) => (i.verdict ? [`${i.who ?? i.consumer} ${i.verdict}`] : []));
const allow = (name: string, ...ranges: readonly string[]) =>
  middleware(name, { kind: 'ip-allow-list', ranges: ranges.map(prefix), depth: 0 });
const guarded = (...middlewares: readonly string[]) => route('immich', 'immich.example.org', { middlewares });

describe('which program a socket is', () => {
  const at = (more: Partial<Reached>, add: readonly Fact[] = []) =>
    ingressAt(homeReader({ add }), { ip: ip('10.10.1.5'), port: 8443, ...more })?.key;
  test.each([
    ['a pod of it', { cluster: 'home', pod: 'home/traefik/traefik-1' }, 'ingress:home/traefik/traefik'],
    ['a pod of something else', { cluster: 'home', pod: 'home/apps/immich-3' }, undefined],
    ['a pod that is not there', { cluster: 'home', pod: 'home/traefik/gone' }, undefined],
    ['no pod', { cluster: 'home' }, undefined],
    ['any pod of it', { ingress: 'ingress:home/traefik/traefik' }, 'ingress:home/traefik/traefik'],
    ['any pod of one that is not there', { ingress: 'ingress:home/traefik/gone' }, undefined],
  ] as const)('%s', (_name, more, is) => {
    expect(at(more)).toBe(is);
  });

  test('what it publishes is no part of it: no walk hangs on that', () => {
    const reader = homeReader({ add: [ingress({}, { publishedService: 'traefik/traefik' })] });
    const found = ingressAt(reader, {
      ip: ip('10.10.1.5'),
      port: 8443,
      cluster: 'home',
      pod: 'home/traefik/traefik-1',
    });
    expect(found?.value).toEqual(ingress().value);
  });

  test('of no pod nothing is looked up', () => {
    const reads: string[] = [];
    const reader = recordingReader(homeReader(), (key) => reads.push(key));
    ingressAt(reader, { ip: ip('10.0.20.1'), port: 443 });
    expect(reads).toEqual([]);
  });

  test.each([
    [
      'labels of it in another namespace',
      pod('apps/copy-1', '10.10.1.90', 1, { labels: { app: 'traefik' } }),
      'home/apps/copy-1',
      undefined,
    ],
    [
      'its namespace without its labels',
      pod('traefik/other-1', '10.10.1.90', 1),
      'home/traefik/other-1',
      undefined,
    ],
  ] as const)('%s', (_name, fact, id, is) => {
    expect(at({ cluster: 'home', pod: id }, [fact])).toBe(is);
  });

  test('an ingress that tells no labels is nobody\u2019s', () => {
    expect(at({ cluster: 'home', pod: 'home/traefik/traefik-1' }, [ingress({}, { podLabels: {} })])).toBe(
      undefined,
    );
  });
});

describe('the listener of a port', () => {
  const plainUdp = {
    name: 'dns',
    port: 8053,
    protocol: 'udp',
    tls: false,
    forwardedHeaders: { from: [], everyone: false },
    middlewares: [],
  } as const;
  const listeners = [...ingress().value.listeners, plainUdp];
  const all = { ...ingress().value, listeners };
  test.each([
    [8443, 'tcp', 'websecure'],
    [8443, 'udp', 'websecure'],
    [8000, 'tcp', 'web'],
    [8000, 'udp', undefined],
    [8053, 'udp', 'dns'],
    [8053, 'tcp', undefined],
    [9999, 'tcp', undefined],
  ] as const)('%d/%s: %s', (port, protocol, is) => {
    expect(listenerAt(all, port, protocol)?.name).toBe(is);
  });

  test('UDP that is no HTTP/3 needs no HTTP/3 frames', () => {
    const ports = [...traefikPorts, { name: 'dns', port: 53, protocol: 'udp', targetPort: 8053 } as const];
    const add = [
      stated('ingress', all),
      traefik({ ports }),
      slice('traefik/traefik', [['10.10.1.5', 1]], [{ name: 'dns', port: 8053, protocol: 'udp' }]),
      stated('podNetwork', { cluster: 'home', program: 'calico', encapsulation: 'none', mtu: 1300 }),
    ];
    const [trace] = tracesOf({ add }, { from: 'near', to: { ip: vip }, port: 53, protocol: 'udp' });
    expect(trace).toMatchObject({ disposition: 'delivered', reached: { port: 8053 } });
  });
});

describe('what ends a request', () => {
  const http = { ...near, host: immich };
  const cases: readonly {
    name: string;
    add: readonly Fact[];
    gaps?: readonly Gap[];
    ends: string;
    open?: readonly string[];
    verdicts?: readonly string[];
  }[] = [
    { name: 'nothing', add: [], ends: 'delivered' },
    {
      name: 'an allow-list without the client',
      add: [allow('deny', '192.0.2.0/24'), guarded('traefik/deny')],
      ends: 'denied',
      verdicts: ['traefik/deny refuse'],
    },
    {
      name: 'the second of two',
      add: [allow('a', '10.0.0.0/8'), allow('deny', '192.0.2.0/24'), guarded('traefik/a', 'traefik/deny')],
      ends: 'denied',
      verdicts: ['traefik/a pass', 'traefik/deny refuse'],
    },
    {
      name: 'a middleware that is not there',
      add: [guarded('traefik/gone')],
      ends: 'unknown',
      open: ['middleware/home/traefik/gone'],
    },
    {
      name: 'one that is not there, behind one that refuses',
      add: [allow('deny', '192.0.2.0/24'), guarded('traefik/deny', 'traefik/gone')],
      ends: 'denied',
      open: ['middleware/home/traefik/gone'],
    },
    {
      name: 'middlewares that were not all read',
      add: [],
      gaps: [lost('middleware', 'cluster/home')],
      ends: 'unknown',
      open: ['lost/middleware'],
    },
    {
      name: 'a backend without endpoints',
      add: [route('immich', 'immich.example.org', { backend: { service: 'apps/none', port: 80 } })],
      ends: 'no-endpoint',
    },
    {
      name: 'a backend elsewhere',
      add: [service('apps/immich', { type: 'ExternalName', ports: [] })],
      ends: 'delivered',
    },
  ];
  test.each(cases)('$name', ({ add, gaps = [], ends, open = [], verdicts: of }) => {
    const [trace] = tracesOf({ add: [...localTraefik('10.0.20.200'), ...add], gaps }, http);
    expect([trace?.disposition, gapIds(trace ?? { gaps: [] })]).toEqual([ends, open]);
    if (of) expect(verdicts(trace?.identities ?? []).filter((v) => v.startsWith('traefik/'))).toEqual(of);
  });

  test('a refusal is not undone by frames that do not pass', () => {
    const add = [
      allow('deny', '192.0.2.0/24'),
      guarded('traefik/deny'),
      stated('podNetwork', { cluster: 'home', program: 'calico', encapsulation: 'none', mtu: 1300 }),
    ];
    const [trace] = tracesOf({ add }, { ...http, protocol: 'udp' });
    expect(trace?.disposition).toBe('denied');
  });
});

describe('listeners without routes', () => {
  test('one that redirects is one of the ingress: HTTP/3 is told there too', () => {
    const add = [ingress({ redirectsTo: 'elsewhere' })];
    const [trace] = tracesOf({ add }, { from: 'near', to: { ip: vip } });
    expect(trace).toMatchObject({ disposition: 'delivered', quic: { isOffered: true, completes: 'yes' } });
  });

  const elsewhere = [
    traefik({ ports: [{ name: 'odd', port: 443, protocol: 'tcp', targetPort: 9443 }] }),
    slice('traefik/traefik', [['10.10.1.5', 1]], [{ name: 'odd', port: 9443, protocol: 'tcp' }]),
  ];
  test.each([
    ['no entry point on the port', [], 'no-listener', []],
    [
      'none that is known, where entry points were not all read',
      [lost('ingress', 'cluster/home')],
      'unknown',
      ['lost/ingress'],
    ],
  ] as const)('%s', (_name, gaps, ends, open) => {
    const [trace] = tracesOf({ add: elsewhere, gaps }, { from: 'near', to: { ip: vip } });
    expect([trace?.disposition, gapIds(trace ?? { gaps: [] })]).toEqual([ends, open]);
  });
});

describe('a socket that is no ingress', () => {
  const nobodys = slice('dbaas/postgresql-lb', [['10.10.2.9', 2]], [{ port: 5432, protocol: 'tcp' }]);
  const { endpoints } = nobodys.value;
  const withoutPod = stated('endpointSlice', {
    ...nobodys.value,
    endpoints: endpoints.map(({ pod: _, ...e }) => e),
  });
  const database = { from: 'near', to: { ip: vip }, port: 5432 } as const;
  const cases: readonly [string, readonly Fact[], readonly Gap[], string, readonly string[]][] = [
    ['is what it is', [], [], 'delivered', []],
    [
      'may be one where ingresses were not all read',
      [],
      [lost('ingress', 'cluster/home')],
      'unknown',
      ['lost/ingress'],
    ],
    ['and so may a pod that was not read', [], [lost('pod', 'cluster/home')], 'unknown', ['lost/pod']],
    ['but an endpoint without a pod is none', [withoutPod], [lost('pod', 'cluster/home')], 'delivered', []],
  ];
  test.each(cases)('%s', (_name, add, gaps, ends, open) => {
    const without = gaps.some((g) => g.kinds.includes('pod'))
      ? (['pod:home/dbaas/postgresql-lb-2'] as const)
      : [];
    const [trace] = tracesOf({ add, gaps, without }, database);
    expect([trace?.disposition, gapIds(trace ?? { gaps: [] })]).toEqual([ends, open]);
  });

  test('outside of every cluster there are no ingresses that could be hidden', () => {
    const [trace] = tracesOf(
      { gaps: [lost('ingress')] },
      { from: 'near', to: { ip: ip('10.0.20.1') }, port: 22 },
    );
    expect([trace?.disposition, gapIds(trace ?? { gaps: [] })]).toEqual([
      'delivered',
      ['firewall/pfsense/tcp/22'],
    ]);
  });
});

describe('a backend', () => {
  const of = (name: string, port: number | string, gaps: readonly Gap[] = []) => {
    const found = backendOf(homeReader({ gaps }), 'home', name, port);
    return [found.endpoints.map((e) => `${e.ip}:${e.port}`), found.gap?.id];
  };
  test.each([
    ['by number', 'apps/immich', 80, [], ['10.10.3.7:2283'], undefined],
    ['by name', 'apps/immich', 'http', [], ['10.10.3.7:2283'], undefined],
    ['that is not there', 'apps/none', 80, [], [], undefined],
    [
      'that is not there, and Services were not all read',
      'apps/none',
      80,
      [lost('service', 'cluster/home')],
      [],
      'lost/service',
    ],
    [
      'whose endpoints were not all read',
      'apps/immich',
      80,
      [lost('endpointSlice', 'cluster/home')],
      ['10.10.3.7:2283'],
      'lost/endpointSlice',
    ],
  ] as const)('%s', (_name, service_, port, gaps, endpoints, gap) => {
    expect(of(service_, port, gaps)).toEqual([endpoints, gap]);
  });

  test('that is not known leaves the request open', () => {
    const at = ingress();
    const [, secure] = at.value.listeners;
    if (!secure) throw new Error('there are two listeners');
    const reader = homeReader({ gaps: [lost('endpointSlice', 'cluster/home')] });
    const found = behindListener(reader, at, secure, { host: immich, path: '/' });
    expect([found.disposition, gapIds(found)]).toEqual(['unknown', ['lost/endpointSlice']]);
  });
});

describe('kept parts', () => {
  test('what stands behind a listener hangs on the ingress itself', () => {
    const reads: string[] = [];
    const below = homeReader();
    const reader = recordingReader(
      below,
      () => {},
      (_key, compute) => compute(recordingReader(below, (key) => reads.push(key))),
    );
    const path = pathOf({}, { vantage: 'near', to: vip });
    if (!hasArrived(path)) throw new Error('it arrives');
    const at = ingressAt(below, path.reached);
    walkIngress(reader, path, { path: '/', headers: {}, forged: {}, protocol: 'tcp' }, at);
    expect(reads).toContain('ingress:home/traefik/traefik');
  });
});
