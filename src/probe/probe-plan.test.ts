/* Which probes a plan asks for, from where, within which bounds; and what the model says of them in a small house. */
import { describe, expect, it } from 'vitest';
import { flowsOf } from '#dataplane/flows.ts';

import { makeEstate, readerOf } from '#estate/estate.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { of, smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import { predict } from './predict.ts';
import { commandFor, mostOf, type ProbeScope, probePlan } from './probe-plan.ts';
import { type Probe, runProbes } from './prober.ts';

const house = smallHouse({});
const start = readerOf(house);
const old = ip('10.0.20.200');
const name = dnsName('app.example.org');
const scope = (more: Partial<ProbeScope> = {}): ProbeScope => ({
  flows: flowsOf(start),
  addresses: [old],
  names: [name],
  ...more,
});
const { probes } = probePlan(scope(), start);

describe('probePlan', () => {
  it('asks every protocol at every address of the plan, and nowhere else', () => {
    const kinds = new Set(
      probes.map(({ attempt: a }) =>
        a.kind === 'http' ? `http${a.version}${a.isPlain ? ' plain' : ''}` : a.kind,
      ),
    );
    expect([...kinds]).toEqual(
      expect.arrayContaining(['tcp', 'tls', 'http1 plain', 'http1', 'http2', 'http3', 'postgres']),
    );
    const allowed = new Set<string>([
      old,
      ...start.all('publicAddress').map((p) => p.value.ip),
      ...start.all('resolver').flatMap((r) => r.value.address ?? []),
    ]);
    const vips = new Set(start.all('service').flatMap((s) => s.value.vips.map((v) => v.ip as string)));
    expect(probes.length).toBeGreaterThan(10);
    expect(probes.filter((p) => !allowed.has(p.attempt.ip) && !vips.has(p.attempt.ip))).toEqual([]);
  });

  it('has unique ids, and a command for each', () => {
    expect(new Set(probes.map((p) => p.id)).size).toBe(probes.length);
    for (const probe of probes) expect(commandFor(probe)).toMatch(/^(dig|nc|openssl|curl|pg_isready) /);
  });

  it('keeps to its bounds, and says what it left out', () => {
    const names = Array.from({ length: 500 }, (_, i) => dnsName(`a${i}.example.org`));
    const many = probePlan(scope({ names }), start);
    const points = start.all('vantagePoint').length;
    expect(
      many.probes.filter(({ attempt: a }) => a.kind === 'http' && a.version === 3).length,
    ).toBeLessThanOrEqual(mostOf.http3 * points);
    expect(many.leftOut.join()).toMatch(/\d+ http3 probes from/);
  });

  it('says that an endpoint that answers nobody cannot be probed', () => {
    const [from] = start.all('vantagePoint');
    const flow = {
      from: from?.value.id ?? '',
      family: 4 as const,
      to: { ip: old },
      port: 51_820,
      protocol: 'udp' as const,
    };
    expect(probePlan(scope({ flows: [flow] }), start).leftOut).toEqual([
      '10.0.20.200:51820/udp, which answers its own clients alone',
    ]);
  });

  it('a house without vantage points has nothing to probe from', () => {
    const empty = readerOf(makeEstate([of('publicAddress', { ip: ip('203.0.113.1'), through: [] })]));
    expect(probePlan(scope(), empty).probes).toEqual([]);
  });
});

const logged = (client: string) => ({ consumer: 'access-log', is: 'client', client, says: '', because: [] });
const hidden = { consumer: 'x-forwarded-for', is: 'unknown', gap: { what: 'headers are not modelled' } };

describe('predict', () => {
  const inside = (test: (p: Probe) => boolean) => {
    const found = probes.find((p) => p.from === 'lan' && p.attempt.ip === old && test(p));
    if (found === undefined) throw new Error('no such probe');
    return predict(found, start, smallWorld.walk);
  };

  it.each<[string, (p: Probe) => boolean]>([
    ['a connection', (p) => p.attempt.kind === 'tcp' && p.attempt.port === 443],
    ['HTTP/2', (p) => p.attempt.kind === 'http' && p.attempt.version === 2],
    ['the database', (p) => p.attempt.kind === 'postgres'],
  ])('%s works today', (_, test) => expect(inside(test)).toMatchObject({ outcome: 'works' }));

  it('nothing answers on a port that no Service has', () => {
    expect(inside((p) => p.attempt.kind === 'http' && p.attempt.isPlain)).toMatchObject({ outcome: 'fails' });
  });

  it.each<[string, object, object]>([
    [
      'what the ingress turns away it logs too',
      { disposition: 'denied', reached: { ip: '10.10.1.4' }, identities: [logged('192.168.1.20')], gaps: [] },
      { outcome: 'refused', seenAs: ['192.168.1.20'] },
    ],
    [
      'what never reaches it is not logged',
      { disposition: 'denied', identities: [], gaps: [] },
      { outcome: 'fails' },
    ],
    [
      'a gap that hides the client is named',
      { disposition: 'delivered', reached: { ip: '10.10.1.4' }, identities: [hidden], gaps: [] },
      { outcome: 'works', seenAsGap: 'headers are not modelled' },
    ],
  ])('%s', (_, trace, prediction) => {
    const asked = probes.find((p) => p.attempt.kind === 'http' && p.attempt.version === 2);
    if (asked === undefined) throw new Error('no such probe');
    const { says, ...found } = predict(asked, start, () => ({ traces: [trace] }) as never);
    expect(found).toEqual(prediction);
  });

  it('nothing answers at an address that nobody has', () => {
    const free: Probe = {
      id: 'x',
      from: 'lan',
      why: 'moved',
      attempt: { kind: 'tcp', ip: ip('10.0.20.209'), port: 443 },
    };
    expect(predict(free, start, smallWorld.walk).outcome).toBe('fails');
  });
});

describe('runProbes', () => {
  const limits = { timeoutMs: () => 5, parallel: 3, isOver: () => false };

  it('tries only what can be tried, a few at a time', async () => {
    let now = 0;
    let most = 0;
    const prober = {
      can: ({ kind }: Probe['attempt']) => kind === 'tcp',
      attempt: async () => {
        now += 1;
        most = Math.max(most, now);
        await Promise.resolve();
        now -= 1;
        return { outcome: 'works' as const, says: '', ms: 0 };
      },
    };
    const found = await runProbes(probes, { at: (v) => (v === 'lan' ? prober : undefined) }, limits);
    expect([...found.keys()].sort()).toEqual(
      probes
        .filter((p) => p.from === 'lan' && p.attempt.kind === 'tcp')
        .map((p) => p.id)
        .sort(),
    );
    expect(most).toBeLessThanOrEqual(3);
  });

  it('a prober that throws, and time that is up, are no observations', async () => {
    const broken = { can: () => true, attempt: async () => Promise.reject(new Error('lost')) };
    const one = probes.slice(0, 1);
    expect([...(await runProbes(one, { at: () => broken }, limits)).values()][0]?.notTried).toMatch(/lost/);
    expect(
      [...(await runProbes(one, { at: () => broken }, { ...limits, isOver: () => true })).values()][0]
        ?.notTried,
    ).toMatch(/time was up/);
  });
});
