/* Every file of the artifacts folder, as values. */
import { renderRunbook } from '../runbook/runbook.ts';
import type { ArtifactFile } from './blocks.ts';
import type { ArtifactInput } from './context.ts';
import { documentSlug } from './document-slug.ts';
import { instruct } from './instruct.ts';
import { stagesToMermaid } from './mermaid.ts';
import { outsideCheck, verifyScript } from './verify.ts';

/** In the order of their paths; plan.json and proof.json are written by their own writers. */
export function artifactFiles(input: ArtifactInput): readonly ArtifactFile[] {
  const ids = input.plan.stages.flatMap((s) => s.changes.map((c) => c.id));
  const outside = outsideCheck(input);
  const files: ArtifactFile[] = [
    { path: 'runbook.md', text: renderRunbook(input) },
    { path: 'stages.mmd', text: stagesToMermaid(input.plan) },
    { path: 'verify.sh', text: verifyScript(input), isExecutable: true },
    ...(outside === '' ? [] : [{ path: 'outside-check.txt', text: outside }]),
    ...ids.flatMap((id) => instruct(input, id, 'forward').files),
    ...ids.flatMap((id) => instruct(input, id, 'back').files),
    ...documentFiles(input),
  ];
  return [...new Map(files.map((f) => [f.path, f])).values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function documentFiles({ documents }: ArtifactInput): readonly ArtifactFile[] {
  return documents
    .filter((d) => d.diff !== '')
    .flatMap((d) => [
      { path: `documents/${documentSlug(d.file)}.diff`, text: d.diff },
      { path: `rollback/documents/${documentSlug(d.file)}.diff`, text: d.undo },
    ]);
}
