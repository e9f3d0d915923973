/*
 * Runs the user's own command: in a process group of its own, so that our Ctrl-C does not reach it; its output goes to a
 * file and through no pipe, because a pipe that closes early kills an apply in the middle.
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withoutSecrets } from '../credential.ts';

export interface Command {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** File that gets everything the command prints. */
  readonly log: string;
  readonly timeoutMs: number;
  /** Added to this process's. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface CommandEnd {
  /** Exit code; undefined: ended by a signal, or it could not be started. */
  readonly code: number | undefined;
  readonly isTimeout: boolean;
  /** Last lines of its output, without secrets. */
  readonly tail: string;
}

/** How long it may take to end in order after it was asked to. */
const graceMs = 60_000;

/** Resolves when the command has ended, in whatever way. On time-out it is interrupted first, as by Ctrl-C. */
export async function runCommand({ argv, cwd, log, timeoutMs, environment }: Command): Promise<CommandEnd> {
  await mkdir(dirname(log), { recursive: true, mode: 0o700 });
  const file = await open(log, 'a', 0o600);
  const [program = '', ...args] = argv;
  const env = { ...process.env, ...environment };
  const child = spawn(program, args, { cwd, detached: true, stdio: ['ignore', file.fd, file.fd], env });
  let isTimeout = false;
  const timers: NodeJS.Timeout[] = [];
  const signal = (name: NodeJS.Signals) => {
    isTimeout = true;
    if (child.pid !== undefined) signalGroup(child.pid, name);
  };
  timers.push(setTimeout(() => signal('SIGINT'), timeoutMs));
  timers.push(setTimeout(() => signal('SIGTERM'), timeoutMs + graceMs));
  try {
    const code = await new Promise<number | undefined>((resolve) => {
      child.once('error', () => resolve(undefined));
      child.once('exit', (exit) => resolve(exit ?? undefined));
    });
    return { code, isTimeout, tail: await tailOf(log) };
  } finally {
    for (const t of timers) clearTimeout(t);
    await file.close();
  }
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // it has ended meanwhile
  }
}

async function tailOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return withoutSecrets(text.trimEnd().split('\n').slice(-5).join('\n'));
}
