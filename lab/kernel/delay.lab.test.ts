/* Datagrams that come late: by as much as was asked for, unchanged, with their sender's own address; others in time. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDelay } from './delay.ts';
import { type Lab, startLab } from './lab.ts';

let lab: Lab;

beforeAll(async () => {
  const started = await startLab({
    switches: [],
    hosts: [
      { name: 'client', addresses: [{ dev: 'eth0', address: '192.0.2.1/24' }] },
      { name: 'server', addresses: [{ dev: 'eth0', address: '192.0.2.2/24' }] },
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
  if (started.kind === 'unavailable') throw new Error(started.reason);
  lab = started;
  const agent = await lab.agent('server');
  const listeners = [53, 54].map((port) => ({
    protocol: 'udp' as const,
    address: '192.0.2.2',
    port,
    pod: 'echo',
  }));
  await agent.ask('echo.start', { listeners });
});

afterAll(() => lab?.down());

async function ask(port: number) {
  const agent = await lab.agent('client');
  const attempt = await agent.ask('attempt', { protocol: 'udp', address: '192.0.2.2', port });
  return { ...attempt, tookMs: attempt.endMs - attempt.startMs };
}

test('late by what was asked for, and in time again afterwards', async () => {
  expect((await ask(53)).tookMs).toBeLessThan(300);
  const stop = await startDelay(lab, { host: 'server', address: '192.0.2.2', port: 53, ms: 600 });
  const late = await ask(53);
  expect(late).toMatchObject({ ok: true, client: '192.0.2.1' });
  expect(late.tookMs).toBeGreaterThanOrEqual(580);
  expect(late.tookMs).toBeLessThan(1500);
  expect((await ask(54)).tookMs).toBeLessThan(300);
  await stop();
  expect((await ask(53)).tookMs).toBeLessThan(300);
});
