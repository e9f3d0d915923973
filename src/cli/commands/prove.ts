/* `sightline prove`: proved, refuted with the shortest history, or undecided because of a gap. */
import { type ProveQuestion, type ProveReport, provePlanFile } from '#app/prove.ts';
import { SightlineError } from '#estate/error.ts';
import { plain } from '#report/plain.ts';
import { goalText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import { reportFailure } from '../failure.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = async (terminal, [path = ''], options) => {
  const question = {
    ...(typeof options.snapshot === 'string' && { snapshot: options.snapshot }),
    faults: Number(options.faults) as 0 | 1 | 2,
    others: countOf(options.others),
  };
  if (options.watch) return proveAgain(terminal, path, question, Boolean(options.json));
  const report = await provePlanFile(path, question);
  if (options.json) terminal.out(JSON.stringify(documentOf(report), null, 2));
  else print(terminal, report);
  return codeOf(report);
};

/** Until Ctrl-C; the exit code is that of the last proof. One line of JSON for each. */
async function proveAgain(terminal: Terminal, path: string, question: ProveQuestion, isJson: boolean) {
  const { provings } = await import('#app/prove-again.ts');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  let code = 3;
  for await (const now of provings(path, question, stop.signal)) {
    if (now.kind === 'error') code = reportFailure(terminal, now.error);
    else if (isJson) terminal.out(JSON.stringify(documentOf(now.report)));
    else print(terminal, now.report);
    if (now.kind === 'proof') code = codeOf(now.report);
    terminal.note(
      terminal.notePalette.dim('proved again when the plan or its snapshot changes; Ctrl-C ends it'),
    );
  }
  return code;
}

function documentOf({ path, proof }: ProveReport) {
  return { format: 1, path, proof };
}

function print(terminal: Terminal, { plan, proof }: ProveReport): void {
  terminal.out(`${terminal.palette.strong(plain(goalText(plan.goal)))}\n`);
  terminal.out(proofToText(proof, terminal));
}

function codeOf({ proof }: ProveReport): number {
  return proof.kind === 'proved' ? 0 : 1;
}

function countOf(text: unknown): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new SightlineError('wrong-use', `--others ${JSON.stringify(text)} is no number`, {
    hint: 'write how many more counterexamples to look for, such as 10',
  });
}
