/*
 * The announcer as its neighbours see it: it answers for its VIPs and no other address, over ARP and NDP, moves at
 * once, and takes a few milliseconds for it.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Announcer } from './announcer.ts';
import { type Lab, startLab } from './lab.ts';

const vips = ['10.0.20.200', '2001:db8:20::200'] as const;
const hosts = ['asker', 'one', 'two'];
/** Only a machine that does not get on at all takes so long. */
const patience = 20_000;

let lab: Lab;
let one: Announcer;
let two: Announcer;

beforeAll(async () => {
  const started = await startLab({
    switches: [{ name: 'lan' }],
    hosts: hosts.map((name, at) => ({
      name,
      addresses: [
        { dev: 'eth0', address: `10.0.20.${at + 1}/24` },
        { dev: 'eth0', address: `2001:db8:20::${at + 1}/64` },
      ],
      sysctls: { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.*.forwarding': 1 },
    })),
    links: hosts.map((name, at) => ({
      ends: [
        { at: name, dev: 'eth0', mac: `02:00:00:00:00:0${at + 1}` },
        { at: 'lan', dev: name },
      ],
    })),
  });
  if (started.kind !== 'lab') throw new Error(started.reason);
  lab = started;
  [one, two] = await Promise.all([Announcer.start(lab, 'one', 'eth0'), Announcer.start(lab, 'two', 'eth0')]);
});

afterAll(() => lab?.down());

/** Says something to an address and gives the MAC that the asker then holds for it. */
async function macOf(address: string): Promise<string | undefined> {
  const agent = await lab.agent('asker');
  await agent.ask('attempt', { protocol: 'udp', address, port: 9, timeoutMs: 100 });
  return knownMac(address);
}

async function knownMac(address: string): Promise<string | undefined> {
  const { stdout } = await lab.run('asker', ['ip', 'neigh', 'show', address]);
  return /lladdr (\S+)/.exec(stdout)?.[1];
}

test.each(vips)('%s is answered for while it is announced, from the announcer alone', async (vip) => {
  expect(await macOf(vip)).toBeUndefined();
  await one.add(vip);
  await lab.run('asker', ['ip', 'neigh', 'flush', 'all']);
  await vi.waitFor(async () => expect(await macOf(vip)).toBe('02:00:00:00:00:02'), patience);
  expect(await macOf(vip.replace(/200$/, '201'))).toBeUndefined();
});

test.each(vips)('%s moves: the neighbour learns it without asking', async (vip) => {
  await one.add(vip);
  await vi.waitFor(async () => expect(await macOf(vip)).toBe('02:00:00:00:00:02'), patience);
  await one.remove(vip);
  await two.add(vip);
  await vi.waitFor(async () => expect(await knownMac(vip)).toBe('02:00:00:00:00:03'), patience);
});

test.each(vips)('%s is silent after its announcer is lost', async (vip) => {
  const three = await Announcer.start(lab, 'one', 'eth0');
  await two.remove(vip);
  await three.add(vip);
  three.stop();
  await lab.run('asker', ['ip', 'neigh', 'flush', 'all']);
  expect(await macOf(vip)).toBeUndefined();
});

test('to start and to stop takes a few milliseconds', async () => {
  const times: number[] = [];
  for (let i = 0; i < 40; i++) {
    const began = performance.now();
    await one.add('10.0.20.210');
    await one.remove('10.0.20.210');
    times.push(performance.now() - began);
  }
  // The best: the machine may be busy with something else, and nothing makes a slow announcer quick.
  expect(Math.min(...times)).toBeLessThan(10);
});

test('what is not an address is refused', async () => {
  await expect(one.add('10.0.20.300')).rejects.toThrow('bad command');
});
