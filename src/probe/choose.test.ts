/* Which probes a gate keeps: what its stage changes, what is protected, one of every other class. */
import { describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { namesByClass, probesForGate } from './choose.ts';
import type { Prediction } from './predict.ts';
import type { Probe } from './prober.ts';

const at = ip('10.0.20.200');
const http = (name: string, why: Probe['why'] = 'moved', from = 'lan'): Probe => ({
  id: `${from}: ${name}`,
  from,
  why,
  attempt: { kind: 'http', version: 2, isPlain: false, ip: at, port: 443, name: dnsName(name) },
});
const works: Prediction = { outcome: 'works', says: 'delivered' };
const fails: Prediction = { outcome: 'fails', says: 'no-listener' };
const [a, b, c] = [http('a.example.org'), http('b.example.org'), http('c.example.org')];
const sees = (failing: readonly Probe[]) => (p: Probe) => (failing.includes(p) ? fails : works);

describe('probesForGate', () => {
  it.each([
    ['keeps one of a class that nothing happened to', [a, b, c], [], [], [a]],
    ['keeps all that the stage changes, and one of the others', [a, b, c], [], [b, c], [a, b, c]],
    ['tells an end from another', [a, b, c], [b], [b], [a, b]],
    [
      'keeps every protected endpoint',
      [http('a.example.org', 'protected'), http('b.example.org', 'protected')],
      [],
      [],
      [http('a.example.org', 'protected'), http('b.example.org', 'protected')],
    ],
    [
      'keeps one from every place',
      [a, http('a.example.org', 'moved', 'pod')],
      [],
      [],
      [a, http('a.example.org', 'moved', 'pod')],
    ],
  ] as const)('%s', (_, probes, failedBefore, failAfter, kept) => {
    expect(probesForGate(probes, sees(failedBefore), sees(failAfter))).toEqual(kept);
  });

  it('leaves nothing out where the state before is not known', () => {
    expect(probesForGate([a, b, c], undefined, sees([]))).toEqual([a, b, c]);
  });

  it('sees a change of the client address alone', () => {
    const as = (client: string) => () => ({ ...works, seenAs: [ip(client)] });
    expect(probesForGate([a, b], as('10.0.20.103'), as('192.168.1.20'))).toEqual([a, b]);
  });
});

describe('namesByClass', () => {
  it.each([
    [2, ['a1', 'b1']],
    [3, ['a1', 'a2', 'b1']],
    [1, ['a1', 'b1']],
    [9, ['a1', 'a2', 'a3', 'b1']],
  ])('of at most %i names one of each class', (most, kept) => {
    expect(namesByClass(['a1', 'a2', 'a3', 'b1'], most, (n) => n.slice(0, 1))).toEqual(kept);
  });
});
