/* sightline.yaml: facts, places of mistakes, and the published schema. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { contextOf, discover, memoryFile, valuesOf } from '#test/memory-files.ts';
import { nearest } from './decode.ts';
import { settingsSource } from './index.ts';
import { jsonSchema } from './schema.ts';

const read = (text: string) => discover(settingsSource, { 'sightline.yaml': text });

describe('facts', () => {
  it('joins a resolver with what its system says about itself', async () => {
    const { facts } = await read(`format: 1
vantagePoints:
  - { id: lan, kind: lan, clients: [192.168.1.20], gateway: firewall/pfsense, resolver: ub }
resolvers:
  - { id: ub, kind: unbound, firewall: firewall/pfsense, forwardsTo: tech }
  - { id: tech, kind: technitium, serves: [dns/technitium], address: 10.0.20.201 }
  - { id: core, kind: coredns, cluster: home, forwardsTo: ub }
`);
    expect(valuesOf(facts, 'resolver')).toEqual([
      { id: 'unbound/pfsense', program: 'unbound', serves: [], forwardsTo: 'dns/technitium' },
      { id: 'dns/technitium', program: 'technitium', serves: ['dns/technitium'], address: '10.0.20.201' },
      { id: 'coredns/home', program: 'coredns', serves: ['cluster/home'], forwardsTo: 'unbound/pfsense' },
    ]);
    expect(valuesOf(facts, 'vantagePoint')[0]).toMatchObject({
      gateway: 'pfsense',
      resolver: 'unbound/pfsense',
    });
    expect(facts[0]?.evidence).toEqual({ file: 'sightline.yaml', line: 3, object: 'vantagePoints[0]' });
  });

  it('names the only cluster for nodes, pods and Services', async () => {
    const file = memoryFile(
      'sightline.yaml',
      'format: 1\nvantagePoints: [{ id: n, kind: node, node: a }]\nprotected: { endpoints: [{ name: e, service: a/b, port: 1 }] }\n',
    );
    const context = { ...contextOf([file]), systems: ['cluster/home'] };
    const { facts } = await settingsSource.discover([file], context);
    expect(valuesOf(facts, 'vantagePoint')[0]?.cluster).toBe('home');
    expect(valuesOf(facts, 'protectedEndpoint')[0]?.cluster).toBe('home');
  });

  it('reads a bridge as a hop that shows its own address', async () => {
    const { facts } = await read(`format: 1
exposure: { publicAddresses: [{ address: "2001:db8::443", bridge: b }] }
bridges:
  - { id: b, address: "2001:db8::443", connectsFrom: 10.0.20.10, forwards: [{ protocol: tcp, port: 443, to: 10.0.20.200 }] }
`);
    expect(valuesOf(facts, 'publicAddress')).toEqual([{ ip: '2001:db8::443', through: ['b'] }]);
    expect(valuesOf(facts, 'unmanagedHop')[0]).toMatchObject({
      clientAddress: 'own',
      ip: '10.0.20.10',
      forwards: [{ protocol: 'tcp', port: 443, to: '10.0.20.200' }],
    });
  });

  it('takes a cron schedule for one that nobody has to start', async () => {
    const { facts } = await read(
      'format: 1\nrepositories: [{ id: r, kind: cronjob, applies: "*/15 * * * *" }]\n',
    );
    expect(valuesOf(facts, 'repository')[0]).toMatchObject({ applies: 'on-schedule', type: 'unknown' });
  });
});

describe('mistakes', () => {
  const cases: readonly { name: string; text: string; what: string; kept?: number }[] = [
    {
      name: 'a key that is close',
      text: 'format: 1\nvantagePoint: []\n',
      what: 'sightline.yaml:2:1: vantagePoint: no such key; did you mean vantagePoints?',
    },
    {
      name: 'a key in an entry',
      text: 'format: 1\nvantagePoints:\n  - id: a\n    kind: lan\n    clint: [10.0.0.1]\n',
      what: 'sightline.yaml:5:5: vantagePoints[0].clint: no such key; did you mean clients?',
    },
    {
      name: 'an address',
      text: 'format: 1\nvantagePoints:\n  - { id: a, kind: lan, clients: [10.0.0.999] }\n  - { id: b, kind: lan }\n',
      what: 'sightline.yaml:3:35: vantagePoints[0].clients[0]: expected an IP address',
      kept: 1,
    },
    {
      name: 'a word',
      text: 'format: 1\nvantagePoints: [{ id: a, kind: home }]\n',
      what: 'sightline.yaml:2:26: vantagePoints[0].kind: expected one of internet, lan, vpn, node, pod, tunnel-edge',
    },
    { name: 'no format', text: 'vantagePoints: []\n', what: 'sightline.yaml:1:1: expected format: 1' },
    {
      name: 'a list that is none',
      text: 'format: 1\nvantagePoints: {}\n',
      what: 'sightline.yaml:2:1: vantagePoints: expected a list',
    },
    {
      name: 'a secret in place of a reference',
      text: 'format: 1\nsystems: [{ id: a, credential: hunter2 }]\n',
      what: 'sightline.yaml:2:20: systems[0].credential: expected a reference: env:NAME, file:PATH, cmd:COMMAND or kubeconfig:CONTEXT, never the secret',
    },
  ];
  it.each(cases)('$name', async ({ text, what, kept }) => {
    const { facts, gaps } = await read(text);
    expect(gaps.map((g) => g.what)).toContain(what);
    if (kept !== undefined) expect(facts).toHaveLength(kept);
  });

  it('say where YAML breaks, and that aliases are bounded', async () => {
    const broken = await read('format: 1\nvantagePoints: [\n');
    expect(broken.gaps[0]?.what).toMatch(/^sightline\.yaml:\d+:\d+: /);
    const rows = Array.from(
      { length: 20 },
      (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`,
    );
    const bomb = await read(`format: 1\na0: &a0 x\n${rows.join('\n')}\n`);
    expect(bomb.gaps.some((g) => g.what.includes('aliases'))).toBe(true);
  });

  it('suggest only what is near', () => {
    expect(nearest('monitor', ['monitors', 'names'])).toBe('monitors');
    expect(nearest('xyz', ['monitors', 'names'])).toBeUndefined();
  });
});

describe('the published schema', () => {
  it('is the one that is checked', async () => {
    const published: unknown = JSON.parse(await readFile('docs/sightline.schema.json', 'utf8'));
    expect(published).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });
});
