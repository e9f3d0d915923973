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

/** Critical findings with each claim and one place for it; the others by title, many of one code told by the first. */
export function findingsInBrief(findings: readonly Finding[], look: Look): string {
  const told = new Map<string, number>();
  for (const f of findings) told.set(kindOf(f), (told.get(kindOf(f)) ?? 0) + 1);
  const lines: string[] = [];
  for (const f of arrange(findings)) {
    const alike = told.get(kindOf(f));
    if (alike === undefined) continue;
    if (f.severity === 'critical') lines.push(withClaims(f, look));
    else if (alike <= mostAlike) lines.push(titleOf(f, look));
    else {
      lines.push(titleOf(f, look, ` (and ${alike - 1} more of this kind)`));
      told.delete(kindOf(f));
    }
  }
  return lines.join('\n');
}

const mostAlike = 3;

function kindOf(finding: Finding): string {
  return `${finding.code}|${finding.severity}|${finding.certainty}`;
}

function withClaims(finding: Finding, look: Look): string {
  const claims = finding.claims.map((c) => {
    const place = c.evidence[0] ? look.palette.dim(`  ${evidenceText(c.evidence[0])}`) : '';
    return `${wrap(`· ${plain(c.says)}`, look.width, '            ')}${place ? `\n            ${place}` : ''}`;
  });
  return [titleOf(finding, look), ...claims].join('\n');
}

function titleOf(finding: Finding, look: Look, more = ''): string {
  const { palette, width } = look;
  const text = wrap(`${plain(finding.title)}${more} [${finding.code}]`, width, '          ').trimStart();
  return `${severityText(finding, palette)}  ${text}`;
}
