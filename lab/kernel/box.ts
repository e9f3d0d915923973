/*
 * The box a lab lives in: mount, pid, ipc and network namespaces of its own (without root a user namespace too), held open
 * by one tiny process that ends when its input closes. As it is process 1 in there, the kernel then ends every process
 * of the lab, and with the last of them every netns, link and rule goes. So a killed builder leaves nothing running.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { hold, letGo } from './hold.ts';

export type BoxMode = 'root' | 'user-namespace';

export interface Box {
  readonly mode: BoxMode;
  /** Its first process's id, as seen from outside. */
  readonly pid: number;
  readonly process: ChildProcess;
}

// A tmpfs over /run is private to the box: /run/netns can be made without root, and is never the machine's own. So is one
// over /dev/shm: what a database that is killed leaves there, and in the ipc namespace, goes with the box.
// SIGCHLD ignored: the kernel reaps orphans, since cat does not.
const boxScript = `set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns
if [ -d /dev/shm ]; then mount -t tmpfs -o mode=1777 tmpfs /dev/shm; fi
read -r pid rest < /proc/self/stat
echo "ready $pid"
trap '' CHLD
exec cat > /dev/null`;

/** Opens a box, or says in words why the kernel refused. */
export async function openBox(mode: BoxMode): Promise<Box | string> {
  const flags = ['--mount', '--net', '--ipc', '--pid', '--fork', '--kill-child=KILL'];
  const user = mode === 'root' ? [] : ['--user', '--map-root-user'];
  const argv = ['--pdeathsig', 'KILL', 'unshare', ...user, ...flags, 'sh', '-c', boxScript];
  const child = spawn('setpriv', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  child.stdin.on('error', () => undefined);
  const pid = await readyPid(child);
  if (pid === undefined) return errors.join('').trim() || 'the box ended before it was ready';
  // A box must not keep the builder's process alive by itself.
  letGo(child);
  return { mode, pid, process: child };
}

/** The argv that runs `argv` inside the box, in a host's netns or (no host) in the box's own. It dies with its parent. */
export function insideBox(box: Box, host: string | undefined, argv: readonly string[]): readonly string[] {
  const user = box.mode === 'root' ? [] : ['--user', '--preserve-credentials'];
  const net = host === undefined ? '--net' : `--net=/proc/${box.pid}/root/run/netns/${host}`;
  const enter = ['nsenter', '--target', `${box.pid}`, ...user, '--mount', '--ipc', '--pid', net];
  return [...enter, '--', 'setpriv', '--pdeathsig', 'KILL', '--', ...argv];
}

/** Closes the box and waits until its first process, and so all of them, are gone. */
export async function closeBox(box: Box): Promise<void> {
  const child = box.process;
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  hold(child);
  killBox(box);
  await gone;
}

/** The same from an exit handler, where nothing can be waited for. */
export function killBox(box: Box): void {
  try {
    process.kill(box.pid, 'SIGKILL');
  } catch {
    // It was gone already.
  }
}

async function readyPid(child: ChildProcess): Promise<number | undefined> {
  const failed = new Promise<undefined>((resolve) => {
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
  });
  if (!child.stdout) return undefined;
  const lines = createInterface({ input: child.stdout });
  const said = new Promise<string>((resolve) => lines.once('line', resolve));
  const line = await Promise.race([said, failed]);
  lines.close();
  return line?.startsWith('ready ') ? Number(line.slice(6)) : undefined;
}
