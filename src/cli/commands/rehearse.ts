/* `sightline rehearse`: the plan carried out in the lab, under traffic; what every vantage point feels. */
import { writeFile } from 'node:fs/promises';
import { type FaultName, type FaultOrder, faultNames } from '#app/rehearse-faults.ts';
import { rehearsePlanFile } from '#app/rehearse-file.ts';
import { SightlineError } from '#estate/error.ts';
import { rehearsalToText, totals } from '#report/rehearsal.ts';
import { rehearsalToHtml } from '#report/rehearsal-html.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = async (terminal, [plan = ''], options) => {
  const rollbackAt = typeof options.rollbackAt === 'string' ? { rollbackAt: options.rollbackAt } : {};
  const timeScale = options.timeScale === undefined ? {} : { timeScale: scaleOf(String(options.timeScale)) };
  const result = await rehearsePlanFile(plan, {
    faults: faultsOf(options),
    ...rollbackAt,
    ...timeScale,
    ...(options.json !== true && { onProgress: progressOn(terminal) }),
  });
  if (result.kind === 'unavailable') {
    terminal.note(terminal.notePalette.warn(`not rehearsed: ${result.reason}`));
    terminal.note(result.hint);
    return 3;
  }
  if (typeof options.out === 'string') await writeFile(options.out, `${JSON.stringify(result, null, 1)}\n`);
  if (typeof options.html === 'string') await writeFile(options.html, rehearsalToHtml(result));
  terminal.out(
    options.json === true ? JSON.stringify(result, null, 1) : rehearsalToText(result, terminal.palette),
  );
  const isWhole = result.result.kind === 'done' || options.rollbackAt !== undefined;
  // With a fault, requests are expected to fail; how many is for the reader to judge.
  return isWhole && (result.faults.length > 0 || totals(result).failures === 0) ? 0 : 1;
};

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
