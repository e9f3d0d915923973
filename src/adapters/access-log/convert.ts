/* What was counted in a log → accessLog and logCount facts, and gaps for what could not be counted. Pure. */
import type { AccessLog, LogCount } from '#estate/access-log.ts';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact, keyOf } from '#estate/fact.ts';
import { parseIp } from '#net/ip.ts';
import type { Discovery } from '../source.ts';
import type { Count } from './counter.ts';
import type { Tally } from './tally.ts';

export function convertTally(file: string, tally: Tally): Discovery {
  const { lines, unreadable, json, clf, first, last, counter } = tally;
  const log: AccessLog = {
    file,
    format: json === 0 && clf === 0 ? 'unknown' : json >= clf ? 'traefik-json' : 'clf',
    lines,
    unreadable,
    ...(first !== undefined && { from: first }),
    ...(last !== undefined && { to: last }),
  };
  const counts = new Map<string, LogCount>();
  for (const count of counter.counts) addCount(counts, countOf(file, count));
  const facts: Fact[] = [fact('accessLog', log, { file, line: 1 })];
  for (const c of counts.values()) facts.push(fact('logCount', c, { file, line: c.firstLine }));
  return { facts, gaps: gapsOf(file, tally) };
}

/** Texts that differ may mean the same address: their hits are added up. */
function addCount(counts: Map<string, LogCount>, count: LogCount): void {
  const key = keyOf('logCount', count);
  const known = counts.get(key);
  counts.set(key, known === undefined ? count : { ...known, hits: known.hits + count.hits });
}

function countOf(file: string, { router, peer, client, protocol, hits, firstLine }: Count): LogCount {
  const ip = parseIp(peer);
  return {
    file,
    router,
    ...(ip && { peer: ip }),
    client: parseIp(client) ?? client,
    ...(protocol !== '' && { protocol }),
    hits,
    firstLine,
  };
}

function gapsOf(file: string, { lines, unreadable, json, clf, counter }: Tally): readonly Gap[] {
  const gaps: Gap[] = [];
  if (unreadable > 0 && json + clf === 0) {
    const expected = 'an access log of Traefik, as JSON or in its common format';
    gaps.push(logGap(file, { about: 'format', what: 'no line of the log could be read', expected }));
  } else if (unreadable > 0) {
    const what = `${unreadable} of ${lines} lines of the log could not be read`;
    // no kinds: the fact of the log says it too, and what was counted stays true
    gaps.push({ ...logGap(file, { about: 'lines', what }), kinds: [] });
  }
  if (counter.overflow > 0) {
    const what = `${counter.overflow} lines were not counted: more than ${counter.counts.length} different clients and routers`;
    gaps.push(logGap(file, { about: 'clients', what }));
  }
  return gaps;
}

export function logGap(file: string, gap: { about: string; what: string; expected?: string }): Gap {
  return {
    id: `${file}/${gap.about}`,
    kinds: ['accessLog', 'logCount'],
    what: gap.what,
    ...(gap.expected !== undefined && { expected: gap.expected }),
    evidence: { file },
  };
}
