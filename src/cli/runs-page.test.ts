/* docs/runs.md row by row: each pause and each state that a run can be found in is brought about, and answered as the page says. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { bindTo } from '#app/plan.ts';
import { planText } from '#app/plan-file.ts';
import { Office, officeFolder, officePlan, paperTerminal } from '#test/apply/office.ts';
import { applyOn } from './commands/apply.ts';
import { runWith } from './commands/resume.ts';
import { run as runsCommand } from './commands/runs.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/runs.md'), 'utf8');
/** First cells of the table below a heading. */
const rowsOf = (heading: string) =>
  (page.split(`## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]
    ?.split('\n')
    .filter((l) => l.startsWith('| '))
    .slice(1)
    .map((l) => l.split(' | ')[0]?.slice(2) ?? '') ?? [];

let folder: string;
let plan: string;
let runs: string;
let snapshot: string;
let office: Office;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runs-page-'));
  [plan, runs, snapshot] = [join(folder, 'plan.json'), join(folder, 'runs'), join(folder, 'office')];
  cpSync(officeFolder, snapshot, { recursive: true });
  office = new Office();
  const made = await officePlan();
  const read = await loadSnapshot(snapshot);
  writeFileSync(plan, planText(bindTo(read, { ...made, snapshot: { ...made.snapshot, path: snapshot } })));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(command: 'apply' | 'resume' | 'rollback' | 'runs', args: string[] = [], options = {}) {
  const paper = paperTerminal();
  const systems = () => office.systems;
  const run = {
    apply: applyOn(systems),
    resume: runWith(undefined, systems),
    rollback: runWith('asked', systems),
    runs: runsCommand,
  }[command];
  const given = args.length === 0 && command === 'apply' ? [plan] : args;
  const code = await run(paper.terminal, given, { runs, yes: true, ...options });
  return { code, text: paper.text() };
}
const id = () => readdirSync(runs).find((n) => /^\d{8}-\d{6}$/.test(n)) ?? '';
const journal = () => join(runs, id(), 'journal.jsonl');
const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(file, change(readFileSync(file, 'utf8')));
const standing = () => [...office.values.keys()].sort();
const all = ['edge/one', 'edge/three', 'edge/two'];
/** The cause is gone: the run ends as one that was never disturbed, and nothing was written twice. */
async function resumesToTheEnd() {
  const { code, text } = await call('resume', [id()]);
  expect([code, text]).toEqual([0, expect.stringContaining('■ done')]);
  expect(standing()).toEqual(all);
}
async function rollsBack() {
  const { code, text } = await call('rollback', [id()]);
  expect([code, text]).toEqual([0, expect.stringContaining('rolled back')]);
  expect(standing()).toEqual([]);
}
/** Stops dead in the second write. */
async function crashed() {
  office.onWrite = (n) => {
    if (n === 1) throw new Error('killed');
  };
  expect((await call('apply')).code).toBe(4);
  office.onWrite = () => undefined;
}

type Scenario = () => Promise<void>;
const pauses: Readonly<Record<string, Scenario>> = {
  'the operator said no, or interrupted the run': async () => {
    const { code, text } = await call('apply', [plan], { yes: false });
    expect([code, text]).toEqual([4, expect.stringContaining('the operator said no')]);
    await resumesToTheEnd();
  },
  '`… is no answer`, `timeout`, connection refused': async () => {
    office.faults.push(undefined, { kind: 'unknown', says: 'the connection is refused' });
    office.unreachable = () => office.writes.length >= 2 && 'the connection is refused';
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([4, expect.stringContaining('the connection is refused')]);
    office.unreachable = () => false;
    await resumesToTheEnd();
  },
  '`refused` with a reason': async () => {
    office.faults.push(undefined, { kind: 'refused', says: 'no right', hint: 'ask for it' });
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([4, expect.stringContaining('no right; ask for it')]);
    expect(standing()).toEqual(['edge/one']);
    await resumesToTheEnd();
  },
  'somebody else changed what … is about': async () => {
    office.onWrite = (n) => {
      if (n === 0) office.values.set('edge/two', '"theirs"');
    };
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([4, expect.stringContaining('somebody else changed what Create alias two')]);
    expect(office.values.get('edge/two')).toBe('"theirs"');
    office.values.delete('edge/two');
    await resumesToTheEnd();
  },
  '… is done already, by somebody else': async () => {
    office.onWrite = (n) => {
      if (n === 0) office.make('edge/two');
    };
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([4, expect.stringContaining('is done already, by somebody else')]);
    expect(office.writes).toEqual(['alias-one']);
    expect((await call('rollback', [id()])).code).toBe(0);
    expect(standing()).toEqual(['edge/two']);
  },
  '… reads back otherwise': async () => {
    office.afterWrite = (n) => {
      if (n === 1) office.values.set('edge/two', '"mangled"');
    };
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([4, expect.stringContaining('reads back otherwise')]);
    office.afterWrite = () => undefined;
    office.values.delete('edge/two');
    await resumesToTheEnd();
  },
  '… is written, and not settled': async () => {
    office.unsettled.set('alias-two', '1 to change');
    const { code, text } = await call('apply');
    const says =
      /paused: Create alias two on edge is written, and not settled: 1 to change[\s\S]*let its owner do it/;
    expect([code, text]).toEqual([4, expect.stringMatching(says)]);
    expect(standing()).toEqual(['edge/one', 'edge/two']);
    office.unsettled.clear();
    await resumesToTheEnd();
    expect(office.writes).toEqual(['alias-one', 'alias-two', 'alias-three']);
  },
  'the checks after … failed': async () => {
    office.works = () => !office.values.has('edge/two');
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([
      4,
      expect.stringMatching(/the checks after First things failed: .*worked before/),
    ]);
    office.works = () => true;
    await resumesToTheEnd();
  },
  'undoing it failed': async () => {
    await call('apply');
    office.faults[office.writes.length] = { kind: 'refused', says: 'locked', hint: 'unlock it' };
    const { code, text } = await call('rollback', [id()]);
    expect([code, text]).toEqual([4, expect.stringContaining('undoing it failed: Create alias three')]);
    expect((await call('resume', [id()])).code).toBe(3);
    expect(standing()).toEqual([]);
  },
  'nothing here can write …': async () => {
    await crashed();
    office.canWrite = false;
    const { code, text } = await call('resume', [id()]);
    expect([code, text]).toEqual([4, expect.stringContaining('nothing here can write Create alias two')]);
    office.canWrite = true;
    await resumesToTheEnd();
  },
};

/** Refused by both ways on, with what to do; nothing is written. */
async function isRefused(says: RegExp) {
  const writes = office.writes.length;
  for (const command of ['resume', 'rollback'] as const) {
    const { code, text } = await call(command, [id()]);
    expect([command, code, text]).toEqual([command, 3, expect.stringMatching(says)]);
  }
  expect(office.writes).toHaveLength(writes);
}
const states: Readonly<Record<string, Scenario>> = {
  'the process was killed, the machine restarted': async () => {
    await crashed();
    const started = JSON.stringify({ pid: 2 ** 22 + 1, started: '1', host: hostname(), run: id() });
    writeFileSync(join(runs, 'lock'), started);
    expect((await call('runs')).text).toContain(`${id()}  stopped`);
    await resumesToTheEnd();
  },
  'the journal ends in the middle of a line': async () => {
    await crashed();
    appendFileSync(journal(), '{"n":9,"at":"20');
    expect((await call('runs', [id()])).text).toContain('was cut by a crash (15 bytes); it never counted');
    await resumesToTheEnd();
    expect(readFileSync(journal(), 'utf8')).not.toContain('{"n":9,"at":"20{');
  },
  'a line in the middle is damaged, or records are missing': async () => {
    await crashed();
    const whole = readFileSync(journal(), 'utf8');
    edit(journal(), (t) => t.replace('"n":2', '"n:2'));
    await isRefused(/line 2 of the journal is no JSON[\s\S]*restore the file from a backup/);
    writeFileSync(journal(), whole.split('\n').toSpliced(1, 1).join('\n'));
    await isRefused(/line 2 of the journal is numbered 3[\s\S]*records are missing/);
    writeFileSync(journal(), whole);
    await rollsBack();
  },
  'a newer Sightline wrote it': async () => {
    await crashed();
    edit(journal(), (t) => t.replaceAll('"format":2', '"format":3'));
    await isRefused(/has format 3[\s\S]*use that version/);
  },
  'the plan, the proof and the journal do not belong together': async () => {
    await crashed();
    const proof = join(runs, id(), 'proof.json');
    const [kept, keptJournal] = [readFileSync(proof, 'utf8'), readFileSync(journal(), 'utf8')];
    writeFileSync(proof, `${kept} `);
    await isRefused(
      /is of another proof than the one beside it[\s\S]*restore plan\.json, proof\.json and journal\.jsonl/,
    );
    writeFileSync(proof, kept);
    edit(journal(), (t) => t.replace(/"plan":"[0-9a-f]{8}/, '"plan":"00000000'));
    await isRefused(/is of another plan than the one beside it/);
    writeFileSync(journal(), keptJournal);
    edit(join(runs, id(), 'plan.json'), (t) => t.replace('First things', 'Other things'));
    await isRefused(/proves another plan/);
  },
  // with a real file system that is full: full-disk.lab.test.ts
  'the disk is full': async () => {
    office.onWrite = (n) => {
      if (n !== 0) return;
      rmSync(journal());
      mkdirSync(journal());
    };
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([4, expect.stringMatching(/cannot be written[\s\S]*make room/)]);
    expect(office.writes).toEqual(['alias-one']);
  },
  'another run is going on': async () => {
    await crashed();
    const lock = (holder: object) => writeFileSync(join(runs, 'lock'), JSON.stringify(holder));
    lock({ pid: process.ppid, started: '', host: hostname(), run: 'r1' });
    await isRefused(/run r1 is going on \(process \d+\)/);
    lock({ pid: 1, started: '1', host: 'elsewhere', run: 'r1' });
    await isRefused(/run r1 is going on \(process 1 on elsewhere\)[\s\S]*if it is gone for certain, remove/);
    rmSync(join(runs, 'lock'));
    await resumesToTheEnd();
  },
  'a run changed something and has not ended': async () => {
    await crashed();
    const { code, text } = await call('apply');
    expect([code, text]).toEqual([
      3,
      expect.stringContaining(`run ${id()} changed something and has not ended`),
    ]);
    await rollsBack();
    expect((await call('apply')).code).toBe(0);
  },
  'the snapshot was taken again in the same folder': async () => {
    await crashed();
    edit(join(snapshot, 'sightline.yaml'), (t) => `${t}# taken again\n`);
    const { code, text } = await call('resume', [id()]);
    expect([code, text]).toEqual([
      3,
      expect.stringMatching(/has moved[\s\S]*rollback .* needs no prediction/),
    ]);
    await rollsBack();
  },
};

describe('why a run pauses', () => {
  it('every row is here', () => expect(Object.keys(pauses)).toEqual(rowsOf('Why a run pauses')));
  it.each(Object.entries(pauses))('%s', async (_, scenario) => scenario(), 20_000);
});

describe('how to recover', () => {
  it('every row is here', () => expect(Object.keys(states)).toEqual(rowsOf('How to recover')));
  it.each(Object.entries(states))('%s', async (_, scenario) => scenario(), 20_000);
});
