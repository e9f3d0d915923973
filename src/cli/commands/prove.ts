/* `sightline prove`: proved, refuted with the shortest history, or undecided because of a gap. */
import { provePlanFile } from '#app/prove.ts';
import { SightlineError } from '#estate/error.ts';
import { plain } from '#report/plain.ts';
import { goalText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import type { Run } from '../main.ts';

export const run: Run = async (terminal, [path = ''], options) => {
  const report = await provePlanFile(path, {
    ...(typeof options.snapshot === 'string' && { snapshot: options.snapshot }),
    faults: Number(options.faults) as 0 | 1 | 2,
    others: countOf(options.others),
  });
  if (options.json) terminal.out(JSON.stringify({ format: 1, path, proof: report.proof }, null, 2));
  else {
    terminal.out(`${terminal.palette.strong(plain(goalText(report.plan.goal)))}\n`);
    terminal.out(proofToText(report.proof, terminal));
  }
  return report.proof.kind === 'proved' ? 0 : 1;
};

function countOf(text: unknown): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new SightlineError('wrong-use', `--others ${JSON.stringify(text)} is no number`, {
    hint: 'write how many more counterexamples to look for, such as 10',
  });
}
