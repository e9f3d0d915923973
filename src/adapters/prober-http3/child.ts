/*
 * The probing process: takes one target, answers with its outcome, ends.
 */
import { attemptHttp3 } from './attempt.ts';
import type { Http3Target } from './outcome.ts';

process.once('message', async (target) => {
  process.send?.(await attemptHttp3(target as Http3Target));
});
process.once('disconnect', () => process.exit(0));
