/* References as Markdown and as one HTML page. */
import type { Reference } from '#estate/reference.ts';
import { evidenceText } from './evidence-text.ts';
import { page } from './html.ts';
import { escapeHtml, escapeMarkdown } from './plain.ts';

const heads = ['class', 'state', 'what', 'field', 'owner', 'where', 'why'] as const;

export function referencesToMarkdown(what: string, references: readonly Reference[]): string {
  const rows = references.map((r) => `| ${cellsOf(r).map(escapeMarkdown).join(' | ')} |`);
  return [
    `# Who points at ${escapeMarkdown(what)}`,
    '',
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => '---').join('|')}|`,
    ...rows,
    '',
  ].join('\n');
}

export function referencesToHtml(what: string, references: readonly Reference[]): string {
  const rows = references.map(
    (r) =>
      `<tr>${cellsOf(r)
        .map((c) => `<td>${escapeHtml(c)}</td>`)
        .join('')}</tr>`,
  );
  const table = `<table><tr>${heads.map((h) => `<th>${h}</th>`).join('')}</tr>${rows.join('')}</table>`;
  return page(`Who points at ${what}`, [`<h1>Who points at ${escapeHtml(what)}</h1>`, table]);
}

function cellsOf(r: Reference): readonly string[] {
  const port = r.port === undefined ? '' : `:${r.port}${r.protocol ? `/${r.protocol}` : ''}`;
  return [
    r.class,
    r.state,
    `${r.kind} ${r.fact.slice(r.kind.length + 1)}`,
    `${r.field}${port}${r.via ? ` (alias ${r.via})` : ''}`,
    r.owner ? `${r.owner.kind} ${r.owner.name}` : '',
    evidenceText(r.evidence),
    r.because,
  ];
}
