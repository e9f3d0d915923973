/* Resolvers that go on answering with what they last heard, for longer than sightline.yaml takes any cache to do it. */
import type { Resolver } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { claim, count, finding, list } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const staleAnswers: Rule = {
  code: 'stale-answers',
  looksFor: 'resolvers that keep old answers longer than maxStaleSeconds says',
  cases: [],
  needs: ['resolver', 'vantagePoint', 'recordSet', 'service', 'ingress'],
  check: ({ reader }) => {
    const told = reader.get('durations', 'durations');
    const most = told?.value.maxStaleSeconds ?? 3600;
    const chains = chainsOf(reader);
    return reader.all('resolver').flatMap((r): readonly Finding[] => {
      const stale = r.value.cache?.serveStaleSeconds ?? 0;
      const asked = chains.filter((c) => c.resolvers.includes(r.value));
      if (stale <= most || asked.length === 0) return [];
      return [found({ reader, resolver: r, stale, most, told, asked })];
    });
  },
};

/** Whom a vantage point asks, and whom those ask in turn. */
interface Chain {
  readonly from: string;
  readonly resolvers: readonly Resolver[];
}

function chainsOf(reader: Reader): readonly Chain[] {
  return reader.all('vantagePoint').map(({ value: v }) => {
    const resolvers: Resolver[] = [];
    for (let id = v.resolver; id !== undefined; id = resolvers.at(-1)?.forwardsTo) {
      const next = reader.get('resolver', id)?.value;
      if (next === undefined || resolvers.includes(next)) break;
      resolvers.push(next);
    }
    return { from: v.id, resolvers };
  });
}

interface Stale {
  readonly reader: Reader;
  readonly resolver: Fact<'resolver'>;
  readonly stale: number;
  readonly most: number;
  readonly told: Fact<'durations'> | undefined;
  readonly asked: readonly Chain[];
}

function found({ reader, resolver, stale, most, told, asked }: Stale): Finding {
  const { id } = resolver.value;
  const records = recordsThatMove(reader).filter((r) => asked.some((c) => passes(c, id, r.value.server)));
  const isInWay = records.length > 0;
  const names = [...new Set<string>(records.map((r) => r.value.name))];
  return finding({
    code: 'stale-answers',
    severity: isInWay ? 'warning' : 'notice',
    subject: `resolver ${id}`,
    title: `${id} serves answers for ${timeText(stale)} beyond their TTL; maxStaleSeconds in sightline.yaml is ${timeText(most)}`,
    cause: isInWay
      ? 'While the server that holds a name does not answer, it goes on with the address that it last heard. A move waits for that, or old addresses are dialled after it.'
      : 'It holds the records of the ingress itself, and what it holds it does not keep as an answer: a move of these does not wait for it. Names that it looks up elsewhere keep their old addresses so long while their server does not answer.',
    claims: [
      claim(`${id}: stale answers for ${stale} s`, resolver),
      claim(
        told === undefined ? `maxStaleSeconds: ${most} s by default` : `maxStaleSeconds: ${most} s`,
        told,
      ),
      claim(`asked from ${list(asked.map((c) => c.from))}`, ...asked.flatMap((c) => vantage(reader, c))),
      ...(isInWay ? [claim(`${count(records.length, 'record')} pass: ${list(names)}`, ...records)] : []),
    ],
    refutedBy: `dig NAME @${resolver.value.address ?? id} after the TTL, with the server that holds the name stopped: an error instead of the old address`,
    affects: { names },
    advice: isInWay
      ? [
          `Let ${id} serve no stale answers while the address moves, or clear its cache once the records are changed.`,
        ]
      : [],
  });
}

function vantage(reader: Reader, { from }: Chain): readonly Fact[] {
  const fact = reader.get('vantagePoint', from);
  return fact === undefined ? [] : [fact];
}

/** Records that hold an address of an ingress. */
function recordsThatMove(reader: Reader): readonly Fact<'recordSet'>[] {
  const vips = new Set(frontendsOf(reader).flatMap((f) => f.vips));
  return [...vips].flatMap((ip) => reader.by('recordSet', 'value', ip));
}

/** Answers of the server come through this resolver's cache on their way. */
function passes({ resolvers }: Chain, id: string, server: string): boolean {
  const holder = resolvers.findIndex((r) => r.serves.includes(server) && r.program !== 'public');
  return resolvers.slice(0, Math.max(0, holder)).some((r) => r.id === id);
}

function timeText(seconds: number): string {
  if (seconds % 86_400 === 0 && seconds > 0) return count(seconds / 86_400, 'day');
  return seconds % 3600 === 0 ? count(seconds / 3600, 'hour') : `${seconds} s`;
}
