/* References on a terminal: grouped by what they are to the address, each with its owner and what becomes of it. */
import type { Reference } from '#estate/reference.ts';
import { evidenceText } from './evidence-text.ts';
import { plain } from './plain.ts';
import { columns, type Palette } from './style.ts';

const titles: Readonly<Record<Reference['class'], string>> = {
  producer: 'producers: they give the address out or answer on it',
  consumer: 'consumers: they dial it or send others to it',
  assertion: 'assertions: they expect it',
  prose: 'prose: texts that state it',
};

export function referencesToText(references: readonly Reference[], palette: Palette): string {
  if (references.length === 0) return 'Nothing in this snapshot points at it.';
  const parts = (Object.keys(titles) as Reference['class'][]).flatMap((c) => {
    const some = references.filter((r) => r.class === c);
    return some.length === 0
      ? []
      : [`${palette.strong(titles[c])}\n${columns(some.map((r) => row(r, palette)))}`];
  });
  return [...parts, palette.strong(summary(references))].join('\n\n');
}

function row(r: Reference, palette: Palette): string[] {
  const port = r.port === undefined ? '' : `:${r.port}${r.protocol ? `/${r.protocol}` : ''}`;
  const state =
    r.state === 'unaffected'
      ? palette.dim(r.state)
      : r.state === 'would-break'
        ? palette.warn(r.state)
        : palette.bad(r.state);
  const owner = r.owner ? `${r.owner.kind} ${r.owner.name}` : '';
  return [
    `  ${state}`,
    plain(`${r.kind} ${r.fact.slice(r.kind.length + 1)}`, 90),
    plain(`${r.field}${port}${r.via ? ` (by alias ${r.via})` : ''}`, 60),
    plain(owner, 40),
    palette.dim(evidenceText(r.evidence)),
  ];
}

function summary(references: readonly Reference[]): string {
  const count = (s: Reference['state']) => references.filter((r) => r.state === s).length;
  return `${references.length} references: ${count('would-break')} would break if it were left, ${count('already-broken')} are broken already, ${count('unaffected')} unaffected`;
}
