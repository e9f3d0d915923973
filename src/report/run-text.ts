/* A run on a terminal: each record as a line while it happens, afterwards as a story, and all runs as a list. */
import type { Entry, Record } from '#apply/journal.ts';
import type { Plan } from '#plan/plan.ts';
import { plain } from './plain.ts';
import { count, goalText, type Look } from './plan-text.ts';
import { columns, type Palette, wrap } from './style.ts';

/** Titles of the plan's changes and stages by their ids. */
export interface Titles {
  readonly change: (id: string) => string;
  /** Title of the stage that the change is of, or of the stage with that id. */
  readonly stage: (id: string) => string;
}

export function titlesOf(plan: Plan): Titles {
  const changes = new Map(plan.stages.flatMap((s) => s.changes.map((c) => [c.id, c.title] as const)));
  const stages = new Map(
    plan.stages.flatMap((s) => [[s.id, s.title] as const, ...s.changes.map((c) => [c.id, s.title] as const)]),
  );
  return { change: (id) => changes.get(id) ?? stages.get(id) ?? id, stage: (id) => stages.get(id) ?? '' };
}

/** Title of the stage that a record belongs to; undefined: of none. */
export function stageTitleOf(entry: Entry, titles: Titles): string | undefined {
  if ('change' in entry) return titles.stage(entry.change);
  return entry.kind === 'gate' ? titles.stage(entry.stage) : undefined;
}

/** What a person should see of a record; undefined: nothing. `isStory`: also what the live view shows otherwise. */
export function entryText(entry: Entry, titles: Titles, look: Look, isStory = false): string | undefined {
  const { palette } = look;
  switch (entry.kind) {
    case 'run':
      return palette.dim(`run ${plain(entry.run)}, plan ${entry.plan.slice(0, 12)}`);
    case 'backup':
      return isStory
        ? palette.dim(`  · kept what ${plain(titles.change(entry.change))} replaces`)
        : undefined;
    case 'intent':
      return isStory
        ? palette.dim(`  → ${doing(entry.direction)} ${plain(titles.change(entry.change))}`)
        : undefined;
    case 'outcome':
      return outcomeText(entry, titles, look);
    case 'verified':
      return verifiedText(entry, titles, look);
    case 'unsettled':
      return line(palette.warn('!'), `${titles.change(entry.change)} ${unsettledText(entry)}`, look);
    case 'waiting':
      return line(
        palette.accent('◷'),
        `${titles.change(entry.change)}, until ${clockText(entry.until)} UTC`,
        look,
      );
    case 'gate':
      return line(entry.passed ? palette.good('✔') : palette.bad('✘'), `gate: ${entry.says}`, look);
    case 'turned':
      return line(palette.warn('↩'), `walking back: ${entry.because}`, look, '');
    case 'paused':
      return `${line(palette.warn('‖'), `paused: ${entry.because}`, look, '')}\n${wrap(plain(entry.next), look.width, '    ')}`;
    case 'finished':
      return line(
        palette.good('■'),
        entry.result === 'done' ? 'done' : 'rolled back: every change is undone',
        look,
        '',
      );
    default:
      return entry satisfies never;
  }
}

function unsettledText({ direction, says }: Extract<Entry, { kind: 'unsettled' }>): string {
  return `is ${direction === 'back' ? 'undone' : 'written'}, and not settled: ${says}`;
}

/** What nobody saw has no tick. */
function verifiedText(
  { change, direction, isSaid }: Extract<Entry, { kind: 'verified' }>,
  titles: Titles,
  look: Look,
): string {
  const { palette } = look;
  if (isSaid === true)
    return line(palette.warn('✋'), `${titles.change(change)}: said by the operator, not seen`, look);
  return line(palette.good(direction === 'back' ? '↩' : '✔'), titles.change(change), look);
}

