/* Every way in which a call can fail, and searches for secrets in what a run said. */
import { expect } from 'vitest';
import type { Call, Fault, FaultChooser } from '#lab/stand-ins/faults.ts';
import type { Heard, MemoryJournal } from './run.ts';
import { tokenNames } from './world.ts';

const isRead = (call: Call) => call.method === 'GET' || /\/get$/.test(call.path);
/** Each with its name. */
export const faults: readonly (readonly [string, Fault])[] = [
  ['reset before', { kind: 'reset', takesEffect: false }],
  ['reset after', { kind: 'reset', takesEffect: true }],
  ['time-out before', { kind: 'silent', takesEffect: false }],
  ['time-out after', { kind: 'silent', takesEffect: true }],
  ['401', { kind: 'status', status: 401 }],
  ['403', { kind: 'status', status: 403 }],
  ['409', { kind: 'status', status: 409 }],
  ['429', { kind: 'status', status: 429, retryAfterSeconds: 1 }],
  ['500', { kind: 'status', status: 500 }],
  ['half an answer, before', { kind: 'half', takesEffect: false }],
  ['half an answer, after', { kind: 'half', takesEffect: true }],
  ['garbage, before', { kind: 'garbage', takesEffect: false }],
  ['garbage, after', { kind: 'garbage', takesEffect: true }],
];
/** The fault for every read or write, or for the first only. */
export function chooser(which: 'read' | 'write', fault: Fault, times: number): FaultChooser {
  let left = times;
  return (call) => {
    if (isRead(call) !== (which === 'read') || left <= 0) return undefined;
    left -= 1;
    return fault;
  };
}

/** No credential stands in anything that was journaled or said. */
export function noSecrets(heard: Heard, journal: MemoryJournal): void {
  const all = [...heard.lines, journal.text].join('\n');
  expect(all.length).toBeGreaterThan(100);
  for (const name of Object.values(tokenNames)) expect(all).not.toContain(process.env[name]);
  expect(all).not.toContain('FAKE-in-the-cluster');
}
