/*
 * Clients and servers on a plain cable: PROXY headers of trusted and other peers, steady load, long flows, and what a
 * break looks like in their records.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Agent } from '../hosts/agent-client.ts';
import { makeAuthority } from '../hosts/certificate.ts';
import { nowMs } from '../hosts/protocol.ts';
import { writeProxyHeader } from '../hosts/proxy-protocol.ts';
import { type Lab, startLab } from '../kernel/lab.ts';
import type { AttemptProtocol } from './attempt.ts';
import type { FlowKind, FlowRecord } from './flows.ts';

const authority = makeAuthority();
/** Only a machine that does not get on at all takes so long. */
const timeoutMs = 20_000;
const server = '192.0.2.1';
const asked = {
  address: server,
  port: 443,
  serverName: 'app.example.org',
  ca: authority.cert,
  timeoutMs,
} as const;
const echoed = { address: server, port: 7, timeoutMs } as const;

let lab: Lab;
let client: Agent;
let ingressId: string;

beforeAll(async () => {
  const started = await startLab({
    switches: [],
    hosts: [
      {
        name: 'client',
        addresses: [
          { dev: 'eth0', address: '192.0.2.7/24' },
          { dev: 'eth0', address: '192.0.2.8/24' },
        ],
      },
      { name: 'server', addresses: [{ dev: 'eth0', address: `${server}/24` }] },
    ],
    links: [
      {
        ends: [
          { at: 'client', dev: 'eth0' },
          { at: 'server', dev: 'eth0' },
        ],
      },
    ],
  });
  if (started.kind !== 'lab') throw new Error(started.reason);
  lab = started;
  client = await lab.agent('client');
  await serve(await lab.agent('server'));
});

afterAll(() => lab?.down());

async function serve(agent: Agent): Promise<void> {
  const proxyProtocol = { trustedIps: ['192.0.2.8'] };
  const listeners = (['tcp', 'udp'] as const).map((protocol) => ({
    protocol,
    address: server,
    port: 7,
    pod: 'echo-1',
  }));
  await agent.ask('echo.start', { listeners });
  const { id } = await agent.ask('ingress.start', {
    pods: [{ name: 'traefik-1', addresses: [server] }],
    identity: authority.issue(['*.example.org']),
    routers: [{ name: 'app@kubernetes', hosts: ['app.example.org', 'proxied.example.org'] }],
    entryPoints: [
      { name: 'websecure', port: 443, tls: true, http3: true, altSvc: 'h3=":443"', proxyProtocol },
      { name: 'web', port: 80, tls: false, http3: false, proxyProtocol },
    ],
  });
  ingressId = id;
}

describe('single flows', () => {
  test.each<[AttemptProtocol, object, object]>([
    ['http', { ...asked, port: 80 }, { answer: { protocol: 'HTTP/1.1' } }],
    ['http1', asked, { answer: { protocol: 'HTTP/1.1' }, altSvc: 'h3=":443"' }],
    ['http2', asked, { answer: { protocol: 'HTTP/2.0' }, altSvc: 'h3=":443"' }],
    ['http3', asked, { answer: { protocol: 'HTTP/3.0', router: 'app@kubernetes' } }],
    ['tcp', echoed, { pod: 'echo-1' }],
    ['udp', echoed, { pod: 'echo-1' }],
  ])('%s is answered', async (protocol, target, expected) => {
    const attempt = await client.ask('attempt', { ...asked, ...target, protocol });
    expect(attempt).toMatchObject({ ok: true, stage: 'body', client: '192.0.2.7', ...expected });
  });

  test('a port where nothing listens is refused, and a stage says how far it got', async () => {
    const attempt = await client.ask('attempt', { ...asked, protocol: 'http2', port: 444 });
    expect(attempt).toMatchObject({ ok: false, stage: 'start', cause: 'ECONNREFUSED' });
  });

  test('another authority is noticed after the connection', async () => {
    const target = { ...asked, protocol: 'http1', ca: makeAuthority().cert } as const;
    expect(await client.ask('attempt', target)).toMatchObject({ ok: false, stage: 'connect' });
  });
});

describe('PROXY headers', () => {
  /** Says a PROXY header, then plain HTTP, from one of the client's addresses. */
  async function say(from: string, header: Buffer | string): Promise<Record<string, string>> {
    const request = 'GET / HTTP/1.1\r\nHost: proxied.example.org\r\nConnection: close\r\n\r\n';
    const hex = Buffer.concat([Buffer.from(header), Buffer.from(request)]).toString('hex');
    const script = `const s=require('net').connect({host:'${server}',port:80,localAddress:'${from}'});s.write(Buffer.from('${hex}','hex'));s.pipe(process.stdout)`;
    const ran = await lab.run('client', [process.execPath, '-e', script]);
    return JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{'), ran.stdout.lastIndexOf('}') + 1));
  }
  const source = { address: '198.51.100.7', port: 50_000 };
  const v2 = writeProxyHeader(source, { address: server, port: 80 });

  test.each([
    ['a trusted peer, version 2', '192.0.2.8', v2, '198.51.100.7', '198.51.100.7'],
    [
      'a trusted peer, version 1',
      '192.0.2.8',
      'PROXY TCP4 198.51.100.7 192.0.2.1 50000 80\r\n',
      '198.51.100.7',
      '198.51.100.7',
    ],
    ['a stranger: taken off, not believed', '192.0.2.7', v2, undefined, '192.0.2.7'],
    ['a trusted peer without a header', '192.0.2.8', '', undefined, '192.0.2.8'],
  ])('%s', async (_, from, header, proxyPeer, xff) => {
    const answer = await say(from, header);
    expect([answer.socketPeer, answer.proxyPeer, answer.xff]).toEqual([from, proxyPeer, xff]);
  });

  test('the log has the source', async () => {
    const lines = await (await lab.agent('server')).ask('ingress.log', { id: ingressId });
    const proxied = lines.filter((line) => line.RequestHost === 'proxied.example.org');
    expect(proxied.map((line) => line.ClientHost)).toEqual([
      '198.51.100.7',
      '198.51.100.7',
      '192.0.2.7',
      '192.0.2.8',
    ]);
  });
});

