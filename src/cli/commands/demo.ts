/* `sightline demo`: the whole life of a change on the example estate. Ends with 0 when every part came out as it must. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DemoStage, demo } from '#app/demo.ts';
import { appliedInBrief } from '#report/applied-brief.ts';
import { beforeAfterToText } from '#report/before-after.ts';
import { findingsInBrief } from '#report/brief-text.ts';
import { gapText } from '#report/evidence-text.ts';
import { planInBrief, proofInBrief } from '#report/plan-brief.ts';
import { rehearsalInBrief } from '#report/rehearsal-brief.ts';
import { wrap } from '#report/style.ts';
import type { Run } from '../main.ts';
import type { Terminal } from '../terminal.ts';

const example = fileURLToPath(new URL('../../../examples/home-lab', import.meta.url));

export const run: Run = async (terminal, _args, options) => {
  const snapshot = typeof options.snapshot === 'string' ? options.snapshot : relative('.', example) || '.';
  const result = await demo({ snapshot, hasLab: options.lab !== false }, stagesOn(terminal));
  for (const problem of result.says) terminal.note(terminal.notePalette.warn(problem));
  if (result.isGood) terminal.out(`\n${nextSteps(snapshot)}`);
  return result.isGood ? 0 : 1;
};

function stagesOn(terminal: Terminal): DemoStage {
  const { palette } = terminal;
  return {
    working: (says) => terminal.note(terminal.notePalette.dim(`… ${says}`)),
    diagnosis: (report) => {
      heading(terminal, 'What is wrong', `${report.counts.facts} facts, ${report.counts.flows} flows walked`);
      for (const gap of report.gaps)
        terminal.out(
          palette.warn(wrap(gapText(gap), terminal.width, '          ').replace(/^ {10}/, 'gap       ')),
        );
      terminal.out(findingsInBrief(report.findings, terminal));
    },
    plan: (style, { outcome, proof, findMs }) => {
      heading(terminal, `The plan, ${style}`, `found in ${(findMs / 1000).toFixed(1)} s`);
      if (outcome.kind === 'unreachable') terminal.out(`${outcome.says}; ${outcome.nearest}`);
      else if (style === 'additive') terminal.out(`${planInBrief(outcome.plan, terminal)}\n`);
      if (outcome.kind === 'stuck') terminal.out(palette.bad(outcome.says));
      if (proof) terminal.out(proofInBrief(proof, terminal));
    },
    kernel: (table) => {
      if (table.kind === 'unavailable') {
        heading(terminal, 'On a real kernel', 'left out');
        terminal.out(palette.warn(`${table.reason}. ${table.hint}`));
        return;
      }
      heading(
        terminal,
        'On a real kernel',
        `the estate in network namespaces, up in ${(table.upMs / 1000).toFixed(1)} s`,
      );
      terminal.out(beforeAfterToText(table, palette));
    },
    rehearsal: (rehearsal) => {
      heading(terminal, 'Rehearsed', 'the additive plan, carried out there under traffic');
      terminal.out(rehearsalInBrief(rehearsal, palette));
    },
    applied: (applied) => {
      const systems = 'a Kubernetes API, Technitium, pfSense and a checkout of the lab';
      heading(terminal, 'Applied', `the same plan through the real adapters: ${systems}`);
      terminal.out(appliedInBrief(applied, terminal));
    },
  };
}

function heading(terminal: Terminal, title: string, note: string): void {
  terminal.out(`\n${terminal.palette.strong(title)}  ${terminal.palette.dim(note)}\n`);
}

function nextSteps(snapshot: string): string {
  return [
    'Look closer:',
    `  ./sightline check ${snapshot} --html report.html`,
    `  ./sightline trace ${snapshot} --from internet --to immich.viktorbarzin.me`,
    'Your own estate:',
    '  ./sightline collect > collect.sh    # read it, run it, then: ./sightline check snapshot',
  ].join('\n');
}
