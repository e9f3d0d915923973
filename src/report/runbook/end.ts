/* The end of the runbook: documents that have to follow, and the last look. */
import { applyDiff } from '../artifacts/apply-diff.ts';
import { code, shell } from '../artifacts/blocks.ts';
import type { ArtifactInput } from '../artifacts/context.ts';
import { documentSlug } from '../artifacts/document-slug.ts';
import { moveOf, settingsOf } from '../artifacts/move.ts';
import { outsideCheck } from '../artifacts/verify.ts';
import { escapeMarkdown } from '../plain.ts';
import { blocksToMarkdown } from './blocks-markdown.ts';

/** Documents that state the old address; lines that are not clear are left to the reader. */
export function documentsPart({ documents, reader, plan }: ArtifactInput): string {
  const inPlan = settingsOf(plan, 'mention').map(
    (s) => reader.get('mention', s.id)?.value.file ?? s.after?.file,
  );
  const changed = documents.filter((d) => d.diff !== '' && !inPlan.includes(d.file));
  const unclear = documents.flatMap((d) => d.unclear.map((u) => ({ ...u, file: d.file })));
  const unread = reader.all('acceptedGap').filter((g) => g.value.gap.startsWith('documents/'));
  if (documents.length + unread.length === 0) return '';
  return [
    '## Documents',
    ...(changed.length === 0
      ? []
      : [
          `These pages state what is no longer so. The diffs change those lines and no others:`,
          changed.map((d) => `- ${code(d.file)}`).join('\n'),
          blocksToMarkdown([
            shell(changed.map((d) => applyDiff(`documents/${documentSlug(d.file)}.diff`, d.diff)).join('\n')),
          ]),
        ]),
    ...(unclear.length === 0
      ? []
      : [
          'Read these yourself; they state the old address, and it is not clear whose:',
          unclear
            .map((u) => `- ${code(`${u.file}:${u.line}`)} ${code(u.text.trim())}: ${escapeMarkdown(u.why)}`)
            .join('\n'),
        ]),
    ...unread.map(
      (g) => `- [ ] ${code(g.value.gap)} cannot be read by Sightline: ${escapeMarkdown(g.value.reason)}`,
    ),
  ].join('\n\n');
}

export function finalPart(input: ArtifactInput): string {
  const move = moveOf(input.plan, input.reader);
  const outside = outsideCheck(input);
  return [
    '## The last look',
    ...commitLines(input),
    'In the house:',
    blocksToMarkdown([shell('sh verify.sh')]),
    '**You should see** `All checks passed.`',
    ...(outside === ''
      ? []
      : ['Outside the house:', blocksToMarkdown([{ kind: 'code', syntax: 'text', text: outside }])]),
    ...(move === undefined
      ? []
      : [
          `The goal is met when the log shows **your own public address** and not one of a node. Look again tomorrow: CrowdSec now sees real people. ${code('cscli decisions list')} must hold nobody of the family.`,
        ]),
  ].join('\n\n');
}

/** An edit that is not pushed is undone by the next apply from another checkout. */
function commitLines({ files, documents, reader }: ArtifactInput): readonly string[] {
  const edited = [...files.map((f) => f.file), ...documents.filter((d) => d.diff !== '').map((d) => d.file)];
  const roots = reader.all('repository').flatMap((r) => (r.value.path === '' ? [] : [r.value.path]));
  const touched = roots.filter((root) => edited.some((f) => f.startsWith(`${root}/`)));
  return touched.map(
    (root) =>
      `Commit and push what ${code('git diff')} shows in ${code(root)}: an apply from another checkout would put the old state back.`,
  );
}
