/* Preflight finds what would stop a run or its undo, before anything is written. */
import { describe, expect, it } from 'vitest';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Actuator, Observed } from './actuator.ts';
import { preflight } from './preflight.ts';

const change = (id: string, on = id): PlannedChange => ({
  id,
  title: id,
  change: { kind: 'set', settings: [{ of: 'alias', id: on, before: { descr: 'a' }, after: { descr: 'b' } }] },
  through: { by: 'api', system: 'firewall/x' },
  because: { says: '', serves: '', evidence: [] },
});
const planOf = (...changes: PlannedChange[]) => ({ stages: [{ changes }] }) as unknown as Plan;
const actuator = (observed: Observed, preflightOf: Actuator['preflight'] = async () => []): Actuator => ({
  name: 'test',
  can: (system) => system === 'firewall/x',
  preflight: preflightOf,
  observe: async () => observed,
  write: async () => {
    throw new Error('preflight never writes');
  },
});

describe('preflight', () => {
  it('finds nothing where all is as planned', async () => {
    expect(await preflight(planOf(change('a')), [actuator({ kind: 'before' })])).toEqual([]);
  });

  it.each<[string, Actuator[], RegExp]>([
    ['no writer', [], /nothing is configured that can write .*: name its access in sightline\.yaml/],
    ['moved', [actuator({ kind: 'other', says: 'now c' })], /no longer what the plan was made from: now c/],
    ['done already', [actuator({ kind: 'after' })], /done already/],
    ['unreachable', [actuator({ kind: 'unreachable', says: 'refused' })], /cannot be read: refused/],
  ])('finds: %s', async (_, actuators, says) => {
    const [problem] = await preflight(planOf(change('a')), actuators);
    expect(problem?.says).toMatch(says);
  });

  it('asks for the undo too', async () => {
    const cannotUndo: Actuator['preflight'] = async ({ change: c }) =>
      c.kind === 'set' &&
      c.settings[0]?.after &&
      'descr' in c.settings[0].after &&
      c.settings[0].after.descr === 'a'
        ? ['no right to delete']
        : [];
    const problems = await preflight(planOf(change('a')), [actuator({ kind: 'before' }, cannotUndo)]);
    expect(problems).toEqual([{ change: 'a', says: 'its undo: no right to delete' }]);
  });

  it('compares only the first change of a setting with the live system', async () => {
    const seen: string[] = [];
    const one = actuator({ kind: 'before' });
    const watching: Actuator = {
      ...one,
      observe: async (c) => {
        seen.push(c.id);
        return { kind: 'before' };
      },
    };
    await preflight(planOf(change('a'), change('b', 'a')), [watching]);
    expect(seen).toEqual(['a']);
  });
});
