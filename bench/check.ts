/*
 * Seconds and memory of `check` after reading: every rule over generated estates of 100 to 10,000 Services. Names the
 * slowest rules, and how the time grows by ten times the size.
 */
import { flowsOf } from '#dataplane/flows.ts';
import { memoWalker } from '#dataplane/walk.ts';
import { readerOf } from '#estate/estate.ts';
import { rules } from '#findings/registry.ts';
import { contextOf, type Walking } from '#findings/run-rules.ts';
import { generatedEstate, sizeOf } from './generated-estate.ts';
import type { Row } from './main.ts';

export const name = 'check';

const walking: Walking = { walkerOf: (reader) => memoWalker(reader).walk, flowsOf };

export async function run(): Promise<readonly Row[]> {
  checkOnce(100); // warm
  const rows: Row[] = [];
  let before: number | undefined;
  for (const services of [100, 1_000, 10_000]) {
    const measured = checkOnce(services);
    rows.push(...rowsOf(services, measured, before));
    before = measured.ms;
  }
  return rows;
}

interface Measured {
  readonly ms: number;
  /** Processor time: what a busy machine does not change. */
  readonly cpuMs: number;
  readonly flows: number;
  readonly findings: number;
  readonly slowest: readonly { readonly code: string; readonly ms: number }[];
  readonly mebibytes: number;
}

function checkOnce(services: number): Measured {
  const reader = readerOf(generatedEstate(sizeOf(services)));
  const started = performance.now();
  const cpu = process.cpuUsage();
  const context = contextOf(reader, walking);
  let findings = 0;
  const times = rules.map((rule) => {
    const from = performance.now();
    findings += rule.check(context).length;
    return { code: rule.code, ms: performance.now() - from };
  });
  const ms = performance.now() - started;
  const used = process.cpuUsage(cpu);
  const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, 3);
  return {
    ms,
    cpuMs: (used.user + used.system) / 1000,
    flows: context.flows.length,
    findings,
    slowest,
    mebibytes: process.memoryUsage().rss / 2 ** 20,
  };
}

function rowsOf(services: number, m: Measured, before: number | undefined): readonly Row[] {
  const isLast = services === 10_000;
  const what = `${services.toLocaleString('en')} Services, ${m.flows.toLocaleString('en')} flows`;
  return [
    { what, value: m.ms, unit: 'ms', ...(isLast && { aim: 'under 1,000 after reading' }) },
    { what: '  of it processor time, garbage collection included', value: m.cpuMs, unit: 'ms' },
    { what: '  memory', value: m.mebibytes, unit: 'MiB', ...(isLast && { aim: 'under 512' }) },
    { what: '  findings', value: m.findings, unit: '' },
    ...m.slowest.map((s) => ({ what: `  ${s.code}`, value: s.ms, unit: 'ms' })),
    ...(before === undefined
      ? []
      : [{ what: '  growth at ten times the size', value: m.ms / before, unit: 'times' }]),
  ];
}
