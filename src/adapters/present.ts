/*
 * What a file holds now, read as sightline.yaml says (systems[].read): `file:PATH`, or the output of `cmd:COMMAND`. Reading
 * only: what goes wrong is told by the reference and the exit code, never by what came out.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { SightlineError } from '#estate/error.ts';
import { redactText } from '#estate/secret.ts';

export interface PresentLimits {
  /** The last bytes of a larger file; a command's output beyond it is an error. */
  readonly mostBytes?: number;
  readonly timeoutMs?: number;
}

const defaultMostBytes = 64 * 1024 * 1024;

/** Throws SightlineError `unreadable-now`. */
export async function presentBytes(reference: string, limits: PresentLimits = {}): Promise<Buffer> {
  const { mostBytes = defaultMostBytes, timeoutMs = 60_000 } = limits;
  const rest = reference.slice(reference.indexOf(':') + 1);
  if (reference.startsWith('file:')) return endOfFile(rest, mostBytes, reference);
  if (reference.startsWith('cmd:')) return outputOf(rest, mostBytes, timeoutMs, reference);
  throw unreadable(reference, 'only file: and cmd: are known here');
}

async function endOfFile(path: string, mostBytes: number, reference: string): Promise<Buffer> {
  try {
    const file = await open(path.replace(/^~(?=\/)/, homedir()), 'r');
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - mostBytes);
      const bytes = Buffer.alloc(size - start);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(reference, `the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** In a process group of its own, without a terminal, so that Ctrl-C here does not end it and a time-out ends all of it. */
function outputOf(command: string, mostBytes: number, timeoutMs: number, reference: string): Promise<Buffer> {
  return new Promise((done, fail) => {
    const child = spawn('/bin/sh', ['-c', command], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let size = 0;
    let stopped: string | undefined;
    const stop = (why: string) => {
      stopped ??= why;
      if (child.pid !== undefined) endGroup(child.pid);
    };
    const timer = setTimeout(() => stop(`it took longer than ${timeoutMs / 1000} s`), timeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) stop(`it printed more than ${mostBytes} bytes`);
      else chunks.push(chunk);
    });
    child.once('error', () => stop('there is no /bin/sh'));
    child.once('close', (code) => {
      clearTimeout(timer);
      if (stopped !== undefined) fail(unreadable(reference, stopped));
      else if (code === 0) done(Buffer.concat(chunks));
      else fail(unreadable(reference, `it ended with ${code ?? 'a signal'}`));
    });
  });
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

function unreadable(reference: string, why: string): SightlineError {
  return new SightlineError('unreadable-now', `${redactText(reference)} cannot be read: ${why}`, {
    hint: 'mend systems[].read in sightline.yaml, or what it refers to',
  });
}