function outcomeText(
  entry: Extract<Entry, { kind: 'outcome' }>,
  titles: Titles,
  look: Look,
): string | undefined {
  if (entry.outcome === 'written') return undefined;
  const says = entry.says === undefined ? '' : `: ${entry.says}`;
  const meaning = {
    refused: 'refused',
    conflict: 'met somebody else’s change',
    unknown: 'gave no clear answer',
  };
  return line(
    look.palette.warn('!'),
    `${titles.change(entry.change)} ${meaning[entry.outcome]}${says}`,
    look,
  );
}

function doing(direction: 'forward' | 'back'): string {
  return direction === 'back' ? 'undoing' : 'writing';
}

function line(mark: string, text: string, { width }: Look, indent = '  '): string {
  return `${indent}${mark} ${wrap(plain(text), width - 4, `${indent}  `).trimStart()}`;
}

/** `16:24:51`, of an ISO time: in UTC, like the ids of runs. */
export function clockText(iso: string): string {
  return iso.slice(11, 19);
}

/** Changes for which only somebody's word stands, in the direction in which the run last went. */
export function onlySaid(records: readonly Record[]): readonly { change: string; isUndone: boolean }[] {
  const last = new Map<string, Extract<Entry, { kind: 'verified' }>>();
  for (const { entry } of records) if (entry.kind === 'verified') last.set(entry.change, entry);
  return [...last.values()]
    .filter((e) => e.isSaid === true)
    .map((e) => ({ change: e.change, isUndone: e.direction === 'back' }));
}

/** What is left until then: `4:05`. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** The whole journal as a story with times. */
export function storyText(plan: Plan, records: readonly Record[], look: Look): string {
  const titles = titlesOf(plan);
  const lines = [look.palette.strong(plain(goalText(plan.goal))), look.palette.dim('times are UTC')];
  let heading: string | undefined;
  for (const { at, entry } of records) {
    const stage = stageTitleOf(entry, titles);
    if (stage !== undefined && stage !== heading) lines.push(look.palette.strong(plain(stage)));
    heading = stage ?? heading;
    const text = entryText(entry, titles, { ...look, width: look.width - 10 }, true);
    if (text !== undefined)
      lines.push(`${look.palette.dim(clockText(at))}  ${text.replaceAll('\n', '\n          ')}`);
  }
  return lines.join('\n');
}

/** One run in the list. */
export interface RunLine {
  readonly id: string;
  readonly state: string;
  readonly goal: string;
  readonly standing: number;
  readonly says: string;
}

export function runsText(runs: readonly RunLine[], { palette }: Look): string {
  if (runs.length === 0) return 'There is no run yet.';
  const rows = runs.map((r) => [
    r.id,
    stateText(r.state, palette),
    palette.dim(r.standing === 0 ? 'nothing stands' : `${count(r.standing, 'change')} stand`),
    plain(r.says === '' ? r.goal : `${r.goal}: ${r.says}`, 160),
  ]);
  return columns(rows);
}

export function stateText(state: string, palette: Palette): string {
  if (state === 'done') return palette.good(state);
  if (state === 'rolled-back' || state === 'nothing-begun') return state;
  return state === 'unreadable' ? palette.bad(state) : palette.warn(state);
}

/** Systems held against what they were before a run that was taken back. */
export function comparedText(
  { things, differences }: { readonly things: number; readonly differences: readonly string[] },
  look: Look,
): string {
  const { palette } = look;
  if (differences.length === 0)
    return `${palette.good('as before')}  ${things} objects, records and files of all systems are what they were`;
  const lines = differences.map((d) => line(palette.bad('≠'), d, look));
  return [`${palette.bad('not as before')}  ${differences.length} of ${things}`, ...lines].join('\n');
}

/** What would stop a run, each with its change. */
export function problemsText(
  problems: readonly { readonly change: string; readonly says: string }[],
  titles: Titles,
  look: Look,
): string {
  const one = (n: number) => `${count(n, 'problem')}, nothing was written`;
  const lines = problems.map((p) =>
    line(look.palette.bad('✘'), `${titles.change(p.change)}: ${p.says}`, look),
  );
  return [`${look.palette.bad(look.palette.strong('not begun'))}  ${one(problems.length)}`, ...lines].join(
    '\n',
  );
}
