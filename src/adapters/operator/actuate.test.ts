/* A person at the keyboard: what counts is what is seen. */
import { expect, it } from 'vitest';
import type { Observed } from '#apply/actuator.ts';
import type { PlannedChange } from '#plan/change.ts';
import { operatorActuator } from './actuate.ts';

const change: PlannedChange = {
  id: 'alias',
  title: 'Create alias',
  change: { kind: 'set', settings: [{ of: 'alias', id: 'fw/a', before: null, after: { name: 'a' } }] },
  through: { by: 'operator', system: 'firewall/fw' },
  because: { says: 'test', serves: 'test', evidence: [] },
};

function operator(seen: Observed[], answers: ('done' | 'stop')[]) {
  const shown: (string | undefined)[] = [];
  const actuator = operatorActuator({
    instructions: () => 'Firewall > Aliases',
    ask: async (_, __, stillSeen) => {
      shown.push(stillSeen);
      return answers.shift() ?? 'stop';
    },
    seeing: (system) =>
      system.startsWith('firewall/') ? async () => seen.shift() ?? { kind: 'before' } : undefined,
  });
  return { actuator, shown };
}

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
});
it('can be stopped', async () => {
  expect(await operator([], ['stop']).actuator.write(change)).toMatchObject({ kind: 'refused' });
});
it('is not taken on where nothing can see it', () => {
  const { actuator } = operator([], []);
  const [setting] = change.change.kind === 'set' ? change.change.settings : [];
  expect(setting && actuator.can('monitor/x', setting)).toBe(false);
  expect(setting && actuator.can('firewall/fw', setting)).toBe(true);
});
