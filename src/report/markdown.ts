/* Findings as Markdown, for a pull request or a note. */
import type { Finding } from '#findings/finding.ts';
import type { CheckReport } from './check-report.ts';
import { evidenceText, gapText } from './evidence-text.ts';
import { arrange } from './findings-text.ts';
import { escapeMarkdown, plain } from './plain.ts';

export function checkToMarkdown(report: CheckReport): string {
  const gaps = report.gaps.map((g) => `- ${escapeMarkdown(gapText(g))}`);
  return [
    `# Sightline: ${escapeMarkdown(report.snapshot.path)}`,
    ...(gaps.length > 0 ? ['## What could not be read', gaps.join('\n')] : []),
    '## Findings',
    ...arrange(report.findings).map(findingToMarkdown),
    '',
  ].join('\n\n');
}

function findingToMarkdown(f: Finding): string {
  const level = f.certainty === 'unknown' ? 'unknown' : f.severity;
  const claims = f.claims.map(
    (c) =>
      `- ${escapeMarkdown(c.says)}${c.evidence
        .slice(0, 3)
        .map((e) => `\n  - ${code(evidenceText(e))}`)
        .join('')}`,
  );
  const advice = f.advice.map((a, i) => `${i + 1}. ${escapeMarkdown(a)}`);
  return [
    `### ${level}: ${escapeMarkdown(f.title)} (${code(f.code)})`,
    escapeMarkdown(f.cause),
    claims.join('\n'),
    `Refuted by: ${escapeMarkdown(f.refutedBy)}`,
    advice.join('\n'),
  ]
    .filter((t) => t !== '')
    .join('\n\n');
}

function code(text: string): string {
  return `\`${plain(text).replaceAll('`', "'")}\``;
}
