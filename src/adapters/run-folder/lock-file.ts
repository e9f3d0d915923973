/*
 * One run at a time: a lock file that names its process. A lock whose process is gone (or whose number another process
 * has got since) is taken over, and the caller is told so.
 */
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { RunLock } from '#apply/run-store.ts';
import { SightlineError } from '#estate/error.ts';

interface Holder {
  readonly pid: number;
  /** Start time from /proc/PID/stat in ticks: tells a process from a later one with its number. */
  readonly started: string;
  readonly host: string;
  readonly run: string;
}

/** Takes the lock for the run; throws SightlineError `locked` while a living process holds it. */
export async function takeLock(path: string, run: string): Promise<RunLock> {
  const before = await holderOf(path);
  if (before !== undefined) {
    if (await isAlive(before)) throw locked(path, before);
    await takeAway(path, before);
  }
  const me: Holder = { pid: process.pid, started: (await startOf(process.pid)) ?? '', host: hostname(), run };
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(JSON.stringify(me));
    await file.sync();
    await file.close();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw locked(path, (await holderOf(path)) ?? me);
  }
  return {
    ...(before !== undefined && { tookOverFrom: before.run }),
    release: () => rm(path, { force: true }),
  };
}

/** Removes the lock of a dead holder, and no other: of two that find it at once, one may have taken it since. */
async function takeAway(path: string, dead: Holder): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw cause;
  }
  const moved = await holderOf(aside);
  const isDead = JSON.stringify(moved) === JSON.stringify(dead);
  if (!isDead) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  if (!isDead) throw locked(path, moved ?? dead);
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (cause instanceof SyntaxError) return { pid: 0, started: '', host: hostname(), run: 'unknown' };
    throw cause;
  }
}

/** A holder on another machine cannot be asked, so it counts as alive. */
async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) return true;
  const started = holder.pid > 0 ? await startOf(holder.pid) : undefined;
  return started !== undefined && (holder.started === '' || started === holder.started);
}

/** Field 22 of /proc/PID/stat; undefined: no such process. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function locked(path: string, holder: Holder): SightlineError {
  const where =
    holder.host === hostname() ? `process ${holder.pid}` : `process ${holder.pid} on ${holder.host}`;
  return new SightlineError('locked', `run ${holder.run} is going on (${where})`, {
    hint: `wait for it, or stop that process; if it is gone for certain, remove ${path}`,
  });
}
