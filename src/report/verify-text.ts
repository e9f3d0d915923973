/* Probes on a terminal: what is wrong first, then counts by kind, then what only somebody elsewhere can try. */
import type { Judged, Verdict } from '#probe/compare.ts';
import type { ClientChecks, Elsewhere, ProbeReport } from '#probe/probe-report.ts';
import { plain } from './plain.ts';
import { count, type Look } from './plan-text.ts';
import { columns, type Palette, wrap } from './style.ts';

export interface VerifyLook extends Look {
  /** Every probe, not just the telling ones. */
  readonly all?: boolean;
  /** Commands for other vantage points shown of each; 3 where not given. */
  readonly most?: number;
}

export function probesText(report: ProbeReport, look: VerifyLook): string {
  const { palette } = look;
  const isFolded = (j: Judged) => look.all !== true && j.verdict === 'better';
  const shown = report.judged.filter((j) => look.all === true || (telling.has(j.verdict) && !isFolded(j)));
  const lines = [
    ...shown.map((j) => judgedText(j, look)),
    ...betterText(report.judged.filter(isFolded), look),
  ];
  return [
    `${headText(report, palette)}  ${plain(report.says)}`,
    ...(lines.length > 0 ? [lines.join('\n')] : []),
    countsText(report.judged, palette),
    ...clientsText(report.clients, look),
    ...elsewhereText(report.elsewhere, look),
    ...(report.leftOut.length > 0
      ? [palette.dim(wrap(`not probed: ${plain(report.leftOut.join('; '))}`, look.width))]
      : []),
  ].join('\n\n');
}

/** Nothing seen is nothing verified. */
function headText({ isGood, judged }: ProbeReport, palette: Palette): string {
  if (!isGood) return palette.bad('not as it should be');
  return judged.some((j) => j.verdict !== 'not-tried')
    ? palette.good('verified')
    : palette.warn('not verified');
}

const telling: ReadonlySet<Verdict> = new Set(['broken', 'disagreement', 'known-disagreement']);
const marks: Readonly<Record<Verdict, (p: Palette) => string>> = {
  broken: (p) => p.bad('✘'),
  disagreement: (p) => p.bad('≠'),
  'known-disagreement': (p) => p.warn('≠'),
  better: (p) => p.good('▲'),
  'as-predicted': (p) => p.good('✔'),
  observed: (p) => p.dim('·'),
  'not-tried': (p) => p.warn('?'),
};

/** What works for the first time: one line for each place, with whom the ingress sees there. */
function betterText(better: readonly Judged[], { palette, width }: Look): readonly string[] {
  const places = [...new Set(better.map((j) => j.probe.from))];
  return places.map((from) => {
    const own = better.filter((j) => j.probe.from === from);
    const clients = [...new Set(own.flatMap((j) => j.observed?.seenAs ?? []))];
    const as = clients.length === 0 ? '' : `, seen as ${clients.join(', ')}`;
    const text = `${from}: ${count(own.length, 'probe')} that failed before the run now ${own.length === 1 ? 'works' : 'work'}${as}`;
    return `  ${marks.better(palette)} ${wrap(plain(text), width, '      ').trimStart()}`;
  });
}

function judgedText(j: Judged, { palette, width }: Look): string {
  const known = j.verdict === 'known-disagreement' ? ' (as before the run)' : '';
  const text = wrap(`${plain(j.probe.id)}  ${plain(j.says)}${known}`, width, '      ').trimStart();
  return `  ${marks[j.verdict](palette)} ${text}`;
}

/** A check that was not made is never left unsaid. */
function clientsText(c: ClientChecks, { palette, width }: Look): readonly string[] {
  if (c.asPredicted + c.otherwise + c.notChecked === 0) return [];
  const parts = [
    ...(c.asPredicted > 0 ? [`${palette.good('✔')} ${c.asPredicted} as predicted`] : []),
    ...(c.otherwise > 0 ? [`${palette.bad('≠')} ${c.otherwise} otherwise`] : []),
    ...(c.notChecked > 0 ? [`${palette.warn('?')} ${c.notChecked} not checked`] : []),
  ];
  const why = c.why.map((w) => palette.dim(wrap(`not checked: ${plain(w)}`, width, '    ')));
  return [[`  clients as the ingress logs them  ${parts.join('  ')}`, ...why].join('\n')];
}

/** One row a kind of probe: how many ended how. */
function countsText(judged: readonly Judged[], palette: Palette): string {
  const kinds = [...new Set(judged.map(kindOf))];
  const verdicts = [...new Set(judged.map((j) => j.verdict))];
  return columns(
    kinds.map((kind) => [
      `  ${kind}`,
      ...verdicts.map((v) => {
        const n = judged.filter((j) => kindOf(j) === kind && j.verdict === v).length;
        return n === 0 ? '' : `${marks[v](palette)} ${n} ${v}`;
      }),
    ]),
  );
}

function kindOf({ probe: { attempt: a } }: Judged): string {
  if (a.kind !== 'http') return a.kind;
  return a.isPlain ? 'http' : `http/${a.version}`;
}

function elsewhereText(
  list: readonly Elsewhere[],
  { palette, width, most = 3 }: VerifyLook,
): readonly string[] {
  const places = [...new Set(list.map((e) => e.from))];
  return places.map((from) => {
    const own = list.filter((e) => e.from === from);
    const lines = own
      .slice(0, most)
      .map(
        (e) =>
          `  $ ${e.command}\n${palette.dim(wrap(`expected: ${e.predicted.outcome}, ${plain(e.predicted.says)}`, width, '    '))}`,
      );
    const more =
      own.length > most
        ? [palette.dim(`  and ${count(own.length - most, 'probe')} more (--json has all)`)]
        : [];
    return [palette.strong(`to be run from ${plain(from)}`), ...lines, ...more].join('\n');
  });
}
