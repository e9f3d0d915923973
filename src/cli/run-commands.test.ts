/* apply, resume, rollback, runs and verify as a person calls them, on systems in memory: ends, questions and hostile states. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planText } from '#app/plan-file.ts';
import type { SystemsOf } from '#app/run-core.ts';
import { verify } from '#app/verify.ts';
import type { RunReach } from '#apply/journal.ts';
import { Office, officePlan, paperTerminal } from '#test/apply/office.ts';
import { applyOn } from './commands/apply.ts';
import { runWith } from './commands/resume.ts';
import { run as runsCommand } from './commands/runs.ts';

let folder: string;
let plan: string;
let runs: string;
let office: Office;
/** As the journal of the run that is gone on with has it. */
let reach: RunReach | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'apply-'));
  plan = join(folder, 'plan.json');
  runs = join(folder, 'runs');
  office = new Office();
  writeFileSync(plan, planText(await officePlan()));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Called {
  readonly code: number;
  readonly text: string;
  readonly out: string;
}

async function call(
  command: 'apply' | 'resume' | 'rollback' | 'runs',
  args: string[],
  options = {},
  answers?: string[],
): Promise<Called> {
  const paper = paperTerminal(answers);
  const systems =
    () =>
    (...asked: Parameters<SystemsOf>) => {
      reach = asked[3];
      return office.systems(...asked);
    };
  const run = {
    apply: applyOn(systems),
    resume: runWith(undefined, systems),
    rollback: runWith('asked', systems),
    runs: runsCommand,
  }[command];
  const code = await run(paper.terminal, args, { runs, ...options });
  return { code, text: paper.text(), out: paper.out() };
}
const runIds = () => (existsSync(runs) ? readdirSync(runs).filter((n) => n !== 'lock') : []);
const onlyRun = () => {
  const [id, ...more] = runIds();
  if (id === undefined || more.length > 0) throw new Error(`not one run: ${runIds()}`);
  return id;
};
const journal = (id: string) => join(runs, id, 'journal.jsonl');
const done = ['edge/one', 'edge/three', 'edge/two'];
const standing = () => [...office.values.keys()].sort();

