/**
 * What a longer check needs of the machine, whether it is here, and the command that would bring it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { type ProgramName, programs } from '#lab/programs.ts';

const run = promisify(execFile);

/** A Debian program, or the right to make network namespaces. */
export type Need = ProgramName | 'netns';

/** Something that is needed and not here. */
export interface Lack {
  readonly need: Need;
  readonly message: string;
  /** What a person can run to have it here. */
  readonly command: string;
  /** True if this machine could have it as it is: apt is here, and the fetch failed. `.ci/run` fails on these. */
  readonly isPossible: boolean;
}

/** Everything of `needs` that is not to be had; programs are fetched on the way. */
export async function findLacks(needs: readonly Need[]): Promise<readonly Lack[]> {
  const names = needs.filter((need): need is ProgramName => need !== 'netns');
  const hasApt = existsSync('/usr/bin/apt-get');
  const missing = (await programs(names)).filter((one) => one.kind === 'missing');
  const lacks: Lack[] = missing.map((one) => ({
    need: one.name,
    message: one.message,
    command: one.command,
    isPossible: hasApt,
  }));
  if (needs.includes('netns') && !(await canMakeNetns()))
    lacks.push({
      need: 'netns',
      message: 'this user may not make network namespaces',
      command: 'sysctl -w kernel.unprivileged_userns_clone=1 (or run as root)',
      isPossible: false,
    });
  return lacks;
}

async function canMakeNetns(): Promise<boolean> {
  const flags = process.geteuid?.() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
  return run('unshare', [...flags, 'true']).then(
    () => true,
    () => false,
  );
}
