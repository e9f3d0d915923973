/* `sightline resume` and `sightline rollback`: a run goes on, or walks back, from its journal. */
import { resumeRun } from '#app/resume.ts';
import type { SystemsOf } from '#app/run-core.ts';
import { type SystemsOptions, systemsFor } from '#app/run-systems.ts';
import type { Run } from '../main.ts';
import { RunConsole } from '../run-console.ts';
import { carried, checkoutOptions, runsOption, showEnding } from '../run-end.ts';

export const run: Run = runWith(undefined);

/** `turn`: why the run walks back; undefined: it goes on as it was going. */
export function runWith(
  turn: string | undefined,
  systems: (options: SystemsOptions) => SystemsOf = systemsFor,
): Run {
  return async (terminal, [id = ''], options) => {
    const isJson = options.json === true;
    const console = new RunConsole(terminal, { isYes: options.yes === true, isJson });
    const place = runsOption(options);
    const look = { isJson, ...place, rolledBackCode: turn === undefined ? 3 : 0 };
    const from = typeof options.from === 'string' ? { from: options.from } : {};
    const hooks = console.hooks();
    return carried(terminal, console, look, async () => {
      const end = await resumeRun({
        run: id,
        hooks,
        systems: systems({ isLab: false, ...from, ...checkoutOptions(options), hooks }),
        ...place,
        ...(turn !== undefined && { turn }),
      });
      return showEnding(terminal, end, look);
    });
  };
}
