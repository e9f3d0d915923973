/* Ids of runs, which become names of folders and of objects. */
import { SightlineError } from '#estate/error.ts';

/** Throws SightlineError `wrong-use` where the text could lead out of the place where runs are kept. */
export function checkRunId(id: string): void {
  if (/^[\w.-]{1,80}$/.test(id) && !id.startsWith('.')) return;
  throw new SightlineError('wrong-use', `${JSON.stringify(id)} is no run id`, {
    hint: 'sightline runs lists them',
  });
}
