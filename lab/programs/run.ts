/**
 * Runs programs of the cache: once to the end, or in the background until a condition holds.
 * Only processes started here are ended.
 */
import { execFile, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Program } from '../programs.ts';

const exec = promisify(execFile);

/** What a finished program wrote. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that goes on running until `stop`. */
export interface Running {
  /** What it wrote so far, both streams. */
  readonly output: () => string;
  readonly hasEnded: () => boolean;
  /** Ends it and waits for the end. */
  readonly stop: () => Promise<void>;
}

/** Runs a program to its end; a failure throws with what it wrote. `prefix` goes before it (unshare …). */
export async function runProgram(
  program: Program,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<Output> {
  const [file = program.path, ...rest] = [...prefix, program.path, ...args];
  return exec(file, rest, { env: program.env, timeout: 60_000, maxBuffer: 16 << 20 });
}

/** Starts a program that serves. */
export function startProgram(
  program: Program,
  args: readonly string[],
  prefix: readonly string[] = [],
): Running {
  const [file = program.path, ...rest] = [...prefix, program.path, ...args];
  const child = spawn(file, rest, { env: program.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let hasEnded = false;
  child.stdout.on('data', (data) => {
    text += data;
  });
  child.stderr.on('data', (data) => {
    text += data;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      text += error.message;
      hasEnded = true;
      resolve();
    });
    child.once('exit', () => {
      hasEnded = true;
      resolve();
    });
  });
  return { output: () => text, hasEnded: () => hasEnded, stop: () => endChild(child, ended) };
}

/** Waits until `isReady` gives true; throws with the program's output if it ends or the time is over first. */
export async function untilReady(
  running: Running,
  isReady: () => Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await isReady().catch(() => false))) {
    if (running.hasEnded()) throw new Error(`ended early: ${running.output().slice(-2000)}`);
    if (Date.now() > end) throw new Error(`not ready in ${timeoutMs} ms: ${running.output().slice(-2000)}`);
    await sleep(50);
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return typeof address === 'object' && address ? address.port : 0;
}

/** Sends text to a port of 127.0.0.1 and gives everything that comes back until the peer closes. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(30_000, () => socket.destroy(new Error('no answer in 30 s')));
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

async function endChild(child: ReturnType<typeof spawn>, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(patience);
}
