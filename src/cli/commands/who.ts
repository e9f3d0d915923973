/* `sightline who`: everything that points at an address, a name or a Service. */
import { who } from '#app/who.ts';
import { referencesToText } from '#report/who-text.ts';
import type { Run } from '../main.ts';

export const run: Run = async (terminal, [snapshot = '', what = ''], options) => {
  const report = await who(snapshot, what);
  if (options.json) terminal.out(JSON.stringify(report, null, 2));
  else terminal.out(referencesToText(report.references, terminal.palette));
  return 0;
};
