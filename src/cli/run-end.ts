/* How a run ended: what a person does next, the document of --json, and the exit code. */

import type { RunResult } from '#app/run-core.ts';
import { commandFor } from '#app/run-place.ts';
import { isRunUnfinished, saidIn } from '#app/runs.ts';
import { SightlineError } from '#estate/error.ts';
import { plain } from '#report/plain.ts';
import { reportFailure } from './failure.ts';
import type { RunConsole } from './run-console.ts';
import type { Terminal } from './terminal.ts';

export interface RunEnding {
  readonly run: string;
  readonly result: RunResult;
}

export interface EndLook {
  readonly isJson: boolean;
  readonly runs?: string;
  /** Its systems are gone when the command ends. */
  readonly isLab?: boolean;
  /** Exit code where everything was rolled back: 0 where that was asked for, 3 where it was not. */
  readonly rolledBackCode: number;
}

/** Prints the ending; returns the exit code. */
export async function showEnding(
  terminal: Terminal,
  { run, result }: RunEnding,
  look: EndLook,
): Promise<number> {
  const changed = await isRunUnfinished(run, place(look));
  const exitCode = codeOf(result, changed, look.rolledBackCode);
  const said = await saidIn(run, place(look));
  if (look.isJson)
    terminal.out(JSON.stringify({ event: 'end', format: 1, run, result, saidNotSeen: said, exitCode }));
  else terminal.out(`\n${endingText(terminal, { run, result }, changed, look)}${saidText(terminal, said)}`);
  return exitCode;
}

/** What nobody saw is named at the end, whatever else went well. */
function saidText({ palette }: Terminal, said: readonly string[]): string {
  if (said.length === 0) return '';
  const lines = said.map((title) => `  ${palette.warn('✋')} ${plain(title)}`);
  return `\n\n${palette.warn('said by the operator, not seen')}\n${lines.join('\n')}`;
}

function codeOf(result: RunResult, changed: boolean, rolledBackCode: number): number {
  if (result.kind === 'done') return 0;
  if (result.kind === 'rolled-back') return rolledBackCode;
  return changed ? 4 : 3;
}

function endingText(
  { palette }: Terminal,
  { run, result }: RunEnding,
  changed: boolean,
  look: EndLook,
): string {
  if (result.kind === 'rolled-back')
    return `${palette.strong('rolled back')}  run ${run}: ${plain(result.because)}`;
  const isDone = result.kind === 'done';
  const what = isDone ? '' : `, ${changed ? 'changed in part' : 'nothing was changed'}`;
  const head = `${isDone ? palette.good('done') : palette.warn('paused')}  run ${run}${what}`;
  return `${head}\n${palette.dim(nextText(run, isDone ? ['verify', 'rollback'] : ['resume', 'rollback'], look))}`;
}

const meanings = {
  resume: 'goes on',
  rollback: 'takes back what was done',
  verify: 'probes it again',
} as const;

/** The commands that lead on, each as it is typed. */
export function nextText(
  run: string,
  verbs: readonly (keyof typeof meanings)[],
  look: Pick<EndLook, 'runs' | 'isLab'>,
): string {
  if (look.isLab === true)
    return `  the lab and its systems are gone; ${commandFor('runs', run, look)} tells what was done`;
  const commands = verbs.map((verb) => [commandFor(verb, run, look), meanings[verb]] as const);
  const width = Math.max(...commands.map(([command]) => command.length));
  return commands.map(([command, meaning]) => `  ${command.padEnd(width)}   ${meaning}`).join('\n');
}

/** Carries a run with Ctrl-C as a question; a failure in the middle is told with the way back. */
export async function carried(
  terminal: Terminal,
  console: RunConsole,
  look: EndLook,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await console.during(run, () => stopAtOnce(terminal, console, look));
  } catch (error) {
    const { run: id } = console;
    if (id === undefined || !(await isRunUnfinished(id, place(look)))) return reportFailure(terminal, error);
    reportFailure(terminal, error, 'Changed in part.');
    terminal.note(nextText(id, ['resume', 'rollback'], look));
    return 4;
  }
}

/** Second Ctrl-C. Every record that was told is on the disk; the lock of a dead process is taken over. */
function stopAtOnce(terminal: Terminal, console: RunConsole, look: EndLook): never {
  const id = console.run;
  if (id === undefined) {
    terminal.note('\nsightline: stopped at once, before anything was written.');
    process.exit(3);
  }
  const inTheMiddle = 'a write that was under way may have been made: either of these reads it back first';
  terminal.note(`\nsightline: stopped at once${look.isLab === true ? '' : `; ${inTheMiddle}`}.`);
  terminal.note(nextText(id, ['resume', 'rollback'], look));
  process.exit(4);
}

export function place({ runs }: { readonly runs?: string }): { readonly runs?: string } {
  return runs === undefined ? {} : { runs };
}

export function runsOption(options: Readonly<Record<string, unknown>>): { readonly runs?: string } {
  return typeof options.runs === 'string' ? { runs: options.runs } : {};
}

/** `--checkout infra=../infra`, as often as there are repositories, and `--run-commands`. */
export function checkoutOptions(options: Readonly<Record<string, unknown>>): {
  readonly checkouts: Readonly<Record<string, string>>;
  readonly runsCommands: boolean;
} {
  const given = Array.isArray(options.checkout) ? options.checkout.map(String) : [];
  const pairs = given.map((text) => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw new SightlineError('wrong-use', `--checkout ${JSON.stringify(text)} is not REPOSITORY=FOLDER`);
  });
  return { checkouts: Object.fromEntries(pairs), runsCommands: options.runCommands === true };
}
