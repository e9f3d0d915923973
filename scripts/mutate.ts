/**
 * `npm run mutate [-- --sample N] [--seed S] [--only REGEXP] [--known]`: flips conditions and drops branches in src/dataplane one at a
 * time, and lists the mutants that no test notices. One that is not in test/mutants-known.json with a reason fails the
 * run, and so does an entry there that is noticed by now. Without --sample every mutant is tried; --known tries the list.
 */
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutant, mutate } from './mutate/mutants.ts';
import { survivingUnits, survivingVectors } from './mutate/passes.ts';

const root = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    known: { type: 'boolean' },
  },
});
const knownFile = join(root, 'test/mutants-known.json');
const known = JSON.parse(readFileSync(knownFile, 'utf8')) as Readonly<Record<string, string>>;

const exactParts = [
  'kube-proxy/',
  'metallb/',
  'conntrack/',
  'service.ts',
  'announce',
  'allocate.ts',
  'masquerade.ts',
  'version.ts',
];
const exactTables = ['service', 'announce', 'allocate', 'masquerade', 'version', 'conntrack/'].map(
  (name) => `src/dataplane/${name}`,
);
const exactProperties = ['src/dataplane/exact'];

const copy = mkdtempSync(join(tmpdir(), 'sightline-mutants-'));
try {
  process.exitCode = await run();
} finally {
  rmSync(copy, { recursive: true, force: true });
}

async function run(): Promise<number> {
  const all = makeCopy();
  const mutants = sampled(all.filter((m) => isAsked(m.id)));
  console.log(`${mutants.length} of ${all.length} mutants`);
  if (mutants.length === 0) return 1;
  const started = Date.now();
  const numbers = mutants.map((m) => m.number);
  const left = new Set(await survivingVectors(copy, numbers));
  console.log(`${mutants.length - left.size} noticed by the vectors, ${seconds(started)} s`);
  const survivors = await afterUnits(mutants.filter((m) => left.has(m.number)));
  console.log(`${left.size - survivors.length} more by the unit tests, ${seconds(started)} s`);
  return report(mutants, survivors);
}

/** A copy of what the tests of the data plane need, with all mutants in it. */
function makeCopy(): readonly Mutant[] {
  for (const part of [
    'src',
    'test',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
    'lab',
    'examples',
  ]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const mutants: Mutant[] = [];
  for (const file of globSync('src/dataplane/**/*.ts', { cwd: root }).sort()) {
    if (file.endsWith('.test.ts')) continue;
    const made = mutate(file, readFileSync(join(root, file), 'utf8'), mutants.length);
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), made.text);
    mutants.push(...made.mutants);
  }
  return mutants;
}

function isAsked(id: string): boolean {
  if (options.known && known[id] === undefined) return false;
  return new RegExp(options.only ?? '').test(id);
}

function sampled(mutants: readonly Mutant[]): readonly Mutant[] {
  const count = Number(options.sample ?? mutants.length);
  if (count >= mutants.length) return mutants;
  let state = Number(options.seed ?? 1);
  console.log(`a sample with seed ${state}`);
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state;
  };
  return mutants
    .map((m) => ({ m, at: next() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map((x) => x.m)
    .sort((a, b) => a.number - b.number);
}

/** The exact part has fast tables of its own and, for what they leave, properties; the walk's files have all tests. */
async function afterUnits(mutants: readonly Mutant[]): Promise<readonly Mutant[]> {
  const exact = await unnoticed(
    mutants.filter((m) => isExact(m.file)),
    exactTables,
  );
  const hard = await unnoticed(exact, exactProperties);
  const walk = await unnoticed(
    mutants.filter((m) => !isExact(m.file)),
    ['src/dataplane'],
  );
  return [...hard, ...walk].sort((a, b) => a.number - b.number);
}

/** Two children share the work, one for each core of a small machine. */
async function unnoticed(mutants: readonly Mutant[], tests: readonly string[]): Promise<readonly Mutant[]> {
  const rounds = halved(mutants)
    .filter((half) => half.length > 0)
    .map((half) =>
      survivingUnits(
        copy,
        tests,
        half.map((m) => m.number),
      ),
    );
  const left = new Set((await Promise.all(rounds)).flat());
  return mutants.filter((m) => left.has(m.number));
}

function halved(mutants: readonly Mutant[]): readonly (readonly Mutant[])[] {
  return [0, 1].map((rest) => mutants.filter((_, i) => i % 2 === rest));
}

function isExact(file: string): boolean {
  const path = file.slice('src/dataplane/'.length);
  return exactParts.some((part) => path.startsWith(part));
}

function report(mutants: readonly Mutant[], survivors: readonly Mutant[]): number {
  const open = survivors.filter((m) => known[m.id] === undefined);
  for (const m of survivors) {
    const reason = known[m.id];
    console.log(`${reason === undefined ? 'SURVIVED' : 'known'} ${m.file}:${m.line}\n  ${m.id}`);
    if (reason !== undefined) console.log(`  because: ${reason}`);
  }
  const survived = new Set(survivors.map((m) => m.id));
  const noticed = mutants.filter((m) => known[m.id] !== undefined && !survived.has(m.id));
  for (const m of noticed) console.log(`NOTICED by now, take it out of mutants-known.json:\n  ${m.id}`);
  const gone = isWhole() ? Object.keys(known).filter((id) => !mutants.some((m) => m.id === id)) : [];
  for (const id of gone) console.log(`GONE, take it out of mutants-known.json:\n  ${id}`);
  const killed = mutants.length - survivors.length;
  console.log(
    `${killed} of ${mutants.length} noticed, ${survivors.length} survived, ${open.length} without a reason`,
  );
  return open.length + noticed.length + gone.length === 0 ? 0 : 1;
}

function isWhole(): boolean {
  return options.sample === undefined && options.only === undefined && !options.known;
}

function seconds(since: number): number {
  return Math.round((Date.now() - since) / 1000);
}
