/* `sightline verify`: probes from here, against the prediction and the baseline. */
import { localProbers } from '#app/local-probers.ts';
import { verify } from '#app/verify.ts';
import { plain } from '#report/plain.ts';
import { probesText } from '#report/verify-text.ts';
import type { Run } from '../main.ts';
import { RunConsole } from '../run-console.ts';
import { runsOption } from '../run-end.ts';

export const run: Run = async (terminal, [what = ''], options) => {
  const isJson = options.json === true;
  const from = typeof options.from === 'string' ? options.from : undefined;
  const console = new RunConsole(terminal, { isYes: false, isJson });
  const report = await console.during(
    () =>
      verify({
        what,
        probers: (snapshot, asBefore) => localProbers(snapshot, from ?? asBefore),
        working: isJson ? () => undefined : console.hooks().working,
        ...runsOption(options),
      }),
    () => process.exit(3),
  );
  if (isJson) terminal.out(JSON.stringify(report, null, 2));
  else {
    const beside = report.baselineAt === undefined ? 'no baseline' : `baseline of ${report.baselineAt}`;
    terminal.out(`${terminal.palette.strong(plain(report.state))}  ${terminal.palette.dim(beside)}\n`);
    terminal.out(probesText(report, { ...terminal, all: options.all === true }));
  }
  return report.isGood ? 0 : 1;
};
