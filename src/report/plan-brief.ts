/* A plan and its proof in brief: what is done, by whom and because of what, and what the proof covered. */
import type { PlannedChange } from '#plan/change.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import type { ProofResult, Proved, Window } from '#proof/result.ts';
import { plain } from './plain.ts';
import { durationText, goalText, type Look, throughText } from './plan-text.ts';
import { countsText } from './proof-text.ts';
import { wrap } from './style.ts';

/** Stages and changes with their reasons; equal reasons of one stage are told once. */
export function planInBrief(plan: Plan, look: Look): string {
  const decided = plan.decisions.map((d) =>
    wrap(plain(`${d.question} ${d.chosen} (${d.by}): ${d.because}`), look.width, '  · '),
  );
  return [
    look.palette.strong(plain(goalText(plan.goal))),
    ...(decided.length > 0 ? [decided.map(continued).join('\n')] : []),
    ...plan.stages.map((s, i) => stageInBrief(s, i + 1, look)),
  ].join('\n');
}

/** The verdict, its numbers, windows, ends of connections and assumptions. */
export function proofInBrief(proof: ProofResult, look: Look): string {
  const { palette, width } = look;
  if (proof.kind === 'refuted')
    return wrap(`${palette.bad('refuted')}  ${plain(proof.counterexample.says)}`, width);
  if (proof.kind === 'undecided')
    return wrap(`${palette.warn('undecided')}  ${plain(proof.says)}; ${plain(proof.settledBy)}`, width);
  return provedInBrief(proof, look);
}

function provedInBrief(proof: Proved, { palette, width }: Look): string {
  const held = proof.invariants.filter((i) => i.checked > 0).map((i) => i.code);
  const windows =
    proof.windows.length === 0
      ? ['no window: every name answers from every vantage point all the time']
      : proof.windows.map(windowInBrief);
  const lines = [
    `${palette.good('proved')}  ${countsText(proof.counts)}`,
    ...windows,
    `held in every state, forward and rolling back: ${held.join(', ')}`,
    ...proof.endings.map((e) => `ends: ${e.says}`),
    ...proof.assumptions.map((a) => `assumed: ${a.says} [${a.from}]`),
  ];
  return lines.map((l, i) => (i === 0 ? wrap(l, width) : wrap(plain(l), width, '        '))).join('\n');
}

function windowInBrief(w: Window): string {
  const parts = w.parts.map((p) => `${durationText(p.seconds)} ${p.says}`).join(' + ');
  return `window of stage ${w.stage}: at most ${durationText(w.seconds)} for ${w.names.length} names = ${parts}`;
}

function stageInBrief(stage: Stage, number: number, look: Look): string {
  const window = stage.window
    ? look.palette.warn(`  window of at most ${durationText(stage.window.seconds)}`)
    : '';
  const told = new Set<string>();
  const changes = stage.changes.map((c, i) => changeInBrief(c, `${number}.${i + 1}`, told, look));
  return [`${look.palette.strong(`${number}  ${plain(stage.title)}`)}${window}`, ...changes].join('\n');
}

function changeInBrief(
  change: PlannedChange,
  number: string,
  told: Set<string>,
  { palette, width }: Look,
): string {
  const title = wrap(`${number} ${plain(change.title)}, ${throughText(change.through)}`, width, '   ');
  const says = plain(change.because.says);
  if (told.has(says)) return continued(title);
  told.add(says);
  return `${continued(title)}\n${palette.dim(wrap(`because ${says}`, width, '       '))}`;
}

/** Further lines stand under the text of the first, not under its mark. */
function continued(text: string): string {
  const [first = '', ...rest] = text.split('\n');
  return [first, ...rest.map((l) => l.replace(/^(\s*)· /, '$1  ').replace(/^ {3}(?=\S)/, '       '))].join(
    '\n',
  );
}