describe('apply', () => {
  it('carries the plan out, tells each change, and leaves a run behind', async () => {
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(text).toContain('First things');
    expect(text).toContain('✔ Create alias one on edge');
    expect(text).toMatch(/gate: 2 passed|gate: 1 passed/);
    expect(text).toContain(`sightline rollback ${onlyRun()}`);
    expect(code).toBe(0);
    expect(standing()).toEqual(done);
    expect(existsSync(join(runs, 'lock'))).toBe(false);
    expect(readdirSync(join(runs, onlyRun())).sort()).toEqual([
      'baseline.json',
      'journal.jsonl',
      'plan.json',
      'proof.json',
    ]);
  });

  it('with --dry-run writes nothing, not even a run', async () => {
    const { code, text } = await call('apply', [plan], { dryRun: true });
    expect(text).toMatch(/ready .*proved, 4 changes, every system answers, \d+ probes? from here/);
    expect(code).toBe(0);
    expect(office.writes).toEqual([]);
    expect(runIds()).toEqual([]);
  });

  it('tells every problem of the preflight at once, and begins nothing', async () => {
    office.preflightSays = ['no right to create aliases'];
    office.values.set('edge/two', '"theirs"');
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(code).toBe(3);
    expect(text).toMatch(/not begun {2}\d+ problems, nothing was written/);
    expect(text).toContain('Create alias one on edge: no right to create aliases');
    expect(text).toContain('no longer what the plan was made from: somebody was here');
    expect(office.writes).toEqual([]);
    expect(runIds()).toEqual([]);
  });

  it('pauses at a question where nobody is there, with 4 and the way back', async () => {
    const { code, text } = await call('apply', [plan]);
    expect(code).toBe(4);
    expect(text).toContain('changed in part');
    expect(text).toContain(`sightline rollback ${onlyRun()}`);
    expect(standing()).toEqual(done);
    expect((await call('resume', [onlyRun()], { yes: true })).code).toBe(0);
  });

  it('rolls back when the person says so at a question', async () => {
    const { code, text } = await call('apply', [plan], {}, ['what?', 'r']);
    expect(code).toBe(3);
    expect(text).toContain('rolled back');
    expect(standing()).toEqual([]);
  });

  it('stops at a gate whose probes broke, and says which', async () => {
    office.works = () => !office.values.has('edge/two');
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(code).toBe(4);
    expect(text).toMatch(/worked before \(answers\); now silence/);
    expect(standing()).toEqual(['edge/one', 'edge/two']);
    const rolled = await call('rollback', [onlyRun()]);
    expect(rolled.code).toBe(0);
    expect(standing()).toEqual([]);
  });

  it('pauses with 3 when the first write is refused: nothing was changed', async () => {
    office.faults.push({ kind: 'refused', says: '403', hint: 'ask for rights' });
    const { text, code } = await call('apply', [plan], { yes: true });
    expect(text).toContain('403; ask for rights');
    expect(text).toContain('nothing was changed');
    expect(standing()).toEqual([]);
    expect(code).toBe(3);
    expect((await call('apply', [plan], { yes: true })).code).toBe(0);
  });

  it('stops at what is written and not settled, counts it, goes on when it is, and takes it back', async () => {
    office.unsettled.set('alias-one', 'its plan ended with 2: 1 to change');
    const { text, code } = await call('apply', [plan], { yes: true });
    const says = 'Create alias one on edge is written, and not settled: its plan ended with 2: 1 to change';
    expect(text.replaceAll(/\s+/g, ' ')).toContain(`paused: ${says}`);
    expect(code).toBe(4);
    const id = onlyRun();
    expect((await call('runs', [])).text).toMatch(/paused {2}1 change stand/);
    expect(JSON.parse((await call('runs', [id], { json: true })).text)).toMatchObject({
      state: 'paused',
      records: expect.arrayContaining([
        expect.objectContaining({
          entry: expect.objectContaining({ kind: 'unsettled', change: 'alias-one' }),
        }),
      ]),
    });
    office.unsettled.clear();
    expect((await call('resume', [id], { yes: true })).code).toBe(0);
    expect(office.writes).toEqual(['alias-one', 'alias-two', 'alias-three']);
    office.unsettled.set('alias-two', 'still');
    expect((await call('rollback', [id])).code).toBe(4);
    expect((await call('runs', [])).text).toMatch(/paused {2}1 change stand/);
    office.unsettled.clear();
    expect((await call('rollback', [id])).code).toBe(0);
    expect(standing()).toEqual([]);
  });

  it('refuses a plan beside a run that changed something and has not ended', async () => {
    await call('apply', [plan]);
    const again = await call('apply', [plan], { yes: true });
    expect(again.code).toBe(3);
    expect(again.text).toContain(`run ${onlyRun()} changed something and has not ended`);
  });

  it('refuses a plan whose proof fails', async () => {
    const impossible = { ...(await officePlan()) };
    const [first, ...rest] = impossible.stages;
    if (first === undefined) throw new Error('no stage');
    writeFileSync(
      plan,
      planText({
        ...impossible,
        stages: [
          {
            ...first,
            changes: [...first.changes].map((c) => ({
              ...c,
              change:
                c.change.kind === 'set'
                  ? {
                      ...c.change,
                      settings: c.change.settings.map(
                        (s) => ({ ...s, before: { ...s.after, descr: 'other' } }) as typeof s,
                      ),
                    }
                  : c.change,
            })),
          },
          ...rest,
        ],
      }),
    );
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(code).toBe(1);
    expect(text).toContain('the plan is not proved');
    expect(office.writes).toEqual([]);
  });

  it('with --json prints one event a line, the last with the exit code', async () => {
    const { out, code } = await call('apply', [plan], { yes: true, json: true });
    const events = out.split('\n').map((l) => JSON.parse(l));
    expect(events.filter((e) => e.event === 'record').map((e) => e.entry.kind)).toContain('intent');
    expect(events.at(-1)).toMatchObject({
      event: 'end',
      format: 1,
      result: { kind: 'done' },
      exitCode: code,
    });
  });
});

