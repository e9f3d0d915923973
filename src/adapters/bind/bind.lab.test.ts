/* Dynamic updates against a real BIND 9 with two views: there and back, conflicts, keys, and every failure of the wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actuator } from '#apply/actuator.ts';
import { type DnsFault, type DnsProxy, startDnsProxy } from '#lab/stand-ins/dns-proxy.ts';
import { type NamedStandIn, startNamed } from '#lab/stand-ins/named.ts';
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import { back, go, MemoryJournal, runWorld } from '#test/actuators/run.ts';
import { planOf } from '#test/actuators/world.ts';
import { bindActuator } from './index.ts';

let named: NamedStandIn;
let proxy: DnsProxy;
let actuator: Actuator;
const zone = [
  '@ 300 IN A 10.0.20.200',
  'vpn IN A 10.0.20.200',
  'many 60 IN A 192.0.2.1',
  'many 60 IN A 192.0.2.2',
  'www IN CNAME @',
  'six IN AAAA 2001:db8::1',
];
beforeAll(async () => {
  const started = await startNamed([
    { name: 'inside', zones: { 'example.org': zone } },
    { name: 'outside', zones: { 'example.org': ['@ 300 IN A 203.0.113.10'] } },
  ]);
  if (started.kind === 'missing') throw new Error(started.message);
  named = started;
  proxy = await startDnsProxy(named);
  actuator = actuatorOf({});
});
afterAll(async () => {
  await proxy.stop();
  await named.stop();
});

function actuatorOf(change: Partial<Parameters<typeof bindActuator>[0]>): Actuator {
  const keys = Object.fromEntries(
    Object.entries(named.keys).map(([view, key]) => {
      process.env[`TEST_TSIG_${view}`] = key.secret;
      return [view, { name: key.name, credential: `env:TEST_TSIG_${view}` }];
    }),
  );
  return bindActuator({
    system: 'dns/bind',
    address: '127.0.0.1',
    port: proxy.port,
    keys,
    timeoutMs: 10_000,
    others: [{ address: '127.0.0.1', port: named.port }],
    ...change,
  });
}

const set = (
  name: string,
  type: string,
  before: unknown,
  after: unknown,
  view = 'inside',
): PlannedChange => ({
  id: `${view}-${name}-${type}`,
  title: name,
  change: {
    kind: 'set',
    settings: [{ of: 'recordSet', id: `dns/bind|${view}|example.org|${name}|${type}`, before, after }],
  } as unknown as PlannedChange['change'],
  through: { by: 'api', system: 'dns/bind' },
  because: { says: '', serves: '', evidence: [] },
});
const undo = (c: PlannedChange): PlannedChange => ({ ...c, change: inverseOf(c.change) });
const apex = set('example.org', 'A', { values: ['10.0.20.200'] }, { values: ['10.0.20.203'] });

describe('an update', () => {
  it.each<[string, PlannedChange]>([
    ['of a value', apex],
    [
      'of a value in the other view',
      set('example.org', 'A', { values: ['203.0.113.10'] }, { values: ['203.0.113.11'] }, 'outside'),
    ],
    ['of a TTL', set('example.org', 'A', { ttlSeconds: 300 }, { ttlSeconds: 60 })],
    [
      'of several values',
      set(
        'many.example.org',
        'A',
        { values: ['192.0.2.1', '192.0.2.2'] },
        { values: ['192.0.2.3'], ttlSeconds: 30 },
      ),
    ],
    [
      'of an alias',
      set('www.example.org', 'CNAME', { values: ['example.org'] }, { values: ['vpn.example.org'] }),
    ],
    [
      'of an IPv6 address',
      set('six.example.org', 'AAAA', { values: ['2001:db8::1'] }, { values: ['2001:db8::2:3'] }),
    ],
    ['that makes a name', set('new.example.org', 'A', null, { values: ['10.0.20.203'], ttlSeconds: 120 })],
  ])('%s goes there and back', async (name, change) => {
    expect(await actuator.preflight(change)).toEqual([]);
    expect(await actuator.observe(change)).toEqual({ kind: 'before' });
    expect(await actuator.write(change)).toEqual({ kind: 'written' });
    expect(await actuator.observe(change)).toEqual({ kind: 'after' });
    const isSeveral = name === 'of several values';
    const way = isSeveral
      ? set(
          'many.example.org',
          'A',
          { values: ['192.0.2.3'], ttlSeconds: 30 },
          { values: ['192.0.2.1', '192.0.2.2'], ttlSeconds: 60 },
        )
      : undo(change);
    expect(await actuator.write(way)).toEqual({ kind: 'written' });
    expect(await actuator.observe(change)).toEqual({ kind: 'before' });
  });

  it('is refused by the server itself when somebody else wrote between our look and our update', async () => {
    const theirs = actuatorOf({ port: named.port });
    const edit = set('example.org', 'A', { values: ['10.0.20.200'] }, { values: ['10.0.20.99'] });
    proxy.setFault(async (isUpdate) => {
      if (isUpdate) expect(await theirs.write(edit)).toEqual({ kind: 'written' });
      return undefined;
    });
    expect(await actuator.write(apex)).toMatchObject({
      kind: 'conflict',
      says: expect.stringMatching(/NXRRSET/),
    });
    proxy.setFault(undefined);
    expect(await actuator.observe(apex)).toMatchObject({
      kind: 'other',
      says: expect.stringMatching(/10\.0\.20\.99/),
    });
    expect(await actuator.write(apex)).toMatchObject({ kind: 'conflict' });
    expect(await theirs.write(undo(edit))).toEqual({ kind: 'written' });
  });

  it('that makes a name is refused when somebody else made it', async () => {
    const made = set('made.example.org', 'A', null, { values: ['10.0.20.203'], ttlSeconds: 60 });
    const edit = set('made.example.org', 'A', null, { values: ['10.0.20.99'], ttlSeconds: 60 });
    const theirs = actuatorOf({ port: named.port });
    proxy.setFault(async (isUpdate) => {
      if (isUpdate) await theirs.write(edit);
      return undefined;
    });
    expect(await actuator.write(made)).toMatchObject({
      kind: 'conflict',
      says: expect.stringMatching(/YXRRSET/),
    });
    proxy.setFault(undefined);
    await theirs.write(undo(edit));
  });
});

describe('keys', () => {
  it.each([
    [
      'a wrong secret',
      { name: 'key-inside', credential: 'cmd:printf RkFLRS13cm9uZy1rZXk=' },
      /BADSIG|BADKEY/,
    ],
    [
      'an unknown key',
      { name: 'nobody', credential: 'cmd:printf RkFLRS13cm9uZy1rZXk=' },
      /BADKEY|not know|not signed/,
    ],
    [
      'no secret',
      { name: 'key-inside', credential: 'env:SURELY_NOT_SET' },
      /SURELY_NOT_SET is not to be had/,
    ],
  ])('preflight tells of %s', async (_, key, says) => {
    const problems = (await actuatorOf({ keys: { inside: key } }).preflight(apex)).join();
    expect(problems).toMatch(says);
    expect(problems).not.toMatch(/RkFLRS|FAKE/);
  });

  it('preflight tells of a key that may not update, and of a view that is not configured', async () => {
    const [inside] = Object.values(named.keys);
    process.env.TEST_TSIG_other = inside?.secret;
    const other = set('example.com', 'A', { values: ['10.0.20.200'] }, { values: ['10.0.20.203'] });
    const elsewhere = JSON.parse(
      JSON.stringify(other).replaceAll('|example.org|', '|example.com|'),
    ) as PlannedChange;
    expect((await actuator.preflight(elsewhere)).join()).toMatch(/NOTAUTH|REFUSED/);
    expect((await actuator.preflight(set('example.org', 'A', null, null, 'nowhere'))).join()).toMatch(
      /no server is configured for view/,
    );
  });
});

const faults: readonly (readonly [string, DnsFault])[] = [
  ...(['reset', 'silent', 'half', 'garbage'] as const).flatMap((kind) => [
    [`${kind} before`, { kind, takesEffect: false }] as const,
    [`${kind} after`, { kind, takesEffect: true }] as const,
  ]),
  ['SERVFAIL', { kind: 'rcode', rcode: 2 }],
  ['REFUSED', { kind: 'rcode', rcode: 5 }],
  ['NOTAUTH', { kind: 'rcode', rcode: 9 }],
];
const rows = (['query', 'update'] as const).flatMap((which) =>
  faults.map(([name, fault]) => ({ which, name, fault })),
);

describe('a run', () => {
  it('that meets nobody at the address pauses, and goes on when the server answers again', async () => {
    const gone = await startDnsProxy(named);
    await gone.stop();
    const journal = new MemoryJournal();
    const first = await go(planOf([apex]), runWorld([actuatorOf({ port: gone.port })], journal));
    expect(first).toMatchObject({ kind: 'paused', because: expect.stringMatching(/refused/) });
    expect((await go(planOf([apex]), runWorld([actuator], journal))).kind).toBe('done');
    expect((await back(planOf([apex]), runWorld([actuator], journal))).kind).toBe('rolled-back');
    expect(await actuator.observe(apex)).toEqual({ kind: 'before' });
  });

  it.each(rows)('$which: $name', async ({ which, fault }) => {
    for (const times of [1, 1000]) {
      let left = times;
      proxy.setFault((isUpdate) => (isUpdate === (which === 'update') && left-- > 0 ? fault : undefined));
      const journal = new MemoryJournal();
      const isSilent = fault.kind === 'silent';
      const run = runWorld([actuatorOf({ timeoutMs: isSilent ? 200 : 10_000 })], journal);
      const calm = runWorld([actuator], journal);
      const first = await go(planOf([apex]), run);
      expect(['done', 'paused']).toContain(first.kind);
      proxy.setFault(undefined);
      expect((await go(planOf([apex]), calm)).kind).toBe('done');
      expect(await actuator.observe(apex)).toEqual({ kind: 'after' });
      expect((await back(planOf([apex]), calm)).kind).toBe('rolled-back');
      expect(await actuator.observe(apex)).toEqual({ kind: 'before' });
      for (const key of Object.values(named.keys)) expect(journal.text).not.toContain(key.secret);
    }
  });
});
