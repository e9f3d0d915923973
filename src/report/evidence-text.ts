/* Where something was read, in the form that editors open: file:line, then object and field. */
import type { Evidence, Gap } from '#estate/evidence.ts';
import { plain } from './plain.ts';

export function evidenceText(evidence: Evidence): string {
  const place = evidence.line === undefined ? evidence.file : `${evidence.file}:${evidence.line}`;
  const what = [evidence.object, evidence.field].filter((t) => t !== undefined).join(' ');
  const value = evidence.value === undefined ? '' : ` = ${evidence.value}`;
  return plain(what === '' ? `${place}${value}` : `${place} (${what}${value})`);
}

/** The places, each once, at most `most` of them. */
export function evidenceList(list: readonly Evidence[], most = 3): string {
  const texts = [...new Set(list.map(evidenceText))];
  const more = texts.length > most ? `; and ${texts.length - most} more` : '';
  return texts.slice(0, most).join('; ') + more;
}

export function gapText(gap: Gap): string {
  const where = gap.evidence ? `${evidenceText(gap.evidence)}: ` : '';
  const expected = gap.expected ? `. Expected: ${gap.expected}` : '';
  return plain(`${where}${gap.what}${expected} [${gap.id}]`);
}
