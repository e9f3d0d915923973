/* `sightline runs`: all runs with how they stand, or one as the story that its journal tells. */
import { listRuns, type RunSummary, tellRun } from '#app/runs.ts';
import { goalText } from '#report/plan-text.ts';
import { runsText, stateText, storyText } from '#report/run-text.ts';
import type { Run } from '../main.ts';
import { nextText, runsOption } from '../run-end.ts';
import type { Terminal } from '../terminal.ts';

export const run: Run = async (terminal, [id], options) => {
  const place = runsOption(options);
  if (id === undefined) return list(terminal, await listRuns(place), options.json === true);
  const story = await tellRun(id, place);
  if (options.json) terminal.out(JSON.stringify({ format: 1, ...story }, null, 2));
  else {
    terminal.out(`${storyText(story.plan, story.records, terminal)}\n`);
    terminal.out(`run ${id}: ${stateText(story.state, terminal.palette)}, in ${story.path}`);
    if (story.cutBytes > 0)
      terminal.out(
        terminal.palette.warn(
          `The last line of the journal was cut by a crash (${story.cutBytes} bytes); it never counted.`,
        ),
      );
    if (story.state === 'paused' || story.state === 'stopped')
      terminal.out(story.isLab ? `  ${gone}` : nextText(id, ['resume', 'rollback'], place));
  }
  return 0;
};

/** Of a run whose systems were a lab's. */
const gone = 'made in the lab, whose systems went with it';

function list(terminal: Terminal, runs: readonly RunSummary[], isJson: boolean): number {
  if (isJson)
    terminal.out(
      JSON.stringify(
        { format: 1, runs: runs.map(({ plan, ...r }) => ({ ...r, goal: plan?.goal })) },
        null,
        2,
      ),
    );
  else {
    const lines = runs.map((r) => ({
      ...r,
      goal: r.plan ? goalText(r.plan.goal) : 'unknown plan',
      ...(r.isLab && { standing: 0, says: gone }),
    }));
    terminal.out(runsText(lines, terminal));
  }
  return 0;
}
