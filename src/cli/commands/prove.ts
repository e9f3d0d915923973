/* `sightline prove`: proved, refuted with the shortest history, or undecided because of a gap. */
import { provePlanFile } from '#app/prove.ts';
import { plain } from '#report/plain.ts';
import { goalText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import type { Run } from '../main.ts';

export const run: Run = async (terminal, [path = ''], options) => {
  const report = await provePlanFile(path);
  if (options.json) terminal.out(JSON.stringify({ format: 1, path, proof: report.proof }, null, 2));
  else {
    terminal.out(`${terminal.palette.strong(plain(goalText(report.plan.goal)))}\n`);
    terminal.out(proofToText(report.proof, terminal));
  }
  return report.proof.kind === 'proved' ? 0 : 1;
};
