/* What comes late: by as much as was asked for, unchanged, as its sender's own; other ports and other times as ever. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startDelay } from './delay.ts';
import { type Lab, startLab } from './lab.ts';

const clients = { ip: '192.0.2.1', ip6: '2001:db8::1' };
const servers = { ip: '192.0.2.2', ip6: '2001:db8::2' };
const lateMs = 1500;
let lab: Lab;

beforeAll(async () => {
  const host = (name: string, { ip, ip6 }: typeof clients) => ({
    name,
    addresses: [
      { dev: 'eth0', address: `${ip}/24` },
      { dev: 'eth0', address: `${ip6}/64` },
    ],
  });
  const started = await startLab({
    switches: [],
    hosts: [host('client', clients), host('server', servers)],
    links: [
      {
        ends: [
          { at: 'client', dev: 'eth0' },
          { at: 'server', dev: 'eth0' },
        ],
      },
    ],
  });
  if (started.kind === 'unavailable') throw new Error(started.reason);
  lab = started;
  const agent = await lab.agent('server');
  const listeners = (['udp', 'tcp'] as const).flatMap((protocol) =>
    Object.values(servers).flatMap((address) =>
      [53, 54].map((port) => ({ protocol, address, port, pod: 'echo' })),
    ),
  );
  await agent.ask('echo.start', { listeners });
});

afterAll(() => lab?.down());

type Protocol = 'udp' | 'tcp';

async function ask(protocol: Protocol, family: 'ip' | 'ip6', port: number) {
  const agent = await lab.agent('client');
  const target = { protocol, address: servers[family], port, timeoutMs: 20_000 };
  const attempt = await agent.ask('attempt', target);
  return { ...attempt, tookMs: attempt.endMs - attempt.startMs };
}

/** In time at least once: the machine may be busy, and nothing makes what is held back quick. */
async function isInTime(protocol: Protocol, family: 'ip' | 'ip6', port: number): Promise<void> {
  await vi.waitFor(
    async () => expect((await ask(protocol, family, port)).tookMs).toBeLessThan(lateMs / 2),
    20_000,
  );
}

test.each([
  ['udp', 'ip'],
  ['udp', 'ip6'],
  ['tcp', 'ip'],
  ['tcp', 'ip6'],
] as const)(
  '%s over %s: late by what was asked for, and in time again afterwards',
  async (protocol, family) => {
    await isInTime(protocol, family, 53);
    const stop = await startDelay(lab, { host: 'server', address: servers[family], port: 53, ms: lateMs });
    const late = await ask(protocol, family, 53);
    expect(late).toMatchObject({ ok: true, client: clients[family] });
    // the clock of the one who holds it back ticks every 10 ms
    expect(late.tookMs).toBeGreaterThanOrEqual(lateMs - 20);
    await isInTime(protocol, family, 54);
    await stop();
    await isInTime(protocol, family, 53);
  },
);
