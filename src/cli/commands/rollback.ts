/* `sightline rollback`: takes back every change of a run, last first. */
import { runWith } from './resume.ts';

export const run = runWith('the operator asked for it');
