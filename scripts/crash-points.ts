/*
 * kill -9 of a real process at every record of its journal (before, in the middle of the line, after), at every request that
 * writes (it is out and did, or did not, take effect), every file and every owner's command, forward and on the way back.
 * Resumed it must end as an undisturbed run does, rolled back as it began, and nothing may be written twice.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Lane } from './crash-points/lane.ts';

/** `--lane 0/2`: every second point, by one process. Other words: only the points whose name holds them. */
const at = process.argv.indexOf('--lane');
const words = process.argv.slice(2).filter((_, n) => at < 0 || (n !== at - 2 && n !== at - 1));

process.exitCode = at < 0 ? await allLanes() : await oneLane(process.argv[at + 1] ?? '');

/** Lanes share nothing: each has stand-ins of its own. */
async function allLanes(): Promise<number> {
  const count = Math.min(4, Math.max(2, availableParallelism()));
  const codes = await Promise.all(
    Array.from({ length: count }, (_, n) => {
      const args = [fileURLToPath(import.meta.url), '--lane', `${n}/${count}`, ...words];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      return new Promise<number>((done) => child.once('close', (code) => done(code ?? 1)));
    }),
  );
  return codes.every((code) => code === 0) ? 0 : 1;
}

async function oneLane(share: string): Promise<number> {
  const [n = 0, of = 1] = share.split('/').map(Number);
  const lane = new Lane(n, of, words.join(' '));
  const failures = await lane.run();
  for (const failure of failures) console.error(failure);
  return failures.length === 0 && lane.checked > (words.length === 0 ? 40 : 0) ? 0 : 1;
}
