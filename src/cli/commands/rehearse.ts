/* `sightline rehearse`: the plan carried out in the lab, under traffic; what every vantage point feels. */
import { writeFile } from 'node:fs/promises';
import { type FaultName, type FaultOrder, faultNames } from '#app/rehearse-faults.ts';
import { rehearsePlanFile } from '#app/rehearse-file.ts';
import { SightlineError } from '#estate/error.ts';
import { isAsProved, type Rehearsal, rehearsalToText, setToText } from '#report/rehearsal.ts';
import { rehearsalToHtml } from '#report/rehearsal-html.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = async (terminal, [plan = ''], options) => {
  const rollbackAt = typeof options.rollbackAt === 'string' ? { rollbackAt: options.rollbackAt } : {};
  const timeScale = options.timeScale === undefined ? {} : { timeScale: scaleOf(String(options.timeScale)) };
  const leastRequests =
    options.requests === undefined ? {} : { leastRequests: requestsOf(String(options.requests)) };
  const runs = await rehearsePlanFile(plan, {
    faults: faultsOf(options),
    ...rollbackAt,
    ...timeScale,
    ...leastRequests,
    ...(options.bans === true && { withBans: true }),
    ...(options.json !== true && { onProgress: progressOn(terminal) }),
  });
  if ('reason' in runs) {
    terminal.note(terminal.notePalette.warn(`not rehearsed: ${runs.reason}`));
    terminal.note(runs.hint);
    return 3;
  }
  const record = JSON.stringify(options.requests === undefined ? runs[0] : runs, null, 1);
  const [last] = runs.slice(-1);
  if (typeof options.out === 'string') await writeFile(options.out, `${record}\n`);
  if (typeof options.html === 'string' && last) await writeFile(options.html, rehearsalToHtml(last));
  terminal.out(options.json === true ? record : textOf(runs, terminal));
  return runs.every((r) => isGood(r, options.rollbackAt !== undefined)) ? 0 : 1;
};

function textOf(runs: readonly Rehearsal[], { palette }: Terminal): string {
  const [only] = runs;
  return runs.length === 1 && only ? rehearsalToText(only, palette) : setToText(runs, palette);
}

/** Failed requests are good where the proof says so: inside a window that it computed, or because of a fault. */
function isGood(r: Rehearsal, isRolledBack: boolean): boolean {
  return (r.result.kind === 'done' || isRolledBack || r.faults.length > 0) && isAsProved(r);
}

function requestsOf(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 1_000_000) return value;
  throw new SightlineError(
    'wrong-use',
    `--requests ${JSON.stringify(text)} is not a number from 1 to 1000000`,
  );
}

function faultsOf(options: Record<string, unknown>): readonly FaultOrder[] {
  const told = Array.isArray(options.fault) ? options.fault.map(String) : [];
  return told.map((name) => {
    const fault = faultNames.find((one) => one === name);
    if (fault === undefined)
      throw new SightlineError('wrong-use', `--fault ${JSON.stringify(name)} is not known`, {
        hint: `known: ${faultNames.join(', ')}`,
      });
    return typeof options.at === 'string'
      ? { fault, at: options.at }
      : ({ fault } satisfies { fault: FaultName });
  });
}

function scaleOf(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new SightlineError('wrong-use', `--time-scale ${JSON.stringify(text)} is not above 0 and at most 1`);
}

/** One line that stays where it is on a terminal; elsewhere one line for each step. */
function progressOn(terminal: Terminal) {
  let last = '';
  return (now: {
    readonly atMs: number;
    readonly says: string;
    readonly requests: number;
    readonly failures: number;
  }) => {
    const line = `${(now.atMs / 1000).toFixed(0)} s  ${now.requests} requests, ${now.failures} failed  ${now.says}`;
    if (terminal.isInteractive) process.stderr.write(`\r\u001b[K${line.slice(0, terminal.width)}`);
    else if (now.says !== last) terminal.note(line);
    last = now.says;
  };
}
