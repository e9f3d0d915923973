/** The examples of docs/commands.md are run, and every command has its place there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { planText } from '#app/plan-file.ts';
import { applyOn } from '#cli/commands/apply.ts';
import { runWith } from '#cli/commands/resume.ts';
import type { Run } from '#cli/main.ts';
import { Office, officePlan, paperTerminal } from '#test/apply/office.ts';
import { root } from '../architecture/project.ts';

interface Example {
  readonly command: string;
  /** `…` alone on a line skips lines, elsewhere the rest of a line or a piece of it. */
  readonly shown: readonly string[];
}

const page = readFileSync(join(root, 'docs/commands.md'), 'utf8');
const examples: readonly Example[] = [...page.matchAll(/```console\n\$ ([^\n]+)\n([\s\S]*?)```/g)].map(
  (m) => ({
    command: m[1] ?? '',
    shown: (m[2] ?? '').trimEnd().split('\n'),
  }),
);

let folder: string;
const office = new Office();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'commands-'));
  symlinkSync(join(root, 'examples'), join(folder, 'examples'));
  const plan = await officePlan();
  const write = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  writeFileSync(join(folder, 'plan.json'), planText(plan));
  const files = { ...plan.snapshot.fingerprint.files, 'sightline.yaml': '0' };
  write('altered.json', { ...plan, snapshot: { ...plan.snapshot, fingerprint: { files, objects: {} } } });
  const broken = JSON.parse(planText(plan));
  broken.stages[0].changes[0].through.by = 'magic';
  writeFileSync(join(folder, 'broken.json'), JSON.stringify(broken, null, 2));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Commands that write are called with systems in memory; all others as a person calls them. */
async function output(command: string): Promise<string> {
  const [, verb = '', ...args] = command.replaceAll(/\d{8}-\d{6}/g, () => onlyRun()).split(' ');
  const writing: Readonly<Record<string, Run>> = {
    apply: applyOn(() => office.systems),
    resume: runWith(undefined, () => office.systems),
    rollback: runWith('the operator asked for it', () => office.systems),
  };
  const run = writing[verb];
  if (run === undefined) {
    const env = { ...process.env, NO_COLOR: '1' };
    const done = spawnSync(join(root, 'sightline'), [verb, ...args], { cwd: folder, encoding: 'utf8', env });
    return done.stdout === '' ? done.stderr : done.stdout;
  }
  const paper = paperTerminal();
  const options = {
    runs: join(folder, '.sightline/runs'),
    yes: args.includes('--yes'),
    dryRun: args.includes('--dry-run'),
  };
  const file = verb === 'apply' ? join(folder, args[0] ?? '') : (args[0] ?? '');
  await run(paper.terminal, [file], options);
  // where a reader keeps runs nothing needs to be said
  return paper.text().replaceAll(` --runs ${options.runs}`, '');
}

function onlyRun(): string {
  return readdirSync(join(folder, '.sightline/runs')).find((n) => n !== 'lock') ?? '';
}

/** The first shown line that is not in the output in its order; undefined: all are. */
function missing(shown: readonly string[], text: string): string | undefined {
  const lines = text.split('\n').map((l) => l.trimEnd().replaceAll(/\d{8}-\d{6}/g, 'RUN'));
  let at = 0;
  let isSkipping = false;
  for (const one of shown.map((s) => s.trimEnd().replaceAll(/\d{8}-\d{6}/g, 'RUN'))) {
    if (one === '…') {
      isSkipping = true;
      continue;
    }
    const found = isSkipping
      ? lines.findIndex((l, i) => i >= at && isLike(l, one))
      : isLike(lines[at] ?? '', one)
        ? at
        : -1;
    if (found === -1) return `${one}   (instead: ${lines[at]})`;
    at = found + 1;
    isSkipping = false;
  }
  return undefined;
}

/** Progress lines begin with … themselves, so that a … at the start matches that or anything. */
function isLike(line: string, shown: string): boolean {
  const pattern = shown
    .split('…')
    .map((p) => p.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(line);
}

describe('examples', () => {
  test('there are some', () => expect(examples.length).toBeGreaterThan(12));
  test.each(examples.map((e) => [e.command, e] as const))(
    '%s',
    async (command, { shown }) => {
      expect(missing(shown, await output(command))).toBeUndefined();
    },
    60_000,
  );
});

test('the comparison can fail', () => {
  expect(missing(['a', '…', 'c'], 'a\nb\nc')).toBeUndefined();
  expect(missing(['a', '…', 'd'], 'a\nb\nc')).toBe('d   (instead: b)');
  expect(missing(['a', 'c'], 'a\nb\nc')).toBe('c   (instead: b)');
  expect(missing(['a…c'], 'abc')).toBeUndefined();
});

test('every command of --help has its place', () => {
  const main = readFileSync(join(root, 'src/cli/main.ts'), 'utf8');
  const names = [...main.matchAll(/\badd\(\s*'([a-z]+)/g)].map((m) => m[1] ?? '');
  expect(names.length).toBeGreaterThan(8);
  expect(names.filter((n) => !page.includes(`\n## sightline ${n}\n`))).toEqual([]);
});
