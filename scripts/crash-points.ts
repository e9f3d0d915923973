/*
 * kill -9 of a real process at every record of its journal (before, in the middle of the line, after) and at every write
 * (the request is out and did, or did not, take effect), forward and on the way back. Resumed it must end as an undisturbed
 * run does, rolled back as it began, and no write may happen twice.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journalFile } from '#adapters/run-folder/journal-file.ts';
import { parseJournal } from '#apply/journal.ts';
import type { Call } from '#lab/stand-ins/faults.ts';
import { back, go, runWorld } from '#test/actuators/run.ts';
import { actuatorsFor, planOf, startWorld, tokenNames } from '#test/actuators/world.ts';
import type { ChildTask } from './crash-points/child.ts';

type Direction = ChildTask['direction'];
/** Where the process dies. */
type Point =
  | { readonly kind: 'record'; readonly n: number; readonly when: 'before' | 'cut' | 'after' }
  | { readonly kind: 'write'; readonly n: number; readonly when: 'before' | 'after' };

const folder = mkdtempSync(join(tmpdir(), 'sightline-crash-'));
const path = join(folder, 'journal.jsonl');
let world = await startWorld();
/** `npm run crash-points -- WORDS`: only the points whose name holds them. */
const only = process.argv.slice(2).join(' ');
const failures: string[] = [];
let checked = 0;

