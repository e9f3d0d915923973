/*
 * Bugs planted in the prover, one at a time, each in a process of its own: plans are found for generated estates by the
 * prover that is wrong, and the simulator must find what it missed. A bug that nothing catches fails the run, and so does
 * one whose place in the source is not there any more. `--only NAME`; `--houses N` at most for each.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

interface Bug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const bugs: readonly Bug[] = [
  {
    name: 'line: rolling back is not looked at',
    file: 'src/proof/line.ts',
    find: 'for (const from of forward) {',
    put: 'for (const from of forward.slice(0, 0)) {',
  },
  {
    name: 'line: the end is not looked at',
    file: 'src/proof/line.ts',
    find: 'forward.push(...stepped);',
    put: 'if (i + 1 < changes.length) forward.push(...stepped);',
  },
  {
    name: 'held answers: nobody keeps any',
    file: 'src/proof/held.ts',
    find: 'if (kind === undefined || !isCached(kind)',
    put: 'if (kind !== undefined || !isCached(kind)',
  },
  {
    name: 'held answers: any wait ends them all',
    file: 'src/proof/held.ts',
    find: 'h.remaining > seconds ?',
    put: 'h.remaining > seconds * 1000 ?',
  },
  {
    name: 'held answers: client programs keep nothing longer',
    file: 'src/proof/hold.ts',
    find: 'seconds: first.seconds + stale,',
    put: 'seconds: first.seconds,',
  },
  {
    name: 'faults: a speaker that restarts still speaks',
    file: 'src/proof/faults.ts',
    find: 'const speakerNodes = all.filter((n) => n !== node);',
    put: "const speakerNodes = all.filter((n) => n !== '' || n === node);",
  },
  {
    name: 'faults: every flow counts as untouched',
    file: 'src/proof/search.ts',
    find: "if (plain === faulty) return 'untouched';",
    put: "if (plain.serial >= 0) return 'untouched';",
  },
  {
    name: 'invariants: what an owner puts back does not matter',
    file: 'src/proof/invariants/nothing-reverted.ts',
    find: 'if (fields.length > 0) {',
    put: 'if (fields.length > 1000) {',
  },
  {
    name: 'invariants: who is seen as whom does not matter',
    file: 'src/proof/invariants/identity-not-worse.ts',
    find: "appliesTo: (role) => role.kind === 'name',",
    put: "appliesTo: (role) => role.kind === 'own',",
  },
  {
    name: 'invariants: a flow that half fails still works',
    file: 'src/proof/judge.ts',
    find: "if (now === 'bad' ||",
    put: "if (now === 'unknown' ||",
  },
  {
    name: 'windows: open at the end of their stage',
    file: 'src/proof/window.ts',
    find: 'const next = inStage[inStage.indexOf(last) + 1];',
    put: 'const next = inStage[inStage.indexOf(last) + 1] ?? last;',
  },
  {
    name: 'kept walks: what differs is not asked about',
    file: 'src/proof/kept.ts',
    find: 'if (!intersects(kept.reads.bits(touchable), differs)) return kept;',
    put: 'if (kept.reads !== undefined || !intersects(kept.reads, differs)) return kept;',
  },
  {
    name: 'classes: one name stands for all',
    file: 'src/proof/session.ts',
    find: 'of.signature}`;',
    put: 'of.signature.slice(0, 0)}`;',
  },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    houses: { type: 'string', default: '60' },
    runs: { type: 'string', default: '6' },
    child: { type: 'string' },
  },
});
process.chdir(new URL('..', import.meta.url).pathname);
const asked = bugs.find((b) => b.name === values.child);
if (asked !== undefined) await look(asked);
else lookForAll(bugs.filter((b) => b.name.includes(values.only)));

function lookForAll(all: readonly Bug[]): void {
  let missed = 0;
  for (const bug of all) {
    const args = [
      import.meta.filename,
      '--child',
      bug.name,
      '--houses',
      values.houses,
      '--runs',
      values.runs,
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) missed++;
    console.log(
      `${status === 0 ? 'caught' : 'MISSED'}  ${bug.name}: ${stdout.trim() || stderr.trim().slice(-600)}`,
    );
  }
  console.log(`${all.length - missed} of ${all.length} planted bugs caught`);
  if (missed > 0 || all.length === 0) process.exitCode = 1;
}

/** Plants the bug in this process, before anything of the prover is loaded, and looks for what it lets through. */
async function look(bug: Bug): Promise<void> {
  plant(bug);
  const { checkHouse } = await import('#test/generated/check.ts');
  for (let seed = 1; seed <= Number(values.houses); seed++) {
    const { found, says, asked: goal } = checkHouse(seed, Number(values.runs));
    if (found === undefined) continue;
    console.log(`house ${seed}, ${goal.style}: ${found.says.slice(0, 160)} [${says.slice(0, 3).join('; ')}]`);
    return;
  }
  console.log(`not in ${values.houses} houses`);
  process.exitCode = 1;
}

function plant({ file, find, put, name }: Bug): void {
  const url = pathToFileURL(join(process.cwd(), file)).href;
  const text = readFileSync(file, 'utf8');
  if (text.split(find).length !== 2)
    throw new Error(`${name}: its place is not in ${file}, or more than once`);
  registerHooks({
    load: (at, context, next) =>
      at === url
        ? { format: 'module-typescript', source: text.replace(find, () => put), shortCircuit: true }
        : next(at, context),
  });
}