describe('load', () => {
  test('so many flows a second, none lost, each on its own port', async () => {
    const protocols = ['http1', 'http2', 'http3', 'tcp', 'udp'] as const;
    const targets = protocols.map((protocol) => {
      const to = protocol === 'tcp' || protocol === 'udp' ? echoed : asked;
      return { name: protocol, perSecond: 15, target: { ...to, protocol } };
    });
    const { id } = await client.ask('load.start', { targets, durationMs: 2000 });
    await sleep(2000);
    await vi.waitFor(
      async () => expect((await client.ask('load.progress', { id })).started).toBeGreaterThanOrEqual(29 * 5),
      timeoutMs,
    );
    const records = await client.ask('load.stop', { id });
    expect(records.filter((one) => !one.ok)).toEqual([]);
    expect(records.filter((one) => one.isRepeat)).toEqual([]);
    for (const name of protocols) {
      const count = records.filter((one) => one.name === name).length;
      expect(count).toBeGreaterThanOrEqual(29);
      expect(count).toBeLessThanOrEqual(31);
    }
  });
});

describe('long flows', () => {
  const kinds: readonly FlowKind[] = ['tcp', 'udp', 'websocket', 'download', 'http2', 'http3'];

  /** Waits until every flow is as it should be. */
  async function until(ids: readonly string[], isSo: (flow: FlowRecord) => boolean): Promise<void> {
    await vi.waitFor(async () => {
      const flows = await Promise.all(ids.map((id) => client.ask('flow.peek', { id })));
      expect(flows.filter((one) => !isSo(one))).toEqual([]);
    }, timeoutMs);
  }

  test('they live through a break of the cable, and know how long it was', async () => {
    const ids = await Promise.all(kinds.map(startFlow));
    await until(ids, (one) => one.answered > 2);
    const began = nowMs();
    await lab.ip('server', ['link set eth0 down']);
    await sleep(400);
    await lab.ip('server', ['link set eth0 up']);
    const before = await Promise.all(ids.map((id) => client.ask('flow.peek', { id })));
    await until(ids, (one) => {
      const then = before.find((b) => b.name === one.name);
      return one.longestGapMs > 350 && one.answered > (then?.answered ?? 0) + 5;
    });
    const tookMs = nowMs() - began;
    const records = await Promise.all(ids.map((id) => client.ask('flow.stop', { id })));
    for (const record of records) {
      expect(record).not.toHaveProperty('ended');
      expect(record.longestGapMs).toBeLessThan(tookMs);
      expect(record.gapFromMs).toBeGreaterThan(began - 300);
    }
    const seen = records
      .filter((one) => one.kind !== 'websocket' && one.kind !== 'download')
      .map((one) => one.seen);
    expect(seen.map((one) => one.map((who) => who.client))).toEqual(seen.map(() => ['192.0.2.7']));
  });

  test('a server that stops with grace lets open flows live that long, and takes no new ones', async () => {
    const server = await lab.agent('server');
    const { id } = await server.ask('ingress.start', {
      pods: [{ name: 'traefik-2', addresses: ['192.0.2.1'] }],
      identity: authority.issue(['*.example.org']),
      routers: [{ name: 'app@kubernetes', hosts: ['app.example.org'] }],
      entryPoints: [{ name: 'other', port: 8443, tls: true, http3: false }],
    });
    const target = { ...asked, port: 8443, protocol: 'http2' } as const;
    const flow = await client.ask('flow.start', { name: 'old', kind: 'http2', target, intervalMs: 20 });
    await until([flow.id], (one) => one.answered > 0);
    const stopping = server.ask('server.stop', { id, graceMs: 2500 });
    await vi.waitFor(
      async () =>
        expect(await client.ask('attempt', target)).toMatchObject({ ok: false, cause: 'ECONNREFUSED' }),
      2000,
    );
    expect(await client.ask('flow.peek', { id: flow.id })).not.toHaveProperty('ended');
    await stopping;
    await until([flow.id], (one) => one.ended !== undefined);
    await client.ask('flow.stop', { id: flow.id });
  });

  test('they end when the server goes, and say why', async () => {
    const ids = await Promise.all(kinds.map(startFlow));
    await until(ids, (one) => one.answered > 0);
    (await lab.agent('server')).kill();
    const isOverTcp = ({ kind }: FlowRecord) => kind !== 'udp' && kind !== 'http3';
    await until(ids, (one) => one.ended !== undefined || !isOverTcp(one));
    const records = await Promise.all(ids.map((id) => client.ask('flow.stop', { id })));
    const overTcp = records.filter(isOverTcp);
    expect(overTcp.length).toBe(4);
    expect(overTcp.filter((one) => one.ended?.cause === 'finished')).toEqual([]);
  });

  async function startFlow(kind: FlowKind): Promise<string> {
    const to = kind === 'tcp' || kind === 'udp' ? echoed : asked;
    const path = kind === 'download' ? { path: '/download?bytes=5000000&rate=200000' } : {};
    const protocol = kind === 'tcp' || kind === 'udp' ? kind : 'http1';
    const target = { ...to, ...path, protocol } as const;
    return (await client.ask('flow.start', { name: kind, kind, target, intervalMs: 50 })).id;
  }
});
