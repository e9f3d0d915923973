/* The pace of traffic: down where the machine is busy, up where it idles, within bounds and a step at a time. */
import { expect, test } from 'vitest';
import { nextPace } from './rehearse-pace.ts';

test.each([
  { name: 'as busy as wanted', pace: 1, busy: 0.46, next: 1 },
  { name: 'too busy: down by a step', pace: 1, busy: 0.9, next: 1 / 1.2 },
  { name: 'a little too busy: down by as much', pace: 1, busy: 0.5, next: 0.46 / 0.5 },
  { name: 'idle: up by a step', pace: 0.5, busy: 0.1, next: 0.6 },
  { name: 'nothing runs at all', pace: 0.5, busy: 0, next: 0.6 },
  { name: 'never below the least', pace: 0.3, busy: 1, next: 0.3 },
  { name: 'never above the most', pace: 3, busy: 0.05, next: 3 },
])('$name', ({ pace, busy, next }) => {
  expect(nextPace(pace, busy)).toBeCloseTo(next, 6);
});
