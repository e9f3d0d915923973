/* `sightline apply`: carries a proved plan out, on the systems of sightline.yaml or in the lab. */
import { type ApplyEnd, applyPlan } from '#app/apply.ts';
import type { SystemsOf } from '#app/run-core.ts';
import { type SystemsOptions, systemsFor } from '#app/run-systems.ts';
import { count, goalText } from '#report/plan-text.ts';
import { proofToText } from '#report/proof-text.ts';
import { problemsText, titlesOf } from '#report/run-text.ts';
import type { Run } from '../main.ts';
import { RunConsole } from '../run-console.ts';
import { carried, runsOption, showEnding } from '../run-end.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = applyOn(systemsFor);

/** The command over systems of the caller's making. */
export function applyOn(systems: (options: SystemsOptions) => SystemsOf): Run {
  return async (terminal, [plan = ''], options) => {
    const isJson = options.json === true;
    const console = new RunConsole(terminal, { isYes: options.yes === true, isJson });
    const place = runsOption(options);
    const look = { isJson, ...place, rolledBackCode: 3 };
    const hooks = console.hooks();
    return carried(terminal, console, look, async () => {
      const end = await applyPlan({
        plan,
        isDry: options.dryRun === true,
        hooks,
        systems: systems({
          isLab: options.lab === true,
          ...(typeof options.from === 'string' && { from: options.from }),
          working: hooks.working,
        }),
        ...place,
      });
      return end.kind === 'run' ? showEnding(terminal, end, look) : showRefusal(terminal, end, isJson);
    });
  };
}

function showRefusal(terminal: Terminal, end: Exclude<ApplyEnd, { kind: 'run' }>, isJson: boolean): number {
  const code = end.kind === 'not-proved' ? 1 : end.kind === 'problems' ? 3 : 0;
  if (isJson) {
    const { plan: _, ...rest } = end;
    terminal.out(JSON.stringify({ event: 'end', format: 1, ...rest, exitCode: code }));
    return code;
  }
  terminal.out(refusalText(terminal, end));
  return code;
}

function refusalText(terminal: Terminal, end: Exclude<ApplyEnd, { kind: 'run' }>): string {
  const { palette } = terminal;
  switch (end.kind) {
    case 'not-proved':
      return `${palette.bad('not begun')}  the plan is not proved, and nothing was written\n\n${proofToText(end.proof, terminal)}`;
    case 'problems':
      return problemsText(end.problems, titlesOf(end.plan), terminal);
    case 'ready': {
      const changes = end.plan.stages.flatMap((s) => s.changes);
      return `${palette.good('ready')}  ${goalText(end.plan.goal)}: proved, ${count(changes.length, 'change')}, every system answers, ${count(end.probes, 'probe')} from here\n${palette.dim('  nothing was written (--dry-run)')}`;
    }
    default:
      return end satisfies never;
  }
}
