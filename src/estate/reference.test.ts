/* Who points at an address: by class, by alias, by port, and what becomes of it. */
import { describe, expect, test } from 'vitest';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { makeEstate, readerOf } from './estate.ts';
import { fact } from './fact.ts';
import type { Kinds } from './kinds.ts';
import { referencesTo } from './reference.ts';
import { addressesIn } from './reference-places.ts';

const at = { file: 'x' };
const service = (name: string, port: number): Kinds['service'] => ({
  cluster: 'home',
  namespace: 'apps',
  name,
  type: 'LoadBalancer',
  labels: {},
  annotations: {},
  ports: [{ port, protocol: 'tcp', targetPort: port }],
  clusterIps: [],
  externalIps: [],
  externalPolicy: 'cluster',
  internalPolicy: 'cluster',
  ipFamilies: [4],
  ipFamilyPolicy: 'SingleStack',
  sourceRanges: [],
  allocateNodePorts: true,
  vips: [{ ip: ip('10.0.20.200'), ipMode: 'VIP' }],
});
const any = { kind: 'any' } as const;
const forward = (position: number, port: number, target: string): Kinds['portForward'] => ({
  firewall: 'fw',
  position,
  interface: 'wan',
  isEnabled: true,
  isException: false,
  target,
  match: {
    family: 4,
    protocol: 'tcp',
    source: any,
    sourcePort: any,
    destination: any,
    destinationPort: { kind: 'range', range: { first: port, last: port } },
  },
  reflection: 'default',
  associatedRule: '',
  descr: '',
});
const reader = readerOf(
  makeEstate([
    fact('service', service('web', 443), at),
    fact('service', service('db', 5432), at),
    fact('alias', { firewall: 'fw', name: 'lb', type: 'host', entries: ['10.0.20.200'], descr: '' }, at),
    fact('portForward', forward(0, 443, 'lb'), at),
    fact('portForward', forward(1, 5432, '10.0.20.200'), at),
    fact('portForward', forward(2, 8080, '10.0.20.200'), at),
    fact('portForward', forward(3, 443, '10.0.20.20'), at),
    fact(
      'recordSet',
      {
        server: 'dns/a',
        zone: dnsName('example.org'),
        name: dnsName('example.org'),
        type: 'A',
        ttlSeconds: 60,
        values: ['10.0.20.200'],
      },
      at,
    ),
    fact(
      'tunnelRule',
      { tunnel: 't', position: 0, service: 'https://10.0.20.200:443', noTlsVerify: false },
      at,
    ),
    fact(
      'tunnelRule',
      { tunnel: 't', position: 1, service: 'https://web.apps.svc.cluster.local', noTlsVerify: false },
      at,
    ),
    fact(
      'mention',
      {
        system: 'source/docs',
        file: 'net.md',
        line: 3,
        start: 1,
        end: 2,
        text: 'LB is 10.0.20.200',
        syntax: 'markdown',
        ip: ip('10.0.20.200'),
      },
      at,
    ),
  ]),
);
const webLeaves = referencesTo(reader, { kind: 'ip', ip: ip('10.0.20.200') }, { leaving: ['home/apps/web'] });
const state = (factKey: string, field?: string) =>
  webLeaves.find((r) => r.fact === factKey && (field === undefined || r.field === field))?.state;

describe('referencesTo an address', () => {
  test('a forward through an alias to the leaving port would break', () => {
    expect(webLeaves.find((r) => r.fact === 'portForward:fw/00000')).toMatchObject({
      via: 'lb',
      state: 'would-break',
    });
  });
  test('a forward to a port of the Service that stays is unaffected', () => {
    expect(state('portForward:fw/00001')).toBe('unaffected');
  });
  test('a forward to a port that nobody serves is already broken', () => {
    expect(state('portForward:fw/00002')).toBe('already-broken');
  });
  test('10.0.20.20 is not 10.0.20.200', () => {
    expect(state('portForward:fw/00003')).toBeUndefined();
  });
  test('classes in order, prose last', () => {
    expect(webLeaves.map((r) => r.class)).toEqual(
      [...webLeaves.map((r) => r.class)].sort(
        (a, b) =>
          ['producer', 'consumer', 'assertion', 'prose'].indexOf(a) -
          ['producer', 'consumer', 'assertion', 'prose'].indexOf(b),
      ),
    );
    expect(webLeaves.at(-1)?.class).toBe('prose');
  });
  test('without a leaving list everything served breaks', () => {
    const all = referencesTo(reader, { kind: 'ip', ip: ip('10.0.20.200') });
    expect(all.find((r) => r.fact === 'portForward:fw/00001')?.state).toBe('would-break');
  });
});

test('a Service is found by its cluster name', () => {
  const found = referencesTo(reader, { kind: 'service', service: 'home/apps/web' });
  expect(found.map((r) => r.fact)).toEqual(['service:home/apps/web', 'tunnelRule:t/00001']);
});

test('a name is found whole', () => {
  const found = referencesTo(reader, { kind: 'name', name: dnsName('example.org') });
  expect(found.map((r) => r.fact)).toEqual([expect.stringContaining('recordSet:')]);
});

test('addresses in a text', () => {
  expect(addressesIn('a 10.0.20.200:443, [2001:db8::1] and 10.0.0.1')).toEqual([
    '10.0.20.200',
    '2001:db8::1',
    '10.0.0.1',
  ]);
});
