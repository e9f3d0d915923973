/* Findings on a terminal: gaps first, then the worst, effects under their causes. */
import type { Gap } from '#estate/evidence.ts';
import type { Finding, Severity } from '#findings/finding.ts';
import { unread } from '#findings/guard.ts';
import { evidenceList, gapText } from './evidence-text.ts';
import { plain } from './plain.ts';
import { type Palette, wrap } from './style.ts';

interface Look {
  readonly palette: Palette;
  readonly width: number;
}

const order: readonly Severity[] = ['critical', 'warning', 'notice', 'ok'];

/** All findings with their evidence. */
export function findingsToText(findings: readonly Finding[], gaps: readonly Gap[], look: Look): string {
  const parts = gaps.map((g) =>
    look.palette.warn(`gap  ${wrap(gapText(g), look.width - 5).replaceAll('\n', '\n     ')}`),
  );
  const unseen = findings.filter((f) => f.subject === unread);
  for (const f of arrange(findings)) if (!unseen.includes(f)) parts.push(findingToText(f, look));
  if (unseen.length > 0) parts.push(unseenText(unseen, look));
  parts.push(summaryText(findings, gaps, look.palette));
  return parts.join('\n\n');
}

/** Rules that could not look for lack of facts, told together: each by itself would say the same. */
function unseenText(unseen: readonly Finding[], { palette, width }: Look): string {
  const gaps = new Set(unseen.flatMap((f) => f.gaps.map((g) => g.id)));
  const codes = unseen.map((f) => f.code).join(', ');
  const title = `${unseen.length === 1 ? '1 question stays' : `${unseen.length} questions stay`} open for lack of facts`;
  const lines = [`Not looked at in full: ${codes}.`, `Because of: ${[...gaps].join(', ')}.`];
  return [
    `${palette.warn('unknown ')}  ${palette.strong(title)}`,
    ...lines.map((l) => wrap(plain(l), width, '  ')),
  ].join('\n');
}

export function findingToText(finding: Finding, { palette, width }: Look): string {
  const indent = finding.effectOf ? '    ' : '';
  const inner = `${indent}  `;
  const lines = [
    `${indent}${severityText(finding, palette)}  ${palette.strong(plain(finding.title))} ${palette.dim(`[${finding.code}]`)}`,
    wrap(plain(finding.cause), width, inner),
    ...finding.claims.map((c) => claimText(c, inner, { palette, width })),
    ...finding.gaps.map((g) => palette.warn(wrap(`gap: ${gapText(g)}`, width, inner))),
    palette.dim(wrap(`refuted by: ${plain(finding.refutedBy)}`, width, inner)),
    ...affectsText(finding, inner, width),
    ...finding.advice.map((a) => wrap(`→ ${plain(a)}`, width, inner)),
  ];
  return lines.join('\n');
}

export function severityText(finding: Finding, palette: Palette): string {
  if (finding.certainty === 'unknown') return palette.warn('unknown ');
  const label = finding.severity.padEnd(8);
  if (finding.severity === 'critical') return palette.bad(label);
  if (finding.severity === 'warning') return palette.warn(label);
  return finding.severity === 'ok' ? palette.good(label) : palette.accent(label);
}

/** Worst first; an effect follows its cause. */
export function arrange(findings: readonly Finding[]): readonly Finding[] {
  const rank = (f: Finding) => order.indexOf(f.severity);
  const byRank = [...findings].sort(
    (a, b) => rank(a) - rank(b) || compare(a.code, b.code) || compare(a.subject, b.subject),
  );
  const codes = new Set(findings.map((f) => f.code));
  const causes = byRank.filter((f) => !f.effectOf || !codes.has(f.effectOf));
  const placed = new Set<Finding>();
  return causes.flatMap((cause) => {
    const effects = byRank.filter((f) => f.effectOf === cause.code && !causes.includes(f) && !placed.has(f));
    for (const e of effects) placed.add(e);
    return [cause, ...effects];
  });
}

function claimText(
  claim: { says: string; evidence: Finding['claims'][number]['evidence'] },
  indent: string,
  look: Look,
): string {
  const places =
    claim.evidence.length > 0
      ? `\n${look.palette.dim(wrap(evidenceList(claim.evidence), look.width, `${indent}    `))}`
      : '';
  return wrap(`· ${plain(claim.says)}`, look.width, `${indent}  `) + places;
}

function affectsText(finding: Finding, indent: string, width: number): string[] {
  const { services, names } = finding.affects;
  const parts = [listText('Services', services), listText('names', names)].filter((t) => t !== '');
  return parts.length === 0 ? [] : [wrap(plain(`affects ${parts.join('; ')}`), width, indent)];
}

function listText(label: string, items: readonly string[], most = 8): string {
  if (items.length === 0) return '';
  const more = items.length > most ? `, and ${items.length - most} more` : '';
  return `${items.length} ${label}: ${items.slice(0, most).join(', ')}${more}`;
}

function summaryText(findings: readonly Finding[], gaps: readonly Gap[], palette: Palette): string {
  const open = findings.filter((f) => f.certainty === 'unknown').length;
  const counts = order.map(
    (s) => `${findings.filter((f) => f.severity === s && f.certainty === 'established').length} ${s}`,
  );
  return palette.strong(`${counts.join(', ')}, ${open} unknown; ${gaps.length} gaps`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
