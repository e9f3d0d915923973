/*
 * The engine against systems that fail in every way, and against being killed at every journal record and at every
 * write, before and after it took effect. Whatever happens, the end is done, rolled back or paused, and never in between.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import type { Actuator, WriteOutcome } from './actuator.ts';
import { execute, turnBack } from './execute.ts';
import { parseJournal } from './journal.ts';
import { defaultPolicy, type Order, type RunWorld } from './run-world.ts';

class Killed extends Error {}

/** A system with three values that the plan's changes set; every call can be told to fail. */
class World {
  readonly values = new Map<string, string>([
    ['a', '0'],
    ['b', '0'],
    ['c', '0'],
  ]);
  readonly writes: string[] = [];
  lines = '';
  calls = 0;
  records = 0;
  killAtRecord = -1;
  killAtWrite: { call: number; when: 'before' | 'after' } | undefined;
  faults: (WriteOutcome | undefined)[] = [];
  takesEffect = true;
  order: Order = 'pause';
  gatesPass = true;
  /** Values that their owner would still change, and how often it says so. */
  readonly unsettled = new Map<string, number>();
  time = 0;

  world(): RunWorld {
    return {
      actuators: [this.actuator()],
      journal: {
        read: async () => this.lines,
        drop: async () => {},
        append: async (line) => {
          if (this.records === this.killAtRecord) throw new Killed();
          this.records += 1;
          this.lines += line;
        },
      },
      clock: {
        now: () => new Date(this.time).toISOString(),
        sleep: async (ms) => {
          this.time += ms;
          return true;
        },
      },
      operator: { confirm: async () => 'go-on', decide: async () => this.order },
      gates: { check: async () => ({ passed: this.gatesPass, says: 'probes' }) },
      watcher: { record: () => {}, trying: () => {} },
      policy: { ...defaultPolicy, tries: 3, settleMs: 5000 },
    };
  }

  actuator(): Actuator {
    return {
      name: 'test',
      can: () => true,
      preflight: async () => [],
      observe: async (change) => {
        const [id, before, after] = parts(change);
        const value = this.values.get(id);
        if (value === after) return { kind: 'after' };
        return value === before ? { kind: 'before' } : { kind: 'other', says: `${id} is ${value}` };
      },
      unsettled: async (change) => {
        const [id] = parts(change);
        const left = this.unsettled.get(id) ?? 0;
        this.unsettled.set(id, left - 1);
        return left > 0 ? '1 to change' : undefined;
      },
      backup: async (change) => this.values.get(parts(change)[0]) ?? '',
      write: async (change) => {
        const [id, , after] = parts(change);
        const call = this.calls;
        this.calls += 1;
        if (this.killAtWrite?.call === call && this.killAtWrite.when === 'before') throw new Killed();
        const fault = this.faults[call];
        if (fault === undefined || (fault.kind === 'unknown' && this.takesEffect)) {
          this.values.set(id, after);
          this.writes.push(`${id}=${after}`);
        }
        if (this.killAtWrite?.call === call && this.killAtWrite.when === 'after') throw new Killed();
        return fault ?? { kind: 'written' };
      },
    };
  }
}

function parts(change: PlannedChange): [string, string, string] {
  if (change.change.kind !== 'set') throw new Error('a wait is never written');
  const [setting] = change.change.settings;
  const text = (side: unknown) => String((side as { expectsIp?: string } | null)?.expectsIp);
  return [setting?.id ?? '', text(setting?.before), text(setting?.after)];
}

function change(id: string): PlannedChange {
  const settings = [{ of: 'monitor', id, before: { expectsIp: '0' }, after: { expectsIp: '1' } }];
  return {
    id,
    title: `set ${id}`,
    change: { kind: 'set', settings } as unknown as PlannedChange['change'],
    through: { by: 'api', system: 'test' },
    because: { says: 'test', serves: 'test', evidence: [] },
  };
}

const wait: PlannedChange = {
  ...change('w'),
  change: { kind: 'wait', for: { kind: 'condition', says: 'caches', seconds: 60 } },
};
const plan = {
  format: 1,
  stages: [
    {
      id: 's1',
      title: 'first',
      changes: [change('a'), wait, change('b')],
      gates: [{ kind: 'probes', says: 'all' }],
    },
    { id: 's2', title: 'second', changes: [change('c')], gates: [{ kind: 'confirm', asks: 'sure?' }] },
  ],
} as unknown as Plan;
const proof = { kind: 'proved' } as unknown as Proved;
const start = { a: '0', b: '0', c: '0' };
const end = { a: '1', b: '1', c: '1' };
const valuesOf = (w: World) => Object.fromEntries(w.values);

