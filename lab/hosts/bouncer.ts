/*
 * A bouncer as a Traefik plugin in stream mode is one: keeps a copy of CrowdSec's decisions, asked for again and again,
 * and refuses clients that it holds. Who the client is follows the plugin: a header of a trusted peer, else the peer.
 */

import http from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { Headers } from './forwarded.ts';
import type { BanListPolling, BanRule } from './ingress-types.ts';
import { listOf } from './trust.ts';

export class Decisions {
  private list = new BlockList();
  private values = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  /** Asks at once and then again and again; what cannot be read leaves the copy as it is. */
  poll(polling: BanListPolling, localAddress: string | undefined): () => void {
    const round = async (isFirst: boolean) => {
      const heard = await ask(polling, localAddress, isFirst).catch(() => undefined);
      if (heard) this.take(heard, isFirst);
      this.timer = setTimeout(() => void round(isFirst && !heard), polling.everyMs);
    };
    void round(true);
    return () => clearTimeout(this.timer);
  }

  holds(address: string): boolean {
    return this.list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  private take({ added, gone }: Heard, isFirst: boolean): void {
    if (isFirst) this.values = new Set();
    for (const value of gone) this.values.delete(value);
    for (const value of added) this.values.add(value);
    this.list = listOf([...this.values].filter((value) => isIP(value.split('/')[0] ?? '') !== 0));
  }
}

/** Makes the check of one rule. */
export function makeBouncer(
  rule: BanRule,
  decisions: Pick<Decisions, 'holds'>,
): (peer: string, headers: Headers) => boolean {
  const [trusted, exempt] = [listOf(rule.trustedPeers), listOf(rule.exemptClients)];
  const isIn = (list: BlockList, address: string) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return (peer, headers) => {
    const told = isIn(trusted, peer) ? toldClient(headers[rule.header ?? 'x-forwarded-for']) : undefined;
    const client = told ?? peer;
    return !isIn(exempt, client) && decisions.holds(client);
  };
}

/** The last entry of a list. */
function toldClient(value: Headers[string]): string | undefined {
  const text = typeof value === 'string' ? value : value?.join(',');
  const last = text?.split(',').at(-1)?.trim();
  return last !== undefined && isIP(last) !== 0 ? last : undefined;
}

interface Heard {
  readonly added: readonly string[];
  readonly gone: readonly string[];
}

interface Decision {
  readonly value?: string;
  readonly type?: string;
}

function ask(
  { url, key }: BanListPolling,
  localAddress: string | undefined,
  isFirst: boolean,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const options = { headers: { 'x-api-key': key }, timeout: 2000, agent: false as const };
    const request = http.get(
      `${url}/v1/decisions/stream?startup=${isFirst}`,
      { ...options, ...(localAddress !== undefined && { localAddress }) },
      (response) => {
        const chunks: string[] = [];
        response.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === 200) resolve(readStream(chunks.join('')));
          else reject(new Error(`status ${response.statusCode}`));
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
  });
}

function readStream(text: string): Heard {
  const body = JSON.parse(text) as { new?: Decision[] | null; deleted?: Decision[] | null };
  const values = (list: Decision[] | null | undefined) =>
    (list ?? []).flatMap((d) => (d.value !== undefined && d.type === 'ban' ? [d.value] : []));
  return { added: values(body.new), gone: values(body.deleted) };
}
