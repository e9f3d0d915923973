/* What counts as an equal answer. */
import { expect, test } from 'vitest';
import { equalValue } from './equal-value.ts';

const same = { a: 1 };
class Held {
  readonly a = 1;
}

test.each<[string, unknown, unknown, boolean]>([
  ['the same object', same, same, true],
  ['equal objects', { a: [1, { b: 'x' }] }, { a: [1, { b: 'x' }] }, true],
  ['another order of members', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ['an absent member and an undefined one', { a: 1, b: undefined }, { a: 1 }, true],
  ['an undefined member and an absent one', { a: 1 }, { a: 1, b: undefined }, true],
  ['another value deep inside', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, false],
  ['one member more', { a: 1 }, { a: 1, b: 0 }, false],
  ['one element more', [1], [1, 2], false],
  ['an object and a list', {}, [], false],
  ['nothing and an object', null, {}, false],
  ['nothing and not said', null, undefined, false],
  ['a number and its text', 1, '1', false],
  ['equal maps are no plain data', new Map([[1, 2]]), new Map([[1, 2]]), false],
  ['equal sets are no plain data', new Set([1]), new Set([1]), false],
  ['objects of a class', new Held(), new Held(), false],
])('%s', (_, a, b, expected) => {
  expect(equalValue(a, b)).toBe(expected);
  expect(equalValue(b, a)).toBe(expected);
});
