/* Findings in brief: the causes with their evidence, everything else as a line, so that a house is read in two minutes. */
import type { Finding } from '#findings/finding.ts';
import { evidenceText } from './evidence-text.ts';
import { arrange, severityText } from './findings-text.ts';
import { plain } from './plain.ts';
import { type Palette, wrap } from './style.ts';

interface Look {
  readonly palette: Palette;
  readonly width: number;
}

/** Critical findings with each claim and one place for it; the others by title. */
export function findingsInBrief(findings: readonly Finding[], look: Look): string {
  return arrange(findings)
    .map((f) => (f.severity === 'critical' ? withClaims(f, look) : titleOf(f, look)))
    .join('\n');
}

function withClaims(finding: Finding, look: Look): string {
  const claims = finding.claims.map((c) => {
    const place = c.evidence[0] ? look.palette.dim(`  ${evidenceText(c.evidence[0])}`) : '';
    return `${wrap(`· ${plain(c.says)}`, look.width, '            ')}${place ? `\n            ${place}` : ''}`;
  });
  return [titleOf(finding, look), ...claims].join('\n');
}

function titleOf(finding: Finding, look: Look): string {
  const { palette, width } = look;
  const text = wrap(`${plain(finding.title)} ${`[${finding.code}]`}`, width, '          ').trimStart();
  return `${severityText(finding, palette)}  ${text}`;
}
