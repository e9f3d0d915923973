/* A person at the keyboard: what counts is what is seen, and what nothing can see is recorded as said. */
import { describe, expect, it } from 'vitest';
import type { Observed } from '#apply/actuator.ts';
import { inverseOf, type PlannedChange, type Setting } from '#plan/change.ts';
import { operatorActuator } from './actuate.ts';

const alias = { of: 'alias', id: 'fw/a', before: null, after: { name: 'a' } } as unknown as Setting;
const monitor = {
  of: 'monitor',
  id: 'm',
  before: { expectsIp: '192.0.2.1' },
  after: { expectsIp: '192.0.2.2' },
} as Setting;
const changeOf = (...settings: Setting[]): PlannedChange => ({
  id: 'by-hand',
  title: 'Do it',
  change: { kind: 'set', settings },
  through: { by: 'operator', system: 'firewall/fw' },
  because: { says: 'test', serves: 'test', evidence: [] },
});
const change = changeOf(alias);

function operator(seen: Observed[], answers: ('done' | 'stop')[]) {
  const shown: (string | undefined)[] = [];
  const actuator = operatorActuator({
    takesOn: (system) => system.startsWith('firewall/'),
    instructions: () => 'Firewall > Aliases',
    ask: async (_, __, stillSeen) => {
      shown.push(stillSeen);
      return answers.shift() ?? 'stop';
    },
    seeing: (_, setting) =>
      setting.of === 'alias' ? async () => seen.shift() ?? { kind: 'before' } : undefined,
  });
  return { actuator, shown };
}

describe('a change that can be seen', () => {
  it('is written when it is seen', async () => {
    expect(await operator([{ kind: 'after' }], ['done']).actuator.write(change)).toEqual({ kind: 'written' });
  });
  it('is asked again while it is not seen', async () => {
    const { actuator, shown } = operator([{ kind: 'before' }, { kind: 'after' }], ['done', 'done']);
    expect(await actuator.write(change)).toEqual({ kind: 'written' });
    expect(shown).toEqual([undefined, 'the system is still as it was']);
  });
  it('is never taken for done because somebody says so', async () => {
    const { actuator } = operator([], ['done', 'done', 'done']);
    expect(await actuator.write(change)).toMatchObject({ kind: 'unknown' });
    expect(await actuator.observe(change)).toEqual({ kind: 'before' });
  });
  it('can be stopped', async () => {
    expect(await operator([], ['stop']).actuator.write(change)).toMatchObject({ kind: 'refused' });
  });
  it('is taken on where the plan gives it to a person', () => {
    const { actuator } = operator([], []);
    expect(actuator.can('monitor/x', alias)).toBe(false);
    expect(actuator.can('firewall/fw', alias)).toBe(true);
  });
});

describe('a change that nothing can see', () => {
  const unseen = changeOf(monitor);
  it('stands by the word of the person, and is marked so', async () => {
    const { actuator } = operator([], ['done']);
    expect(await actuator.observe(unseen)).toEqual({ kind: 'before' });
    expect(await actuator.write(unseen)).toEqual({ kind: 'written' });
    expect(await actuator.observe(unseen)).toEqual({ kind: 'after', isSaid: true });
  });
  it('what was said of it says nothing of its undo', async () => {
    const { actuator } = operator([], ['done', 'done']);
    await actuator.write(unseen);
    const undo = { ...unseen, change: inverseOf(unseen.change) };
    expect(await actuator.observe(undo)).toEqual({ kind: 'before' });
    expect(await actuator.write(undo)).toEqual({ kind: 'written' });
    expect(await actuator.observe(undo)).toEqual({ kind: 'after', isSaid: true });
  });
  it('is not done where the person stops', async () => {
    expect(await operator([], ['stop']).actuator.write(unseen)).toMatchObject({ kind: 'refused' });
  });
});

describe('a change of which a part can be seen', () => {
  const both = changeOf(alias, monitor);
  it('needs both the sight and the word', async () => {
    const { actuator } = operator(
      [{ kind: 'after' }, { kind: 'before' }, { kind: 'after' }],
      ['stop', 'done'],
    );
    expect(await actuator.observe(both)).toEqual({ kind: 'before' });
    expect(await actuator.write(both)).toMatchObject({ kind: 'refused' });
    expect(await actuator.write(both)).toEqual({ kind: 'written' });
  });
  it('is said, not seen, as a whole', async () => {
    const { actuator } = operator([{ kind: 'after' }, { kind: 'after' }], ['done']);
    await actuator.write(both);
    expect(await actuator.observe(both)).toEqual({ kind: 'after', isSaid: true });
  });
});