try {
  const start = world.state();
  const forward = await undisturbed('forward');
  const end = world.state();
  const backward = await undisturbed('back');
  expectState('an undisturbed run and its way back', start);
  if (forward.records < 20 || forward.writes < 8 || backward.writes < 8)
    throw new Error(`too little to check: ${JSON.stringify({ forward, backward })}`);
  const total = 2 * pointsOf(forward).length + pointsOf(backward).length;
  const shown = setInterval(() => console.log(`${checked} of ${total}`), 30_000);
  shown.unref();
  for (const point of pointsOf(forward)) {
    for (const way of ['resume', 'roll back'] as const) await checkForward(point, way, start, end);
  }
  for (const point of pointsOf(backward)) await checkBack(point, start, end);
  const secrets = Object.values(tokenNames).map((name) => process.env[name] ?? name);
  console.log(
    `${checked} crash points: ${forward.records} records and ${forward.writes} writes forward, ${backward.records} and ${backward.writes} back; ${secrets.length} secrets in no journal`,
  );
} finally {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 && checked > (only === '' ? 100 : 0) ? 0 : 1;

interface Counted {
  readonly records: number;
  readonly writes: number;
}

/** Runs to the end in a child, and counts. Forward it begins a new journal. */
async function undisturbed(direction: Direction): Promise<Counted> {
  if (direction === 'forward') rmSync(path, { force: true });
  const before = recordsNow();
  let writes = 0;
  world.setFault((call) => {
    if (isWrite(call)) writes += 1;
    return undefined;
  });
  const ended = await runChild({ places: world.places, journal: path, direction });
  world.setFault(undefined);
  if (ended !== 'done' && ended !== 'rolled-back') throw new Error(`the undisturbed run ended with ${ended}`);
  return { records: recordsNow() - before, writes };
}

function pointsOf({ records, writes }: Counted): readonly Point[] {
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
  return [
    ...numbers(records).flatMap((n) =>
      (['before', 'cut', 'after'] as const).map((when) => ({ kind: 'record', n, when }) as const),
    ),
    ...numbers(writes).flatMap((n) =>
      (['before', 'after'] as const).map((when) => ({ kind: 'write', n, when }) as const),
    ),
  ];
}

async function checkForward(
  point: Point,
  way: 'resume' | 'roll back',
  start: string,
  end: string,
): Promise<void> {
  const name = `forward, killed ${point.when} ${point.kind} ${point.n}, then ${way}`;
  if (!name.includes(only)) return;
  // a killed write may leave other names of owners behind: every point begins with the same systems
  await world.stop();
  world = await startWorld();
  const version = world.cloudflare.config().version;
  rmSync(path, { force: true });
  await killAt(point, 'forward', name);
  const run = () => runWorld(actuatorsFor(world.places), journalFile(path));
  if (way === 'resume') {
    expectResult(name, (await go(planOf(), run())).kind, 'done');
    expectState(name, end);
  }
  expectResult(name, (await back(planOf(), run())).kind, 'rolled-back');
  expectState(`${name}, at the start again`, start);
  const puts = world.cloudflare.config().version - version;
  if (way === 'resume' ? puts !== 2 : puts !== 0 && puts !== 2)
    failures.push(`${name}: the tunnel was written ${puts} times`);
  noSecrets(name);
  checked += 1;
}

async function checkBack(point: Point, start: string, end: string): Promise<void> {
  const name = `on the way back, killed ${point.when} ${point.kind} ${point.n}`;
  if (!name.includes(only)) return;
  // a killed write may leave other names of owners behind: every point begins with the same systems
  await world.stop();
  world = await startWorld();
  const version = world.cloudflare.config().version;
  rmSync(path, { force: true });
  const run = () => runWorld(actuatorsFor(world.places), journalFile(path));
  expectResult(name, (await go(planOf(), run())).kind, 'done');
  expectState(name, end);
  await killAt(point, 'back', name);
  expectResult(name, (await back(planOf(), run())).kind, 'rolled-back');
  expectState(`${name}, at the start again`, start);
  if (world.cloudflare.config().version - version !== 2)
    failures.push(`${name}: the tunnel was not written twice`);
  noSecrets(name);
  checked += 1;
}

/** Runs a child until it is dead; at a write it is killed while its request is out. */
async function killAt(point: Point, direction: Direction, name: string): Promise<void> {
  const task: ChildTask = {
    places: world.places,
    journal: path,
    direction,
    ...(point.kind === 'record' && { killAt: point }),
  };
  let left = point.kind === 'write' ? point.n : -1;
  let kill = (): void => {};
  world.setFault((call) => {
    if (!isWrite(call) || left-- !== 0) return undefined;
    kill();
    return { kind: 'reset', takesEffect: point.when === 'after' };
  });
  const ended = await runChild(task, (k) => {
    kill = k;
  });
  world.setFault(undefined);
  if (ended !== 'SIGKILL') failures.push(`${name}: the child was not killed, it ended with ${ended}`);
}

/** What it said at its end, or the signal that ended it. */
function runChild(task: ChildTask, onStart: (kill: () => void) => void = () => {}): Promise<string> {
  return new Promise((done, fail) => {
    const script = join(import.meta.dirname, 'crash-points/child.ts');
    const child = spawn(process.execPath, [script, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onStart(() => child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
    });
    child.once('error', fail);
    child.once('close', (code, signal) => done(signal ?? (code === 0 ? said.trim() : `code ${code}`)));
  });
}

/** Not a question, not a dry run. */
function isWrite(call: Call): boolean {
  if (/\/get$|selfsubjectaccessreviews$/.test(call.path)) return false;
  return call.method !== 'GET' && call.query.get('dryRun') === null;
}

function recordsNow(): number {
  return existsSync(path) ? parseJournal(readFileSync(path, 'utf8')).records.length : 0;
}

function expectState(name: string, wanted: string): void {
  if (world.state() === wanted) return;
  failures.push(`${name}: the systems are not as they should be`);
}

function expectResult(name: string, is: string, wanted: string): void {
  if (is !== wanted) failures.push(`${name}: it ended ${is}, not ${wanted}`);
}

function noSecrets(name: string): void {
  const text = readFileSync(path, 'utf8');
  const secrets = [...Object.values(tokenNames).map((n) => process.env[n] ?? ''), 'FAKE-in-the-cluster'];
  if (secrets.some((s) => text.includes(s))) failures.push(`${name}: the journal holds a secret`);
}
