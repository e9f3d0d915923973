/* The repository's actuator on a real folder, with the user's own command, crashes and somebody else at the same files. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Observed } from '#apply/actuator.ts';
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import { credentialOf } from '../credential.ts';
import { type CheckoutEdit, type RepositoryWorld, repositoryActuator } from './actuate.ts';
import { runCommand } from './run-command.ts';

let root: string;
let runFolder: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sightline-checkout-'));
  runFolder = mkdtempSync(join(tmpdir(), 'sightline-run-'));
  mkdirSync(join(root, 'stacks'));
  writeFileSync(join(root, 'stacks/main.tf'), before);
  chmodSync(join(root, 'stacks/main.tf'), 0o640);
});
afterEach(() => {
  rmSync(root, { recursive: true });
  rmSync(runFolder, { recursive: true });
});

const before = 'a = "1"\r\n# größer\n';
const after = 'a = "2"\r\n# größer\n';
const planned: PlannedChange = {
  id: 'edit',
  title: 'edit a',
  change: {
    kind: 'set',
    settings: [
      { of: 'statedSetting', id: 'stacks/main.tf:5', before: { value: '1' }, after: { value: '2' } },
    ],
  },
  through: { by: 'repository', system: 'source/infra', repository: 'infra' },
  because: { says: 'test', serves: 'test', evidence: [] },
};
const undo: PlannedChange = { ...planned, change: inverseOf(planned.change) };
const file = () => readFileSync(join(root, 'stacks/main.tf'), 'utf8');

function world(more: Partial<CheckoutEdit> = {}, rest: Partial<RepositoryWorld> = {}) {
  const shown: string[] = [];
  const edit: CheckoutEdit = {
    planned,
    root,
    cwd: root,
    files: [{ file: 'stacks/main.tf', before, after, remarks: [] }],
    ...more,
  };
  const actuator = repositoryActuator({
    edits: new Map([['edit', edit]]),
    mayGoOn: async (s) => {
      shown.push(`${s.title}\n${s.command ?? ''}\n${s.diff}`);
      return true;
    },
    runFolder,
    ...rest,
  });
  return { actuator, shown };
}

describe('files', () => {
  it('are written and undone byte for byte, with their mode', async () => {
    const { actuator, shown } = world();
    expect(await actuator.preflight(planned)).toEqual([]);
    expect(await actuator.observe(planned)).toEqual({ kind: 'before' });
    expect(await actuator.write(planned)).toEqual({ kind: 'written' });
    expect(file()).toBe(after);
    expect(statSync(join(root, 'stacks/main.tf')).mode & 0o777).toBe(0o640);
    expect(await actuator.observe(planned)).toEqual({ kind: 'after' });
    expect(await actuator.observe(undo)).toEqual({ kind: 'before' });
    expect(await actuator.write(undo)).toEqual({ kind: 'written' });
    expect(file()).toBe(before);
    expect(shown[0]).toContain('-a = "1"');
  });

  it('that somebody else changed are left alone', async () => {
    const { actuator } = world();
    writeFileSync(join(root, 'stacks/main.tf'), `${before}more\n`);
    expect(await actuator.observe(planned)).toMatchObject({ kind: 'other' });
    expect(await actuator.write(planned)).toMatchObject({ kind: 'conflict' });
    expect(file()).toBe(`${before}more\n`);
    expect(await actuator.preflight(planned)).toEqual([
      'stacks/main.tf is not as it was in the snapshot, or as this run left it',
    ]);
  });

  it('that are new are made, and taken away by the undo', async () => {
    const { actuator } = world({
      files: [{ file: 'docs/new.md', before: '', after: 'x\n', remarks: [], isNew: true }],
    });
    expect(await actuator.write(planned)).toEqual({ kind: 'written' });
    expect(readFileSync(join(root, 'docs/new.md'), 'utf8')).toBe('x\n');
    expect(await actuator.write(undo)).toEqual({ kind: 'written' });
    expect(existsSync(join(root, 'docs/new.md'))).toBe(false);
  });

  it('are not reached through a link that leads out of the checkout', async () => {
    writeFileSync(join(runFolder, 'secret'), before);
    rmSync(join(root, 'stacks/main.tf'));
    symlinkSync(join(runFolder, 'secret'), join(root, 'stacks/main.tf'));
    const { actuator } = world();
    expect(await actuator.write(planned)).toMatchObject({ says: expect.stringMatching(/leads out/) });
    expect(readFileSync(join(runFolder, 'secret'), 'utf8')).toBe(before);
  });

  it('are not written when the person says no', async () => {
    const { actuator } = world({}, { mayGoOn: async () => false });
    expect(await actuator.write(planned)).toMatchObject({ kind: 'refused' });
    expect(file()).toBe(before);
  });

  it('are kept in a folder that is not there yet, or the run is told that they cannot be', async () => {
    const fresh = join(runFolder, 'deeper/run');
    await world({}, { runFolder: fresh }).actuator.backup?.(planned);
    expect(readFileSync(join(fresh, 'backup/edit/stacks/main.tf'), 'utf8')).toBe(before);
    writeFileSync(join(runFolder, 'a-file'), '');
    const nowhere = world({}, { runFolder: join(runFolder, 'a-file') });
    await expect(nowhere.actuator.backup?.(planned)).rejects.toThrow(/cannot be kept/);
  });

  it('are kept outside the journal', async () => {
    const { actuator } = world();
    const kept = JSON.parse((await actuator.backup?.(planned)) ?? '') as { folder: string };
    expect(readFileSync(join(runFolder, kept.folder, 'stacks/main.tf'), 'utf8')).toBe(before);
    expect(JSON.stringify(kept)).not.toContain('größer');
  });
});

describe("the owner's own command", () => {
  const sh = (script: string) => ['sh', '-c', script];

  it('runs after the edit, its output in a file, and its plan must be empty', async () => {
    const { actuator, shown } = world({ apply: sh('cat stacks/main.tf; echo done >&2'), plan: sh('exit 0') });
    expect(await actuator.write(planned)).toEqual({ kind: 'written' });
    expect(readFileSync(join(runFolder, 'output/edit.apply.log'), 'utf8')).toBe(`${after}done\n`);
    expect(shown[0]).toMatch(/^edit a\ncat stacks\/main\.tf; echo done/);
  });

  it('that fails leaves the outcome open', async () => {
    const { actuator } = world({ apply: sh('echo token ghp_0123456789abcdef0123; exit 3') });
    expect(await actuator.write(planned)).toEqual({
      kind: 'unknown',
      says: 'the apply ended with 3: token [secret]',
    });
  });

  it('that prints a credential of ours, fetched from a variable, is told without it', async () => {
    process.env.TEST_OWNER_SEES = 'FAKE-in-the-environment';
    await credentialOf('env:TEST_OWNER_SEES')();
    const { actuator } = world({ apply: sh('env | grep TEST_OWNER_SEES; exit 1') });
    expect(await actuator.write(planned)).toMatchObject({
      says: 'the apply ended with 1: TEST_OWNER_SEES=[secret]',
    });
    delete process.env.TEST_OWNER_SEES;
  });

  it('has an empty plan before the first edit, looked at once', async () => {
    const { actuator } = world({ plan: sh('echo asked >> asked; exit 2') });
    expect(await actuator.preflight(planned)).toEqual([
      expect.stringMatching(/^before the change, .* not known to be empty/),
    ]);
    expect(await actuator.preflight(planned)).toEqual([]);
    expect(readFileSync(join(root, 'asked'), 'utf8')).toBe('asked\n');
  });

  it('with a plan that is not empty is written, and not settled until it is', async () => {
    const { actuator } = world({
      apply: sh('true'),
      plan: sh('test -e settled || { echo 1 to change; exit 2; }'),
    });
    expect(await actuator.write(planned)).toEqual({ kind: 'written' });
    expect(await actuator.observe(planned)).toEqual({ kind: 'after' });
    const log = join(runFolder, 'output/edit.plan.log');
    expect(await actuator.unsettled?.(planned)).toBe(
      `the owner's own plan is not known to be empty: it ended with 2: 1 to change (all of it: ${log})`,
    );
    writeFileSync(join(root, 'settled'), '');
    expect(await actuator.unsettled?.(planned)).toBeUndefined();
    expect(await actuator.unsettled?.(undo)).toBeUndefined();
  });

  it('without a plan, and edits that nobody applies, are settled once they are seen', async () => {
    for (const { actuator } of [world({ apply: sh('true') }), world()])
      expect(await actuator.unsettled?.(planned)).toBeUndefined();
  });

  it.each(['true', 'exit 3'])(
    'that was cut off or failed is not taken for done, though nothing but files can be seen (then: %s)',
    async (then) => {
      const cut = world({ apply: sh('true') }, { run: () => new Promise(() => {}) }).actuator;
      void cut.write(planned);
      while (file() !== after) await new Promise((done) => setTimeout(done, 5));
      const { actuator } = world({ apply: sh(`touch applied; ${then}`) });
      expect(await actuator.observe(planned)).toEqual({ kind: 'before' });
      const isWell = then === 'true';
      expect((await actuator.write(planned)).kind).toBe(isWell ? 'written' : 'unknown');
      expect(existsSync(join(root, 'applied'))).toBe(true);
      expect(await actuator.observe(planned)).toEqual({ kind: isWell ? 'after' : 'before' });
    },
  );

  it('whose output cannot be kept is not run, and that is told', async () => {
    writeFileSync(join(runFolder, 'output'), '');
    const { actuator } = world({ apply: sh('touch applied') });
    expect(await actuator.write(planned)).toMatchObject({
      kind: 'unknown',
      says: expect.stringMatching(/the apply could not be run to its end: E/),
    });
    expect(existsSync(join(root, 'applied'))).toBe(false);
    expect(await actuator.observe(planned)).toEqual({ kind: 'before' });
  });

  it('is not begun where it could not be marked as begun', async () => {
    writeFileSync(join(runFolder, 'applying'), '');
    const { actuator } = world({ apply: sh('touch applied') });
    expect(await actuator.write(planned)).toMatchObject({
      kind: 'refused',
      hint: expect.stringMatching(/room/),
    });
    expect(file()).toBe(before);
    expect(existsSync(join(root, 'applied'))).toBe(false);
  });

  it('has a process group of its own, so that Ctrl-C here does not end it in the middle', async () => {
    const log = join(runFolder, 'group.log');
    const argv = ['sh', '-c', 'ps -o pgid= -p $$ | tr -d " "; echo $$'];
    expect(await runCommand({ argv, cwd: root, log, timeoutMs: 10_000 })).toMatchObject({ code: 0 });
    const [group, pid] = readFileSync(log, 'utf8').trim().split('\n');
    expect(group).toBe(pid);
  });
  it('is interrupted after its time', async () => {
    const { actuator } = world({ apply: sh('trap "exit 130" INT; sleep 5 & wait') }, { timeoutMs: 100 });
    expect(await actuator.write(planned)).toMatchObject({
      kind: 'unknown',
      says: expect.stringContaining('interrupted'),
    });
  });

  it('that was not reached before a crash is reached by writing again', async () => {
    const live: Observed = { kind: 'before' };
    const { actuator } = world({ apply: sh('touch applied') }, { live: async () => live });
    writeFileSync(join(root, 'stacks/main.tf'), after);
    expect(await actuator.observe(planned)).toEqual({ kind: 'before' });
    expect(await actuator.write(planned)).toEqual({ kind: 'written' });
    expect(existsSync(join(root, 'applied'))).toBe(true);
  });
});
