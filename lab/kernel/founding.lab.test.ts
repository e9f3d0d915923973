/*
 * The founding design's observation on a real kernel: under Cluster every pod sees the announcing node, over HTTP/1.1,
 * 2 and 3 alike; under Local the client; and an announcer without a pod is silent.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Attempt, AttemptTarget } from '../traffic/attempt.ts';
import { forgetFlows, listFlows } from './conntrack.ts';
import {
  announceFrom,
  client,
  client6,
  type Founding,
  setPolicy,
  startFounding,
  tryMany,
  vip,
  vip6,
  wan,
} from './founding.fixture.ts';
import type { Lab } from './lab.ts';

let founding: Founding;
let lab: Lab;
let fromWan: Omit<AttemptTarget, 'protocol'>;
let overIpv6: typeof fromWan;

beforeAll(async () => {
  founding = await startFounding();
  lab = founding.lab;
  const secure = { serverName: 'immich.example.org', ca: founding.authority.cert, timeoutMs: 20_000 };
  fromWan = { ...secure, address: wan, port: 443 };
  overIpv6 = { ...secure, address: vip6, port: 443 };
});

afterAll(() => lab?.down());

describe('Cluster, announced by node 3, which has no pod', () => {
  beforeEach(async () => {
    await setPolicy(lab, 'cluster');
    await announceFrom(founding, 3);
  });

  test('every pod sees the announcing node over every protocol', async () => {
    const attempts = await tryMany(founding, fromWan, 10);
    expect(attempts.map((one) => one.cause)).toEqual(attempts.map(() => undefined));
    expect(new Set(attempts.map((one) => one.client))).toEqual(new Set(['10.0.20.103']));
    expect(new Set(attempts.map((one) => one.pod))).toEqual(new Set(['traefik-1', 'traefik-2']));
  });

  test('over IPv6 it is the announcing node too', async () => {
    const attempts = await tryMany(founding, overIpv6, 5);
    expect(new Set(attempts.map((one) => `${one.cause} ${one.client}`))).toEqual(
      new Set(['undefined 2001:db8:20::103']),
    );
  });

  test('HTTP/3 completes with a ClientHello of two datagrams', async () => {
    const agent = await lab.agent('internet');
    const target = { ...fromWan, protocol: 'http3', padHelloBytes: 1500 } as const;
    const attempts = await Promise.all(Array.from({ length: 20 }, () => agent.ask('attempt', target)));
    expect(attempts.filter((one) => !one.ok)).toEqual([]);
    expect(attempts.every((one) => (one.helloDatagrams ?? 0) >= 2)).toBe(true);
  });

  test('1,000 HTTP/3 handshakes on fresh ports, half of them with a ClientHello of two datagrams: none fails', async () => {
    const agent = await lab.agent('internet');
    const target = { ...fromWan, protocol: 'http3' } as const;
    const records: Attempt[] = [];
    let begun = 0;
    // So many at once and not so many a second: a busy machine takes longer and loses none.
    const worker = async () => {
      while (begun < 1000) {
        const localPort = 20_000 + begun++;
        const pad = localPort % 2 === 0 ? {} : { padHelloBytes: 1500 };
        records.push(await agent.ask('attempt', { ...target, localPort, ...pad }));
      }
    };
    await Promise.all(Array.from({ length: 12 }, worker));
    expect(records.length).toBe(1000);
    expect(records.filter((one) => !one.ok)).toEqual([]);
    expect(records.filter((one) => (one.helloDatagrams ?? 0) >= 2).length).toBe(500);
    expect(new Set(records.map((one) => one.localPort)).size).toBe(1000);
    expect(new Set(records.map((one) => `${one.pod} ${one.client}`))).toEqual(
      new Set(['traefik-1 10.0.20.103', 'traefik-2 10.0.20.103']),
    );
  });

  test('the access log names the node', async () => {
    const lines = await Promise.all(
      founding.ingresses.map(async (id, at) => (await lab.agent(`pods${at + 1}`)).ask('ingress.log', { id })),
    );
    const peers = new Set(lines.flat().map((line) => line.ClientHost));
    expect(peers).toEqual(new Set(['10.0.20.103', '2001:db8:20::103']));
  });
});

describe('Cluster, announced by node 1, which has a pod', () => {
  test('its own pod sees the address of the interface towards the pods', async () => {
    await setPolicy(lab, 'cluster');
    await announceFrom(founding, 1);
    const attempts = await tryMany(founding, fromWan, 10);
    const seen = new Set(attempts.map((one) => `${one.pod} ${one.client}`));
    expect(seen).toEqual(new Set(['traefik-1 10.244.1.1', 'traefik-2 10.0.20.101']));
  });
});

describe('Local', () => {
  test('announced by node 1, which has a pod: the pod sees the client', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(founding, 1);
    const attempts = [...(await tryMany(founding, fromWan, 5)), ...(await tryMany(founding, overIpv6, 2))];
    expect(new Set(attempts.map((one) => `${one.cause} ${one.pod} ${one.client}`))).toEqual(
      new Set([`undefined traefik-1 ${client}`, `undefined traefik-1 ${client6}`]),
    );
  });

  test('announced by node 3, which has none: silence, not a refusal', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(founding, 3);
    const attempts = await tryMany(founding, { ...fromWan, timeoutMs: 500 }, 1);
    expect(attempts.map((one) => one.cause)).toEqual(['timeout', 'timeout', 'silence']);
  });

  test('a port that nothing serves is silent too', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(founding, 1);
    const agent = await lab.agent('desktop');
    const target = { protocol: 'tcp', address: vip, port: 444, timeoutMs: 500 } as const;
    expect((await agent.ask('attempt', target)).cause).toBe('timeout');
  });

  test('a move of the announcer is felt at once', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(founding, 1);
    await tryMany(founding, fromWan, 1);
    await announceFrom(founding, 2);
    const attempts = await tryMany(founding, fromWan, 3);
    expect(new Set(attempts.map((one) => `${one.pod} ${one.client}`))).toEqual(
      new Set([`traefik-2 ${client}`]),
    );
  });
});

describe('a long flow over UDP', () => {
  test('keeps its pod, which conntrack can tell, and forgetting it is counted', async () => {
    await setPolicy(lab, 'cluster');
    await announceFrom(founding, 3);
    const agent = await lab.agent('internet');
    const target = { ...fromWan, protocol: 'http3' } as const;
    const { id } = await agent.ask('flow.start', { name: 'old', kind: 'http3', target, intervalMs: 50 });
    await vi.waitFor(async () => expect((await agent.ask('flow.peek', { id })).seen).not.toEqual([]), 20_000);
    const [flow, ...others] = (await listFlows(lab, 'node3')).filter((one) => one.protocol === 'udp');
    expect(others).toEqual([]);
    const before = await agent.ask('flow.peek', { id });
    expect(before.seen.map((one) => one.pod)).toEqual([`traefik-${flow?.reply.source.split('.')[2]}`]);
    const filter = { protocol: 'udp', destination: vip, destinationPort: 443 } as const;
    expect(await forgetFlows(lab, 'node3', { ...filter, answeredBy: '10.244.9.9' })).toBe(0);
    expect(await forgetFlows(lab, 'node3', { ...filter, answeredBy: flow?.reply.source ?? '' })).toBe(1);
    await agent.ask('flow.stop', { id });
  });
});

describe.runIf(process.geteuid?.() === 0)(
  'the same in a user namespace, where root is nobody outside',
  () => {
    test('Cluster shows the node, Local the client, over every protocol', async () => {
      const unprivileged = await startFounding('user-namespace');
      const target = { ...fromWan, ca: unprivileged.authority.cert };
      try {
        await announceFrom(unprivileged, 3);
        const cluster = await tryMany(unprivileged, target, 5);
        await setPolicy(unprivileged.lab, 'local');
        await announceFrom(unprivileged, 1);
        const local = await tryMany(unprivileged, target, 5);
        expect(new Set(cluster.map((one) => `${one.cause} ${one.client}`))).toEqual(
          new Set(['undefined 10.0.20.103']),
        );
        expect(new Set(local.map((one) => `${one.cause} ${one.client}`))).toEqual(
          new Set([`undefined ${client}`]),
        );
      } finally {
        await unprivileged.lab.down();
      }
    });
  },
);
