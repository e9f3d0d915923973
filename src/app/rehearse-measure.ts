/* From records of single requests to lines of a report: counts, gaps, whom the far end saw. Pure. */
import type { FlowRecord } from '#lab/traffic/flows.ts';
import type { LoadRecord } from '#lab/traffic/load.ts';
import type { LongFlowLine, Still, StillCount, TrafficLine } from '#report/rehearsal.ts';
import type { PlannedFlow, PlannedLoad } from './rehearse-traffic.ts';

/** Monotonic milliseconds of the traffic's start and end, and of the run between them. */
export interface Times {
  readonly startMs: number;
  readonly firstWriteMs: number;
  readonly lastWriteMs: number;
  readonly endMs: number;
  readonly sliceMs: number;
}

/** A still in the traffic's time, with what is expected of each load by name. */
export interface MeasuredStill extends Still {
  readonly expected: ReadonlyMap<string, StillCount['expected']>;
}

export function lineOf(
  planned: PlannedLoad,
  all: readonly LoadRecord[],
  times: Times,
  stills: readonly MeasuredStill[] = [],
): TrafficLine {
  const records = all.filter((r) => r.name === planned.load.name);
  const failed = records.filter((r) => !isGood(r));
  return {
    vantage: planned.vantage,
    what: planned.what,
    target: planned.to,
    requests: records.length,
    failures: failed.length,
    causes: countBy(failed.map((r) => r.cause ?? `status ${r.status}`)),
    longestGapMs: longestGap(records, times),
    clientsBefore: clients(records.filter((r) => r.endMs < times.firstWriteMs)),
    clientsAfter: clients(records.filter((r) => r.startMs > times.lastWriteMs)),
    slices: slicesOf(records, times),
    ...(failed.length > 0 && { failing: spanOf(failed, times.startMs) }),
    repeats: records.filter((r) => r.isRepeat).length,
    stills: stills.map((still) => countIn(still, planned, records, times.startMs)),
  };
}

function spanOf(records: readonly LoadRecord[], startMs: number): { fromMs: number; toMs: number } {
  return {
    fromMs: Math.min(...records.map((r) => r.startMs)) - startMs,
    toMs: Math.max(...records.map((r) => r.endMs)) - startMs,
  };
}

/** Requests that were begun in the still; what is begun at its very end may be answered after it. */
function countIn(
  still: MeasuredStill,
  planned: PlannedLoad,
  records: readonly LoadRecord[],
  startMs: number,
): StillCount {
  const within = records.filter(
    (r) => r.startMs - startMs >= still.fromMs && r.endMs - startMs <= still.toMs,
  );
  const ok = within.filter(isGood).length;
  const expected = still.expected.get(planned.load.name) ?? 'unknown';
  return { ok, failed: within.length - ok, expected };
}

export function flowLine(planned: PlannedFlow, record: FlowRecord, startMs: number): LongFlowLine {
  return {
    vantage: planned.vantage,
    kind: planned.family === 6 ? `${planned.kind} over IPv6` : planned.kind,
    target: `${planned.to}:${planned.port}`,
    answered: record.answered,
    longestGapMs: record.longestGapMs,
    ...(record.ended && { ended: { atMs: record.ended.atMs - startMs, cause: record.ended.cause } }),
  };
}

/** An answer that is no error of the application's. */
export function isGood(record: LoadRecord): boolean {
  return record.ok && (record.status === undefined || record.status < 400);
}

/** Between the answers of requests, and from the start and to the end. */
export function longestGap(records: readonly LoadRecord[], times: Pick<Times, 'startMs' | 'endMs'>): number {
  const answers = records.filter(isGood).map((r) => r.endMs);
  const sorted = [times.startMs, ...answers.sort((a, b) => a - b), times.endMs];
  let longest = 0;
  for (let at = 1; at < sorted.length; at++)
    longest = Math.max(longest, (sorted[at] ?? 0) - (sorted[at - 1] ?? 0));
  return longest;
}

function slicesOf(records: readonly LoadRecord[], times: Times): TrafficLine['slices'] {
  const count = Math.max(1, Math.ceil((times.endMs - times.startMs) / times.sliceMs));
  const slices = Array.from({ length: count }, () => ({ ok: 0, failed: 0 }));
  for (const record of records) {
    const at = Math.floor((record.startMs - times.startMs) / times.sliceMs);
    const slice = slices[Math.min(count - 1, Math.max(0, at))];
    if (!slice) continue;
    if (isGood(record)) slice.ok += 1;
    else slice.failed += 1;
  }
  return slices;
}

function clients(records: readonly LoadRecord[]): readonly string[] {
  return [...new Set(records.flatMap((r) => (r.client === undefined ? [] : [r.client])))].sort();
}

function countBy(causes: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const cause of causes) counts[cause] = (counts[cause] ?? 0) + 1;
  return counts;
}
