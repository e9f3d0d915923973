/*
 * Each run has a folder under the system's temporary folder with a note of who owns it. Namespaces and processes die
 * with their owner by themselves; a killed builder can leave the folder (and, if all else failed, the box's process):
 * the next start sees by pid and start time that the owner is gone and removes both.
 */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of folders that only their owner needs. */
const prefixes = ['sightline-lab-', 'sightline-live-', 'sightline-demo-'] as const;

interface ProcessMark {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: ticks since boot, so that a reused pid is not taken for the owner. */
  readonly startedAt: string;
}

interface Note {
  /** Pids mean something within this pid namespace alone: another container may share the temporary folder. */
  readonly namespace: string;
  readonly owner: ProcessMark;
  readonly box?: ProcessMark;
}

/** Makes the run's folder, with this process as its owner. */
export function makeRunFolder(): string {
  const folder = makeOwnFolder('sightline-lab-');
  mkdirSync(join(folder, 'hosts'));
  return folder;
}

/** A folder with this process as its owner, for whatever a killed one must not leave for good. */
export function makeOwnFolder(prefix: (typeof prefixes)[number], more = ''): string {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${more}`));
  const owner = markOf(process.pid) ?? { pid: process.pid, startedAt: '' };
  writeNote(folder, { namespace: ownNamespace(), owner });
  return folder;
}

/** Adds the box's process to the note. */
export function noteBox(folder: string, pid: number): void {
  const box = markOf(pid);
  const owner = markOf(process.pid);
  if (box && owner) writeNote(folder, { namespace: ownNamespace(), owner, box });
}

/** Removes what runs of dead owners left; says which folders. Only the caller's own user's runs are touched. */
export function removeLeftovers(): readonly string[] {
  const folders = readdirSync(tmpdir()).filter((name) => prefixes.some((p) => name.startsWith(p)));
  return folders
    .map((name) => join(tmpdir(), name))
    .filter((folder) => isMine(folder) && removeIfDead(folder));
}

function removeIfDead(folder: string): boolean {
  const note = readNote(folder);
  // A folder without a note is one that another builder is making right now, or made and died: give it a minute.
  if (!note && isYoung(folder)) return false;
  if (note && (note.namespace !== ownNamespace() || isAlive(note.owner))) return false;
  if (note?.box && isAlive(note.box)) process.kill(note.box.pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  return true;
}

function isYoung(folder: string): boolean {
  const { mtimeMs = 0 } = statSync(folder, { throwIfNoEntry: false }) ?? {};
  return Date.now() - mtimeMs < 60_000;
}

function ownNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

function isMine(folder: string): boolean {
  try {
    return lstatSync(folder).uid === process.getuid?.();
  } catch {
    return false;
  }
}

function isAlive(mark: ProcessMark): boolean {
  return markOf(mark.pid)?.startedAt === mark.startedAt;
}

function markOf(pid: number): ProcessMark | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold spaces: count fields behind its end. 22 is the 20th behind.
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return startedAt === undefined ? undefined : { pid, startedAt };
  } catch {
    return undefined;
  }
}

function writeNote(folder: string, note: Note): void {
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(note));
}

function readNote(folder: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Note;
  } catch {
    return undefined;
  }
}
