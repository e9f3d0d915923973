/*
 * The founding design's observation on a real kernel: under Cluster every pod sees the announcing node, over HTTP/1.1,
 * 2 and 3 alike; under Local the client; and an announcer without a pod is silent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Identity, makeAuthority } from '../hosts/certificate.ts';
import type { Attempt, AttemptTarget } from '../traffic/attempt.ts';
import { Announcer } from './announcer.ts';
import {
  client,
  client6,
  entryPoint,
  nodes,
  setPolicy,
  topology,
  vip,
  vip6,
  wan,
} from './founding.fixture.ts';
import { type Lab, startLab } from './lab.ts';

const authority = makeAuthority();
const secure = { serverName: 'immich.example.org', ca: authority.cert, timeoutMs: 2000 } as const;
const protocols = ['http1', 'http2', 'http3'] as const;

let lab: Lab;
let announcers: readonly Announcer[];
let ingresses: readonly string[];

beforeAll(async () => {
  const started = await startLab(topology);
  if (started.kind !== 'lab') throw new Error(started.reason);
  lab = started;
  const identity = authority.issue(['*.example.org']);
  ingresses = await Promise.all([1, 2].map((n) => startIngress(n, identity)));
  announcers = await Promise.all(nodes.map((n) => Announcer.start(lab, `node${n}`, 'eth0')));
});

afterAll(() => lab?.down());

async function startIngress(n: number, identity: Identity): Promise<string> {
  const agent = await lab.agent(`pods${n}`);
  const { id } = await agent.ask('ingress.start', {
    pods: [{ name: `traefik-${n}`, addresses: [`10.244.${n}.11`, `fd00:244:${n}::11`] }],
    identity,
    entryPoints: [entryPoint],
    routers: [{ name: 'immich@kubernetes', hosts: ['immich.example.org'] }],
  });
  return id;
}

async function announceFrom(node: number): Promise<void> {
  await Promise.all(announcers.flatMap((one) => [one.remove(vip), one.remove(vip6)]));
  await announcers[node - 1]?.add(vip);
  await announcers[node - 1]?.add(vip6);
}

async function tryMany(target: Omit<AttemptTarget, 'protocol'>, times: number): Promise<readonly Attempt[]> {
  const agent = await lab.agent('internet');
  const asks = protocols.flatMap((protocol) =>
    Array.from({ length: times }, () => ({ ...target, protocol })),
  );
  return Promise.all(asks.map((ask) => agent.ask('attempt', ask)));
}

const fromWan = { ...secure, address: wan, port: 443 };
const overIpv6 = { ...secure, address: vip6, port: 443 };

describe('Cluster, announced by node 3, which has no pod', () => {
  beforeEach(async () => {
    await setPolicy(lab, 'cluster');
    await announceFrom(3);
  });

  test('every pod sees the announcing node over every protocol', async () => {
    const attempts = await tryMany(fromWan, 10);
    expect(attempts.map((one) => one.cause)).toEqual(attempts.map(() => undefined));
    expect(new Set(attempts.map((one) => one.client))).toEqual(new Set(['10.0.20.103']));
    expect(new Set(attempts.map((one) => one.pod))).toEqual(new Set(['traefik-1', 'traefik-2']));
  });

  test('over IPv6 it is the announcing node too', async () => {
    const attempts = await tryMany(overIpv6, 5);
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
    const target = { ...fromWan, timeoutMs: 5000, protocol: 'http3' } as const;
    const { id } = await agent.ask('load.start', {
      targets: [
        { name: 'one datagram', perSecond: 100, target },
        { name: 'two datagrams', perSecond: 100, target: { ...target, padHelloBytes: 1500 } },
      ],
      durationMs: 5000,
    });
    await sleep(5200);
    const records = await agent.ask('load.stop', { id });
    expect(records.length).toBe(1000);
    expect(records.filter((one) => !one.ok)).toEqual([]);
    expect(new Set(records.map((one) => `${one.pod} ${one.client}`))).toEqual(
      new Set(['traefik-1 10.0.20.103', 'traefik-2 10.0.20.103']),
    );
  });

  test('the access log names the node', async () => {
    const lines = await Promise.all(
      ingresses.map(async (id, at) => (await lab.agent(`pods${at + 1}`)).ask('ingress.log', { id })),
    );
    const peers = new Set(lines.flat().map((line) => line.ClientHost));
    expect(peers).toEqual(new Set(['10.0.20.103', '2001:db8:20::103']));
  });
});

describe('Cluster, announced by node 1, which has a pod', () => {
  test('its own pod sees the address of the interface towards the pods', async () => {
    await setPolicy(lab, 'cluster');
    await announceFrom(1);
    const attempts = await tryMany(fromWan, 10);
    const seen = new Set(attempts.map((one) => `${one.pod} ${one.client}`));
    expect(seen).toEqual(new Set(['traefik-1 10.244.1.1', 'traefik-2 10.0.20.101']));
  });
});

describe('Local', () => {
  test('announced by node 1, which has a pod: the pod sees the client', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(1);
    const attempts = [...(await tryMany(fromWan, 5)), ...(await tryMany(overIpv6, 2))];
    expect(new Set(attempts.map((one) => `${one.cause} ${one.pod} ${one.client}`))).toEqual(
      new Set([`undefined traefik-1 ${client}`, `undefined traefik-1 ${client6}`]),
    );
  });

  test('announced by node 3, which has none: silence, not a refusal', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(3);
    const attempts = await tryMany({ ...fromWan, timeoutMs: 500 }, 1);
    expect(attempts.map((one) => one.cause)).toEqual(['timeout', 'timeout', 'silence']);
  });

  test('a port that nothing serves is silent too', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(1);
    const agent = await lab.agent('desktop');
    const target = { protocol: 'tcp', address: vip, port: 444, timeoutMs: 500 } as const;
    expect((await agent.ask('attempt', target)).cause).toBe('timeout');
  });

  test('a move of the announcer is felt at once', async () => {
    await setPolicy(lab, 'local');
    await announceFrom(1);
    await tryMany(fromWan, 1);
    await announceFrom(2);
    const attempts = await tryMany(fromWan, 3);
    expect(new Set(attempts.map((one) => `${one.pod} ${one.client}`))).toEqual(
      new Set([`traefik-2 ${client}`]),
    );
  });
});
