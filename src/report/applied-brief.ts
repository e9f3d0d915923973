/* A run in the lab in brief: each change with who made it and how long it took, what the probes said, and the way back. */
import type { Through } from '#plan/change.ts';
import type { ProbeReport } from '#probe/probe-report.ts';
import { plain } from './plain.ts';
import type { Look } from './plan-text.ts';
import { columns, wrap } from './style.ts';

/** What happened, in its order. */
export type AppliedStep =
  | { readonly kind: 'change'; readonly title: string; readonly through: Through; readonly ms: number }
  | { readonly kind: 'wait'; readonly title: string; readonly ms: number }
  | { readonly kind: 'gate'; readonly stage: string; readonly says: string; readonly ms: number };

export interface Applied {
  readonly kind: 'applied';
  readonly steps: readonly AppliedStep[];
  /** `done`, or how it ended instead. */
  readonly ended: string;
  readonly verified: ProbeReport;
  readonly back?: {
    readonly ended: string;
    readonly changes: number;
    readonly ms: number;
    readonly verified: ProbeReport;
    readonly things: number;
    readonly differences: readonly string[];
  };
  readonly timeScale: number;
  readonly totalMs: number;
}

/** Whether it went there and back, seen and compared. */
export function isWhole({ ended, verified, back }: Applied): boolean {
  if (ended !== 'done' || !verified.isGood || back === undefined) return false;
  return back.ended === 'rolled-back' && back.verified.isGood && back.differences.length === 0;
}

export function appliedInBrief(applied: Applied, look: Look): string {
  const { palette } = look;
  const isDone = applied.ended === 'done';
  const mark = isDone ? palette.good('■') : palette.bad('✘');
  const end = told(mark, isDone ? `done: ${reportText(applied.verified)}` : applied.ended, look);
  return [columns(applied.steps.map((s) => rowOf(s, look))), end, ...backText(applied, look)].join('\n');
}

function told(mark: string, text: string, { width }: Look): string {
  return `  ${mark} ${wrap(plain(text, 400), width - 4, '    ').trimStart()}`;
}

const titleWidth = 58;

function rowOf(step: AppliedStep, { palette }: Look): readonly string[] {
  const time = palette.dim(`${(step.ms / 1000).toFixed(1)} s`);
  switch (step.kind) {
    case 'change':
      return [
        `  ${palette.good('✔')} ${plain(step.title, titleWidth)}`,
        palette.dim(whoText(step.through)),
        time,
      ];
    case 'wait':
      return [`  ${palette.accent('◷')} ${plain(step.title, titleWidth)}`, '', time];
    case 'gate':
      return [
        `  ${palette.accent('?')} gate: ${plain(step.stage, titleWidth)}`,
        palette.dim(plain(step.says)),
        time,
      ];
    default:
      return step satisfies never;
  }
}

function whoText({ by, system, repository }: Through): string {
  const name = system.split('/').at(-1) ?? system;
  if (by === 'repository') return `terragrunt in ${repository ?? name}`;
  if (by === 'api') return `API of ${name}`;
  return system.startsWith('firewall/') ? `person at ${name}` : `file of ${name}`;
}

function reportText(report: ProbeReport): string {
  const better = report.judged.filter((j) => j.verdict === 'better').length;
  return `${report.says}${better === 0 ? '' : `; ${better} probes work for the first time`}`;
}

function backText({ back, timeScale, totalMs }: Applied, look: Look): readonly string[] {
  const { palette } = look;
  const times = `  ${(totalMs / 1000).toFixed(1)} s in all; waits and TTLs at 1/${Math.round(1 / timeScale)}`;
  if (back === undefined) return [palette.dim(times)];
  const isSame = back.differences.length === 0;
  const ended = back.ended === 'rolled-back' ? 'taken back' : back.ended;
  const compared = isSame
    ? `${back.things} objects, records and files of all systems are what they were`
    : `not as before: ${back.differences.join('; ')}`;
  const seconds = (back.ms / 1000).toFixed(1);
  return [
    told(
      palette.good('↩'),
      `${ended}, ${back.changes} changes in ${seconds} s: ${reportText(back.verified)}`,
      look,
    ),
    told(isSame ? palette.good('=') : palette.bad('≠'), compared, look),
    palette.dim(times),
  ];
}
