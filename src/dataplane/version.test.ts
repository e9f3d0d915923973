/* Release numbers, and which rules follow from them. */
import { describe, expect, it } from 'vitest';
import { isAtLeast, rulesOf } from './version.ts';

describe('isAtLeast', () => {
  it.each([
    ['v1.33.2+k3s1', '1.33', true],
    ['1.32.9', '1.33', false],
    ['0.14.2', '0.14.2', true],
    ['0.14.1', '0.14.2', false],
    ['0.15', '0.14.2', true],
    ['0.14', '0.14.2', false],
    ['0.14', '0.14.0', true],
    ['10.0', '9.9', true],
    ['latest', '1.0', undefined],
    [undefined, '1.0', undefined],
  ])('%s against %s is %s', (have, want, answer) => {
    expect(isAtLeast(have, want)).toBe(answer);
  });
});

describe('rulesOf', () => {
  const since = { old: '1.2', young: '1.10' };

  it('gives the rules of a known release', () => {
    expect(rulesOf('1.9', since)).toEqual([{ old: true, young: false }]);
    expect(rulesOf('1.1', since)).toEqual([{ old: false, young: false }]);
  });

  it('gives every set that any release had where the version is not known', () => {
    expect(rulesOf('main', since)).toEqual([
      { old: true, young: false },
      { old: true, young: true },
      { old: false, young: false },
    ]);
  });
});
