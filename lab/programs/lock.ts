/**
 * A lock between processes: a file that names its owner, made with O_EXCL.
 * A lock whose owner no longer runs is taken over.
 */
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 100;
const writingMs = 5_000;

/** Runs `work` while no other process holds the lock at `path`; waits as long as the owner lives. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  while (!(await take(path))) {
    if (await isAbandoned(path)) await rm(path, { force: true });
    else await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`${process.pid}`);
    await file.close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const [text, age] = await Promise.all([readFile(path, 'utf8'), ageMs(path)]).catch(() => ['', 0] as const);
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 0) return age > writingMs; // being written, or its owner died in between
  try {
    process.kill(pid, 0);
    return false;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function ageMs(path: string): Promise<number> {
  return Date.now() - (await stat(path)).mtimeMs;
}
