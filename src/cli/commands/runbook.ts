/* `sightline runbook`: a proved plan as Markdown, or with --out as a folder of everything that a person needs for it. */
import { loadArtifactInput, writeArtifacts } from '#app/artifacts.ts';
import { renderRunbook } from '#report/runbook/runbook.ts';
import type { Run } from '../main.ts';

export const run: Run = async (terminal, [plan = ''], options) => {
  const input = await loadArtifactInput({
    plan,
    ...(options.proof !== undefined && { proof: String(options.proof) }),
  });
  if (options.out === undefined) {
    terminal.out(renderRunbook(input).trimEnd());
    return 0;
  }
  const folder = String(options.out);
  const files = await writeArtifacts(folder, input);
  terminal.out(files.map((f) => `${folder}/${f.path}`).join('\n'));
  for (const m of input.missing) terminal.note(`by hand: ${m.file}${m.line ? `:${m.line}` : ''}: ${m.says}`);
  return 0;
};
