/*
 * Makes a service of a host slow to hear: what asks one address and port (datagrams, and TCP segments with data) is
 * delivered late, unchanged. Answers are late by the same time; TCP connections stand as quickly as before.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SightlineError } from '#estate/error.ts';
import { hold, letGo } from './hold.ts';
import type { Lab } from './lab.ts';

export interface Delay {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly ms: number;
}

/** Resolves when it is in force (about 30 ms). Gives what ends it. */
export async function startDelay(lab: Lab, delay: Delay): Promise<() => Promise<void>> {
  const { host, address, port, ms } = delay;
  const script = join(import.meta.dirname, 'delay.pl');
  const child = lab.spawn(host, ['perl', script, address, `${port}`, `${ms}`], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  child.stdin?.on('error', () => undefined);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  hold(child);
  const first = await new Promise<string | undefined>((resolve) => {
    child.once('close', () => resolve(undefined));
    if (child.stdout) createInterface({ input: child.stdout }).once('line', resolve);
  });
  letGo(child);
  if (first !== 'ok')
    throw new SightlineError(
      'lab-delay',
      `delaying ${address}:${port} on ${host}: ${errors.join('').trim()}`,
      {
        hint: 'See the text.',
      },
    );
  await lab.loadRules(host, dropRules(delay));
  return async () => {
    await lab.loadRules(host, `delete table inet ${tableOf(delay)}\n`);
    child.kill('SIGKILL');
  };
}

/** Before conntrack (-200), which must see the late copy alone. */
function dropRules(delay: Delay): string {
  const asked = `iifname != "lo" ${delay.address.includes(':') ? 'ip6' : 'ip'} daddr ${delay.address}`;
  return [
    `table inet ${tableOf(delay)} {`,
    'chain in {',
    'type filter hook prerouting priority -310;',
    `${asked} udp dport ${delay.port} drop`,
    `${asked} tcp dport ${delay.port} tcp flags & psh == psh drop`,
    '}',
    '}',
    '',
  ].join('\n');
}

function tableOf({ address, port }: Delay): string {
  return `late-${address.replaceAll(/[.:]/g, '-')}-${port}`;
}