describe('hostile states', () => {
  /** A run that stops dead in its second write. */
  async function crashed(): Promise<string> {
    office.onWrite = (n) => {
      if (n === 1) throw new Error('killed');
    };
    expect((await call('apply', [plan], { yes: true })).code).toBe(4);
    office.onWrite = () => undefined;
    return onlyRun();
  }

  it('is gone on with as it was begun, from its journal alone', async () => {
    office.onWrite = () => {
      throw new Error('killed');
    };
    const options = { yes: true, checkout: ['flux=../flux'], runCommands: true, from: 'office' };
    const { text } = await call('apply', [plan], options);
    office.onWrite = () => undefined;
    // where the runs are is not in their journals
    expect(text).toContain(`sightline resume ${onlyRun()} --runs ${runs}     goes on`);
    expect((await call('rollback', [onlyRun()])).code).toBe(0);
    expect(reach).toEqual({ from: 'office', checkouts: { flux: resolve('../flux') }, runsCommands: true });
  });

  it('is verified from where it was begun', async () => {
    expect((await call('apply', [plan], { yes: true, from: 'office' })).code).toBe(0);
    const from: (string | undefined)[] = [];
    const probers = async (_: unknown, asBefore?: string) => {
      from.push(asBefore);
      throw new Error('far enough');
    };
    await expect(verify({ what: onlyRun(), runs, probers, working: () => undefined })).rejects.toThrow(
      'far enough',
    );
    expect(from).toEqual(['office']);
  });

  it('a run of the lab: nothing to go on with, and in the way of no other', async () => {
    const id = await crashed();
    const text = readFileSync(journal(id), 'utf8');
    writeFileSync(journal(id), text.replace(/"proof":"[0-9a-f]+"/, '$&,"reach":{"isLab":true}'));
    for (const command of ['resume', 'rollback'] as const) {
      const { code, text: says } = await call(command, [id]);
      expect(says).toMatch(/was made in the lab, whose systems went with it[\s\S]*with --lab again/);
      expect(code).toBe(3);
    }
    expect((await call('runs', [id])).text).toContain('made in the lab, whose systems went with it');
    expect((await call('runs', [])).text).toMatch(/stopped {2}nothing stands {2}.*: made in the lab/);
    office.values.clear();
    expect((await call('apply', [plan], { yes: true })).code).toBe(0);
  });

  it('a run that cannot be read: nothing is begun beside it', async () => {
    const id = await crashed();
    writeFileSync(journal(id), `{}\n${readFileSync(journal(id), 'utf8')}`);
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(text).toMatch(new RegExp(`run ${id} cannot be read, and may have changed something: line 1`));
    expect(text).toContain('move its folder away');
    expect(code).toBe(3);
    writeFileSync(journal(id), '');
    office.values.clear();
    expect((await call('apply', [plan], { yes: true })).code).toBe(0);
  });

  it('a journal cut in the middle of a line: mended, told, and gone on with', async () => {
    const id = await crashed();
    appendFileSync(journal(id), '{"n":9,"at":"2026-0');
    expect((await call('runs', [id])).text).toContain(
      'The last line of the journal was cut by a crash (19 bytes)',
    );
    expect((await call('resume', [id], { yes: true })).code).toBe(0);
    expect(standing()).toEqual(done);
    expect(office.writes.filter((w) => w === 'alias-one')).toHaveLength(1);
  });

  it('rolls back from a crash', async () => {
    const id = await crashed();
    expect((await call('rollback', [id])).code).toBe(0);
    expect(standing()).toEqual([]);
  });

  it.each<[string, (id: string) => void, RegExp, RegExp]>([
    [
      'a newer version',
      (id) =>
        writeFileSync(journal(id), readFileSync(journal(id), 'utf8').replaceAll('"format":2', '"format":3')),
      /has format 3/,
      /a newer Sightline wrote it/,
    ],
    [
      'damage in the middle',
      (id) => writeFileSync(journal(id), readFileSync(journal(id), 'utf8').replace('{"n":2', '{"n')),
      /line 2 of the journal is no JSON/,
      /restore the file/,
    ],
    [
      'a plan that was edited',
      (id) =>
        writeFileSync(
          join(runs, id, 'plan.json'),
          readFileSync(join(runs, id, 'plan.json'), 'utf8').replace('First things', 'Other things'),
        ),
      /proves another plan/,
      /prove the plan again/,
    ],
    [
      'a journal of another run',
      (id) =>
        writeFileSync(
          journal(id),
          readFileSync(journal(id), 'utf8').replace(/"plan":"[0-9a-f]{8}/, '"plan":"00000000'),
        ),
      /is of another plan than the one beside it/,
      /restore plan\.json, proof\.json and journal\.jsonl together/,
    ],
    [
      'no journal',
      (id) => rmSync(journal(id)),
      /ended before it began/,
      /the plan can be applied again; unless journal\.jsonl was removed/,
    ],
    ['no plan', (id) => rmSync(join(runs, id, 'plan.json')), /has no plan/, /./],
  ])('%s: refused with what to do, by resume and rollback', async (_, damage, says, hint) => {
    const id = await crashed();
    damage(id);
    const writes = office.writes.length;
    for (const command of ['resume', 'rollback'] as const) {
      const { code, text } = await call(command, [id], { yes: true });
      expect(text).toMatch(says);
      expect(text).toMatch(hint);
      expect(code).toBe(3);
    }
    expect(office.writes).toHaveLength(writes);
    expect((await call('runs', [])).text).toContain(id);
  });

  it('a disk that fills up in the middle: stops before the next write, with the way back', async () => {
    office.onWrite = (n) => {
      if (n !== 0) return;
      const file = journal(onlyRun());
      const text = readFileSync(file);
      rmSync(file);
      writeFileSync(`${file}.kept`, text);
      mkdirSync(file); // every write fails from here on, as on a full disk
    };
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(text).toContain('cannot be written');
    expect(text).toContain('make room');
    expect(code).toBe(4);
    const id = onlyRun();
    rmSync(journal(id), { recursive: true });
    writeFileSync(journal(id), readFileSync(`${journal(id)}.kept`));
    expect((await call('rollback', [id])).code).toBe(0);
    expect(standing()).toEqual([]);
  });

  it('a folder that cannot be written: nothing is begun', async () => {
    writeFileSync(runs, 'a file');
    const { code, text } = await call('apply', [plan], { yes: true });
    expect(text).toContain('nothing was changed; make room or mend the folder');
    expect(code).toBe(3);
    expect(office.writes).toEqual([]);
  });

  it('a lock held by a dead process is taken over; by a living one it is respected', async () => {
    const id = await crashed();
    const lock = join(runs, 'lock');
    const holder = {
      pid: process.ppid,
      started: '',
      host: (await import('node:os')).hostname(),
      run: 'other',
    };
    writeFileSync(lock, JSON.stringify(holder));
    const kept = await call('resume', [id], { yes: true });
    expect(kept.text).toContain('run other is going on');
    expect(kept.code).toBe(3);
    writeFileSync(lock, JSON.stringify({ ...holder, pid: 2 ** 22 + 1 }));
    expect((await call('resume', [id], { yes: true })).code).toBe(0);
  });

  it('an unknown run: wrong use, with those that are known', async () => {
    const id = await crashed();
    const { text, code } = await call('resume', ['nope']);
    expect(text).toContain(`known runs: ${id}`);
    expect(code).toBe(3);
  });
});

describe('rollback', () => {
  it('takes back a run that was done, and says so when asked again', async () => {
    await call('apply', [plan], { yes: true });
    const id = onlyRun();
    expect((await call('rollback', [id])).code).toBe(0);
    expect(standing()).toEqual([]);
    const writes = office.writes.length;
    expect((await call('rollback', [id])).code).toBe(0);
    expect(office.writes).toHaveLength(writes);
  });
});

describe('runs', () => {
  it('lists runs and tells one as a story', async () => {
    expect((await call('runs', [])).text).toBe('There is no run yet.');
    await call('apply', [plan], { yes: true });
    const id = onlyRun();
    expect((await call('runs', [])).text).toMatch(new RegExp(`${id} {2}done {2}3 changes stand`));
    const story = (await call('runs', [id])).text;
    expect(story).toMatch(/\d\d:\d\d:\d\d {4}→ writing Create alias one on edge/);
    expect(story).toContain('Second things');
    expect(JSON.parse((await call('runs', [id], { json: true })).text)).toMatchObject({
      format: 1,
      state: 'done',
    });
  });
});
