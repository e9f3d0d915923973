/* `sightline collect`: prints the script; runs nothing. */
import { collectScript } from '#report/collect-script.ts';
import type { Run } from '../main.ts';

export const run: Run = async (terminal, _args, options) => {
  terminal.out(collectScript(String(options.into ?? 'snapshot')).trimEnd());
  return 0;
};
