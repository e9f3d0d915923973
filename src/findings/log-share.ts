/* Which share of the access log's hits came from given addresses, against real public ones. */
import type { LogCount } from '#estate/access-log.ts';
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { isPublic } from '#net/special.ts';
import { distinct } from './masked.ts';

export interface LogShare {
  readonly hits: number;
  readonly total: number;
  readonly publicHits: number;
  readonly publicClients: readonly string[];
  /** Peers that told of public clients in a header, where the connection itself was not public. */
  readonly forwardedBy: readonly string[];
  /** true: counted by the connection's peer; false: the log has only the forwarded text. */
  readonly hasPeers: boolean;
  readonly span: string;
  readonly evidence: readonly Evidence[];
}

/** Counts by peer where the log has it, by the logged client otherwise. */
export function logShareOf(reader: Reader, addresses: readonly string[]): LogShare {
  const counts = reader.all('logCount');
  const seen = counts.filter((c) => addresses.includes(addressOf(c.value) ?? ''));
  const strangers = counts.filter((c) => publicOf(c.value) !== undefined);
  return {
    hits: sum(seen),
    total: sum(counts),
    publicHits: sum(strangers),
    publicClients: distinct(strangers.map((c) => publicOf(c.value))),
    forwardedBy: distinct(
      strangers.map((c) =>
        c.value.peer !== undefined && !isPublic(c.value.peer) ? c.value.peer : undefined,
      ),
    ),
    hasPeers: counts.some((c) => c.value.peer !== undefined),
    span: spanOf(reader),
    evidence: [...firstLines(seen), ...firstLines(strangers)],
  };
}

function addressOf(count: LogCount): Ip | undefined {
  return count.peer ?? parseIp(count.client);
}

/** The client that a line shows, where it is a public address: of the connection, or in the forwarded text. */
function publicOf(count: LogCount): Ip | undefined {
  return [count.peer, parseIp(count.client)].find((ip) => ip !== undefined && isPublic(ip));
}

function sum(counts: readonly Fact<'logCount'>[]): number {
  return counts.reduce((n, c) => n + c.value.hits, 0);
}

/** The earliest line of each file, as evidence that a reader can open. */
function firstLines(counts: readonly Fact<'logCount'>[]): readonly Evidence[] {
  const first = new Map<string, Fact<'logCount'>>();
  for (const c of counts) {
    const known = first.get(c.value.file);
    if (known === undefined || c.value.firstLine < known.value.firstLine) first.set(c.value.file, c);
  }
  return [...first.values()].map((c) => ({
    file: c.value.file,
    line: c.value.firstLine,
    object: c.value.router,
  }));
}

function spanOf(reader: Reader): string {
  const spans = reader.all('accessLog').map((l) => l.value);
  const from = spans
    .map((l) => l.from)
    .filter((t) => t !== undefined)
    .sort()[0];
  const to = spans
    .map((l) => l.to)
    .filter((t) => t !== undefined)
    .sort()
    .at(-1);
  return from && to ? ` between ${from} and ${to}` : '';
}
