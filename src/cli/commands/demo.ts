/* `sightline demo`: the whole life of a change on the example estate. Ends with 0 when it ran to its end. */
import { fileURLToPath } from 'node:url';
import { checkSnapshot } from '#app/check.ts';
import { findingsInBrief } from '#report/brief-text.ts';
import { gapText } from '#report/evidence-text.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

const example = fileURLToPath(new URL('../../../examples/home-lab', import.meta.url));

export const run: Run = async (terminal, _args, options) => {
  const snapshot = typeof options.snapshot === 'string' ? options.snapshot : example;
  await diagnose(terminal, snapshot);
  return 0;
};

async function diagnose(terminal: Terminal, snapshot: string): Promise<void> {
  const { palette } = terminal;
  const report = await checkSnapshot(snapshot);
  heading(terminal, '1  What is wrong', `${report.counts.facts} facts, ${report.counts.flows} flows walked`);
  for (const gap of report.gaps) terminal.out(palette.warn(`gap       ${gapText(gap)}`));
  terminal.out(findingsInBrief(report.findings, terminal));
}

function heading(terminal: Terminal, title: string, note: string): void {
  terminal.out(`\n${terminal.palette.strong(title)}  ${terminal.palette.dim(note)}\n`);
}
