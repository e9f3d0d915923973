/* One lane of the crash points: stand-ins of its own, every nth point, and what is expected after each. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { journalFile } from '#adapters/run-folder/journal-file.ts';
import { parseJournal } from '#apply/journal.ts';
import type { Call } from '#lab/stand-ins/faults.ts';
import { type BindWorld, bindAt, bindChange, startBind, tsigName } from '#test/actuators/bind.ts';
import { secretInFiles } from '#test/actuators/checkout.ts';
import { back, go, runWorld } from '#test/actuators/run.ts';
import { startWorld, tokenNames, type World } from '#test/actuators/world.ts';
import { actuatorsWith, type ChildEnd, type ChildTask, planWith } from './child.ts';
import { type Counted, type Point, pointsOf, textOf } from './points.ts';

type Direction = ChildTask['direction'];

export class Lane {
  checked = 0;
  readonly #share: { readonly n: number; readonly of: number };
  readonly #only: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sightline-crash-'));
  readonly #path = join(this.#folder, 'journal.jsonl');
  readonly #failures: string[] = [];
  #world: World | undefined;
  #bind: BindWorld | undefined;

  constructor(n: number, of: number, only: string) {
    this.#share = { n, of };
    this.#only = only;
  }

  /** What went wrong. */
  async run(): Promise<readonly string[]> {
    try {
      this.#world = await startWorld();
      const bind = await startBind();
      if (bind.kind === 'bind') this.#bind = bind;
      else this.#failures.push(`without BIND: ${bind.message}`);
      await this.#all();
    } finally {
      await this.#world?.stop();
      await this.#bind?.stop();
      rmSync(this.#folder, { recursive: true, force: true });
    }
    return this.#failures;
  }

  async #all(): Promise<void> {
    const start = this.#systems.state();
    const forward = await this.#undisturbed('forward');
    const end = this.#systems.state();
    const backward = await this.#undisturbed('back');
    this.#expectState('an undisturbed run and its way back', start);
    const least = { records: 20, requests: 8, files: 4, commands: 1 };
    for (const key of ['records', 'requests', 'files', 'commands'] as const)
      if (forward[key] < least[key]) throw new Error(`too little to check: ${JSON.stringify(forward)}`);
    const checks = [
      ...pointsOf(forward).flatMap((p) =>
        (['resume', 'roll back'] as const).map((way) => () => this.#checkForward(p, way, start, end)),
      ),
      ...pointsOf(backward).map((p) => () => this.#checkBack(p, start, end)),
    ];
    const { n, of } = this.#share;
    for (const check of checks.filter((_, i) => i % of === n)) await check();
    const counts = ({ records, requests, files, commands }: Counted) =>
      `${records} records, ${requests} requests, ${files} files and ${commands} commands`;
    console.log(
      `lane ${n + 1} of ${of}: ${this.checked} of ${checks.length} crash points: ${counts(forward)} forward, ${counts(backward)} back; ${this.#secrets().length} secrets in no journal`,
    );
  }

  get #systems(): World {
    if (this.#world === undefined) throw new Error('no world');
    return this.#world;
  }

  /** Runs to the end in a child, and counts. Forward it begins a new journal. */
  async #undisturbed(direction: Direction): Promise<Counted> {
    if (direction === 'forward') rmSync(this.#path, { force: true });
    const before = this.#recordsNow();
    let requests = 0;
    this.#onWrites(() => {
      requests += 1;
      return undefined;
    });
    const ended = await this.#runChild({ direction });
    this.#onWrites(undefined);
    const end = ended.startsWith('{') ? (JSON.parse(ended) as ChildEnd) : undefined;
    if (end?.result !== 'done' && end?.result !== 'rolled-back')
      throw new Error(`the undisturbed run ended with ${ended}`);
    return { records: this.#recordsNow() - before, requests, files: end.files, commands: end.commands };
  }

  async #checkForward(point: Point, way: 'resume' | 'roll back', start: string, end: string): Promise<void> {
    const name = `forward, killed ${textOf(point)}, then ${way}`;
    if (!name.includes(this.#only)) return;
    const version = await this.#fresh();
    await this.#killAt(point, 'forward', name);
    if (way === 'resume') {
      this.#expectResult(name, (await go(planWith(this.#bind?.place), this.#calm())).kind, 'done');
      this.#expectState(name, end);
      await this.#expectRecord(name, 'after');
    }
    await this.#takenBack(name, start);
    const puts = this.#systems.cloudflare.config().version - version;
    if (way === 'resume' ? puts !== 2 : puts !== 0 && puts !== 2)
      this.#failures.push(`${name}: the tunnel was written ${puts} times`);
    this.#noSecrets(name);
    this.checked += 1;
  }

  async #checkBack(point: Point, start: string, end: string): Promise<void> {
    const name = `on the way back, killed ${textOf(point)}`;
    if (!name.includes(this.#only)) return;
    const version = await this.#fresh();
    this.#expectResult(name, (await go(planWith(this.#bind?.place), this.#calm())).kind, 'done');
    this.#expectState(name, end);
    await this.#killAt(point, 'back', name);
    await this.#takenBack(name, start);
    if (this.#systems.cloudflare.config().version - version !== 2)
      this.#failures.push(`${name}: the tunnel was not written twice`);
    this.#noSecrets(name);
    this.checked += 1;
  }

  /** A killed write may leave other names of owners behind: every point begins with the same systems. */
  async #fresh(): Promise<number> {
    await this.#systems.stop();
    this.#world = await startWorld();
    rmSync(this.#path, { force: true });
    return this.#systems.cloudflare.config().version;
  }

  async #takenBack(name: string, start: string): Promise<void> {
    const { kind } = await back(planWith(this.#bind?.place), this.#calm());
    this.#expectResult(name, kind, 'rolled-back');
    this.#expectState(`${name}, at the start again`, start);
    await this.#expectRecord(`${name}, at the start again`, 'before');
  }

  #calm() {
    const actuators = actuatorsWith(this.#systems.places, this.#bind?.place);
    return runWorld(actuators, journalFile(this.#path));
  }

  /** Runs a child until it is dead; at a request it is killed while that is out. */
  async #killAt(point: Point, direction: Direction, name: string): Promise<void> {
    const { kind, n, when } = point;
    let left = kind === 'request' ? n : -1;
    let kill = (): void => {};
    this.#onWrites(() => {
      if (left-- !== 0) return undefined;
      kill();
      return { kind: 'reset', takesEffect: when === 'after' };
    });
    const killAt = kind === 'request' ? {} : { killAt: { kind, n, when } };
    const ended = await this.#runChild({ direction, ...killAt }, (k) => {
      kill = k;
    });
    this.#onWrites(undefined);
    if (ended !== 'SIGKILL') this.#failures.push(`${name}: the child was not killed, it ended with ${ended}`);
  }

  /** Told of every request that writes, whichever system it goes to. */
  #onWrites(choose: (() => { kind: 'reset'; takesEffect: boolean } | undefined) | undefined): void {
    this.#systems.setFault(choose && ((call) => (isWrite(call) ? choose() : undefined)));
    this.#bind?.proxy.setFault(choose && ((isUpdate) => (isUpdate ? choose() : undefined)));
  }

  /** What it said at its end, or the signal that ended it. */
  #runChild(
    task: Pick<ChildTask, 'direction' | 'killAt'>,
    onStart: (kill: () => void) => void = () => {},
  ): Promise<string> {
    const whole: ChildTask = {
      places: this.#systems.places,
      ...(this.#bind && { bind: this.#bind.place }),
      journal: this.#path,
      ...task,
    };
    return new Promise((done, fail) => {
      const script = join(import.meta.dirname, 'child.ts');
      const child = spawn(process.execPath, [script, JSON.stringify(whole)], {
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

  #recordsNow(): number {
    return existsSync(this.#path) ? parseJournal(readFileSync(this.#path, 'utf8')).records.length : 0;
  }

  #expectState(name: string, wanted: string): void {
    if (this.#systems.state() !== wanted)
      this.#failures.push(`${name}: the systems are not as they should be`);
  }

  async #expectRecord(name: string, wanted: 'before' | 'after'): Promise<void> {
    if (this.#bind === undefined) return;
    const seen = await bindAt(this.#bind.place).observe(bindChange);
    if (seen.kind !== wanted) this.#failures.push(`${name}: BIND's record is ${seen.kind}, not ${wanted}`);
  }

  #expectResult(name: string, is: string, wanted: string): void {
    if (is !== wanted) this.#failures.push(`${name}: it ended ${is}, not ${wanted}`);
  }

  #secrets(): readonly string[] {
    const names = [...Object.values(tokenNames), ...(this.#bind === undefined ? [] : [tsigName])];
    return [...names.map((n) => process.env[n] ?? n), 'FAKE-in-the-cluster', secretInFiles];
  }

  #noSecrets(name: string): void {
    const text = readFileSync(this.#path, 'utf8');
    if (this.#secrets().some((s) => text.includes(s)))
      this.#failures.push(`${name}: the journal holds a secret`);
  }
}

/** Not a question, not a dry run. */
function isWrite(call: Call): boolean {
  if (/\/get$|selfsubjectaccessreviews$/.test(call.path)) return false;
  return call.method !== 'GET' && call.query.get('dryRun') === null;
}