/** Runs until it is killed, then resumes a fresh engine until it ends. */
async function runWithCrash(w: World): Promise<string> {
  try {
    await execute(plan, proof, w.world());
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  w.killAtRecord = -1;
  w.killAtWrite = undefined;
  return (await execute(plan, proof, w.world())).kind;
}

describe('execute', () => {
  it('writes each change once, in order, and ends done', async () => {
    const w = new World();
    expect(await execute(plan, proof, w.world())).toEqual({ kind: 'done' });
    expect(w.writes).toEqual(['a=1', 'b=1', 'c=1']);
    expect(valuesOf(w)).toEqual(end);
    expect(w.time).toBeGreaterThanOrEqual(60_000);
  });

  it('resumes to the same end when killed at any record', async () => {
    const whole = new World();
    await execute(plan, proof, whole.world());
    const records = parseJournal(whole.lines).records.length;
    expect(records).toBeGreaterThan(10);
    for (let at = 0; at < records; at++) {
      const w = new World();
      w.killAtRecord = at;
      expect(await runWithCrash(w)).toBe('done');
      expect(w.writes).toEqual(['a=1', 'b=1', 'c=1']);
    }
  });

  it.each(['before', 'after'] as const)(
    'resumes to the same end when killed %s any write took effect',
    async (when) => {
      for (let call = 0; call < 3; call++) {
        const w = new World();
        w.killAtWrite = { call, when };
        expect(await runWithCrash(w)).toBe('done');
        expect(valuesOf(w)).toEqual(end);
        expect(w.writes).toEqual(['a=1', 'b=1', 'c=1']);
      }
    },
  );

  it('rolls back to the start from wherever it was killed, also when killed again on the way', async () => {
    const whole = new World();
    await execute(plan, proof, whole.world());
    const records = parseJournal(whole.lines).records.length;
    for (let at = 0; at < records; at++) {
      for (let again = 0; again < 8; again++) {
        const w = new World();
        w.killAtRecord = at;
        await execute(plan, proof, w.world()).catch(() => {});
        w.killAtRecord = -1;
        await turnBack(w.world(), 'asked');
        w.killAtRecord = w.records + again;
        await execute(plan, proof, w.world()).catch(() => {});
        w.killAtRecord = -1;
        expect((await execute(plan, proof, w.world())).kind).toMatch(
          at === records ? /done/ : /rolled-back|done/,
        );
        expect(valuesOf(w)).toEqual(start);
      }
    }
  });

  it('ends done, rolled back or paused under any faults, and then resumes or rolls back cleanly', async () => {
    const outcome = fc.constantFrom<WriteOutcome | undefined>(
      undefined,
      { kind: 'refused', says: '403', hint: 'rights' },
      { kind: 'conflict', says: 'owned by helm' },
      { kind: 'unknown', says: 'time-out' },
    );
    const order = fc.constantFrom<Order>('pause', 'roll-back', 'go-on');
    await fc.assert(
      fc.asyncProperty(
        fc.array(outcome, { maxLength: 6 }),
        fc.boolean(),
        order,
        fc.nat({ max: 3 }),
        async (faults, takesEffect, decided, unsettled) => {
          const w = new World();
          w.unsettled.set('b', unsettled);
          Object.assign(w, { faults, takesEffect, order: decided });
          const first = await execute(plan, proof, w.world());
          if (first.kind === 'done') expect(valuesOf(w)).toEqual(end);
          if (first.kind === 'rolled-back') expect(valuesOf(w)).toEqual(start);
          w.faults = [];
          w.unsettled.clear();
          await turnBack(w.world(), 'asked');
          expect((await execute(plan, proof, w.world())).kind).toBe('rolled-back');
          expect(valuesOf(w)).toEqual(start);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('says what is written and not settled, stops there, and does not write it again', async () => {
    const w = new World();
    w.unsettled.set('b', 2);
    const stopped = await execute(plan, proof, w.world());
    expect(stopped).toEqual({
      kind: 'paused',
      because: 'set b is written, and not settled: 1 to change',
      next: expect.stringMatching(/let its owner do it.*Then resume.*roll back/i),
    });
    const kinds = parseJournal(w.lines).records.map(({ entry }) =>
      entry.kind === 'outcome' ? entry.outcome : entry.kind,
    );
    expect(kinds.slice(-4)).toEqual(['intent', 'written', 'unsettled', 'paused']);
    expect((await execute(plan, proof, w.world())).kind).toBe('paused');
    expect(await execute(plan, proof, w.world())).toEqual({ kind: 'done' });
    expect(w.writes).toEqual(['a=1', 'b=1', 'c=1']);
  });

  it('is asked at once whether it goes back from what is not settled', async () => {
    const w = new World();
    w.unsettled.set('b', 1);
    w.order = 'roll-back';
    expect((await execute(plan, proof, w.world())).kind).toBe('rolled-back');
    expect(valuesOf(w)).toEqual(start);
  });

  it('an undo that is not settled stops the way back, which goes on from there', async () => {
    const w = new World();
    await execute(plan, proof, w.world());
    w.unsettled.set('b', 1);
    await turnBack(w.world(), 'asked');
    const stopped = await execute(plan, proof, w.world());
    expect(stopped).toMatchObject({ kind: 'paused', because: expect.stringMatching(/set b is undone, and/) });
    expect((await execute(plan, proof, w.world())).kind).toBe('rolled-back');
    expect(w.writes).toEqual(['a=1', 'b=1', 'c=1', 'c=0', 'b=0', 'a=0']);
  });

  it('is not settled by a crash: killed at any record, the owner is asked again', async () => {
    for (let at = 0; at < 20; at++) {
      const w = new World();
      for (const id of ['a', 'b', 'c']) w.unsettled.set(id, 99);
      w.killAtRecord = at;
      expect(await runWithCrash(w)).toBe('paused');
      expect(w.writes).toEqual(['a=1']);
      w.unsettled.clear();
      expect(await execute(plan, proof, w.world())).toEqual({ kind: 'done' });
      expect(w.writes).toEqual(['a=1', 'b=1', 'c=1']);
    }
  });

  it('never overwrites what somebody else changed', async () => {
    const w = new World();
    w.values.set('b', 'theirs');
    const result = await execute(plan, proof, w.world());
    expect(result).toMatchObject({ kind: 'paused' });
    expect(w.values.get('b')).toBe('theirs');
  });

  it('turns round when a gate fails and the operator says so', async () => {
    const w = new World();
    Object.assign(w, { gatesPass: false, order: 'roll-back' });
    expect((await execute(plan, proof, w.world())).kind).toBe('rolled-back');
    expect(valuesOf(w)).toEqual(start);
  });
});

describe('parseJournal', () => {
  const line = (n: number, extra = {}) =>
    JSON.stringify({ n, at: 'now', format: 1, entry: { kind: 'turned', because: 'x' }, ...extra });

  it('leaves out a last line that was cut, and says so', () => {
    const { records, cut } = parseJournal(`${line(1)}\n${line(2).slice(0, 20)}`);
    expect(records).toHaveLength(1);
    expect(cut).toBe(line(2).slice(0, 20));
  });

  it('reads what format 1 wrote, also in one journal with format 2', () => {
    const refused = (says: string) => ({
      kind: 'outcome',
      change: 'a',
      direction: 'forward',
      outcome: 'refused',
      says,
    });
    const notEmpty = "the owner's own plan is not empty ended with 2: 1 to change";
    const entries = [refused('403 no right'), refused(notEmpty)];
    const text = entries.map((entry, i) => `${line(i + 1, { entry })}\n`).join('');
    const { records } = parseJournal(`${text}${line(3, { format: 2 })}\n`);
    expect(records.map((r) => r.entry)).toEqual([
      refused('403 no right'),
      { kind: 'unsettled', change: 'a', direction: 'forward', says: notEmpty },
      { kind: 'turned', because: 'x' },
    ]);
  });

  it.each([
    ['damage in the middle', `${line(1).slice(0, 9)}\n${line(2)}\n`, /line 1 .* no JSON/],
    ['a hole', `${line(1)}\n${line(3)}\n`, /line 2 .* numbered 3/],
    ['a newer version', `${line(1, { format: 3 })}\n`, /format 3/],
    ['something else', '{"hello":1}\n', /no record/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseJournal(text)).toThrow(message);
  });
});
