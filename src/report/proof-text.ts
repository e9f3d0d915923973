/* A proof on a terminal: what was covered and what it rests on; or the shortest history that breaks an invariant; or the gap. */
import type { Walk } from '#dataplane/trace.ts';
import type {
  Counterexample,
  Counts,
  ProofResult,
  Proved,
  Refuted,
  Undecided,
  Window,
} from '#proof/result.ts';
import { gapText } from './evidence-text.ts';
import { plain } from './plain.ts';
import { count, durationText, type Look } from './plan-text.ts';
import { columns, wrap } from './style.ts';
import { walkToText } from './trace-text.ts';

export function proofToText(proof: ProofResult, look: Look): string {
  switch (proof.kind) {
    case 'proved':
      return provedText(proof, look);
    case 'refuted':
      return refutedText(proof, look);
    case 'undecided':
      return undecidedText(proof, look);
    default:
      return proof satisfies never;
  }
}

function provedText(proof: Proved, look: Look): string {
  const { palette } = look;
  return [
    `${palette.good(palette.strong('proved'))}  ${countsText(proof.counts)}`,
    checkedText(proof, look),
    ...(proof.windows.length > 0
      ? [
          listed(
            'windows',
            proof.windows.map((w) => windowText(w, look)),
            look,
          ),
        ]
      : []),
    ...(proof.endings.length > 0
      ? [
          listed(
            'connections that end',
            proof.endings.map((e) => bullet(e.says, look)),
            look,
          ),
        ]
      : []),
    proof.assumptions.length > 0
      ? listed(
          'assumed',
          proof.assumptions.map((a) => bullet(`${a.says} [${a.from}]`, look)),
          look,
        )
      : palette.dim('nothing is assumed'),
  ].join('\n\n');
}

function checkedText({ invariants }: Proved, { palette }: Look): string {
  const checked = invariants.filter((i) => i.checked > 0);
  const idle = invariants.filter((i) => i.checked === 0).map((i) => i.code);
  const rows = checked.map((i) => [
    `  ${palette.good('✔')} ${i.code}`,
    palette.dim(`${i.checked.toLocaleString('en')} times`),
  ]);
  const nothing = idle.length > 0 ? `\n${palette.dim(`  – nothing to check: ${idle.join(', ')}`)}` : '';
  return `${palette.strong('held')}\n${columns(rows)}${nothing}`;
}

/** One sentence with the numbers of a proof. */
export function countsText(c: Counts): string {
  const parts = [
    count(c.states, 'state'),
    count(c.faults, 'fault'),
    `${count(c.flows, 'flow')} in ${c.classes.toLocaleString('en')} classes`,
  ];
  const took = c.elapsedMs === undefined ? '' : ` in ${(c.elapsedMs / 1000).toFixed(1)} s`;
  return `${parts.join(', ')}: ${count(c.covered, 'case')} by ${count(c.walks, 'walk')}${took} (${c.walksSaved.toLocaleString('en')} saved)`;
}

function windowText(w: Window, look: Look): string {
  const parts = w.parts.map((p) => `${plain(p.says)} ${durationText(p.seconds)}`).join(' + ');
  const names =
    w.names
      .slice(0, 3)
      .map((n) => plain(n))
      .join(', ') + (w.names.length > 3 ? ` and ${w.names.length - 3} more` : '');
  return [
    bullet(`stage ${w.stage}: at most ${durationText(w.seconds)} = ${parts}`, look),
    look.palette.dim(
      wrap(`${names} from ${w.vantagePoints.join(', ')}; ${plain(w.because)}`, look.width, '    '),
    ),
  ].join('\n');
}

function refutedText({ counterexample: c, others = [], counts }: Refuted, look: Look): string {
  const { palette } = look;
  return [
    `${palette.bad(palette.strong('refuted'))}  ${palette.strong(c.invariant)}\n${wrap(plain(c.says), look.width, '  ')}`,
    listed('how it comes to this', timelineLines(c, look), look),
    ...tracesText(c, look),
    ...(others.length === 0
      ? []
      : [
          listed(
            'and also',
            others.map((o) => otherLine(o, look)),
            look,
          ),
        ]),
    palette.dim(`found among ${countsText(counts)}`),
  ].join('\n\n');
}

function otherLine({ invariant, says, at, fault }: Counterexample, look: Look): string {
  const where = `${at.direction === 'back' ? 'rolling back, ' : ''}after ${at.after ?? 'nothing'}`;
  return bullet(`${invariant}, ${where}${fault === undefined ? '' : `, ${fault}`}: ${says}`, look);
}

/** The history as a line of dots; the last one is where it breaks. */
function timelineLines({ timeline }: Counterexample, { palette, width }: Look): readonly string[] {
  return timeline.map((entry, i) => {
    const isLast = i === timeline.length - 1;
    const mark = isLast ? palette.bad('✘') : palette.accent(entry.startsWith('fault') ? '⚡' : '●');
    const text = wrap(plain(entry.trim()), width, '      ').trimStart();
    return `  ${mark} ${isLast ? palette.bad(text) : text}`;
  });
}

function tracesText({ before, after }: Counterexample, look: Look): readonly string[] {
  const shown = (title: string, walk: Walk | undefined) =>
    walk === undefined ? [] : [`${look.palette.strong(title)}\n${walkToText(walk, look)}`];
  return [...shown('before the plan', before), ...shown('in this state', after)];
}

function undecidedText(proof: Undecided, look: Look): string {
  const { palette } = look;
  return [
    `${palette.warn(palette.strong('undecided'))}\n${wrap(plain(proof.says), look.width, '  ')}`,
    ...(proof.gap ? [palette.warn(wrap(`gap ${gapText(proof.gap)}`, look.width, '  '))] : []),
    wrap(`What would settle it: ${plain(proof.settledBy)}`, look.width, '  '),
    palette.dim(`found among ${countsText(proof.counts)}`),
  ].join('\n\n');
}

function listed(title: string, lines: readonly string[], { palette }: Look): string {
  return `${palette.strong(title)}\n${lines.join('\n')}`;
}

function bullet(text: string, { width }: Look): string {
  return wrap(plain(text), width, '    ').replace(/^ {4}/, '  · ');
}
