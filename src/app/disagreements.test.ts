/* A disagreement is met by an entry, or it fails; an entry that explains nothing fails too. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Trace } from '#dataplane/trace.ts';
import { ip } from '#net/ip.ts';
import { differencesOf, type FlowResult } from './differential.ts';
import { type Disagreement, judge, readDisagreements } from './disagreements.ts';

const flow = { from: 'lan', family: 4, to: { ip: ip('10.0.20.200') }, port: 443, protocol: 'udp' } as const;
const known: Disagreement = {
  id: 'size',
  estate: 'home',
  flow: '^lan → .*/udp',
  about: 'verdict',
  model: 'too-big',
  reason: 'x'.repeat(40),
};
const tooBig: FlowResult = {
  flow,
  protocol: 'http3',
  result: 'disagrees',
  differs: [{ about: 'verdict', model: 'too-big', kernel: 'delivered' }],
};

function estate(name: string, results: readonly FlowResult[]) {
  return { name, results, modes: [], notBuilt: [], upMs: 1, ms: 1 };
}

describe('judge', () => {
  test.each([
    { name: 'explained', of: 'home-lab', result: tooBig, counts: [0, 1, 0] },
    { name: 'in another estate', of: 'office', result: tooBig, counts: [1, 0, 0] },
    {
      name: 'about something else',
      of: 'home-lab',
      result: { ...tooBig, differs: [{ about: 'socket' as const, model: 'too-big', kernel: '' }] },
      counts: [1, 0, 1],
    },
    {
      name: 'no longer there',
      of: 'home-lab',
      result: { ...tooBig, result: 'agrees' as const, differs: [] },
      counts: [0, 0, 1],
    },
  ])('$name', ({ of, result, counts }) => {
    const judged = judge([estate(of, [result])], [known]);
    expect([judged.unexplained.length, judged.explained, judged.stale.length]).toEqual(counts);
  });

  test('the entries of the project can be read', async () => {
    const path = fileURLToPath(new URL('../../lab/disagreements.json', import.meta.url));
    expect((await readDisagreements(path)).length).toBeGreaterThan(0);
  });
});

describe('differencesOf', () => {
  const way = (pod: string, seenAs: string): Trace => ({
    flow,
    hops: [],
    disposition: 'delivered',
    reached: { ip: ip('10.244.1.10'), port: 8443, node: 'n1', pod: `lab/${pod}` },
    seenAs: ip(seenAs),
    identities: [],
    gaps: [],
  });
  const ways = [way('a/one', '10.0.20.11'), way('a/two', '10.0.20.12')];
  test.each([
    {
      name: 'one of the ways',
      seen: { verdict: 'delivered', pod: 'a/two', socket: '10.0.20.12' },
      about: [],
    },
    {
      name: 'another endpoint',
      seen: { verdict: 'delivered', pod: 'a/three', socket: '10.0.20.12' },
      about: ['endpoint'],
    },
    {
      name: 'the right endpoint with another client',
      seen: { verdict: 'delivered', pod: 'a/two', socket: '10.0.20.11' },
      about: ['socket'],
    },
    { name: 'no answer', seen: { verdict: 'silent' }, about: ['verdict'] },
    {
      name: 'an answer that says no',
      seen: { verdict: 'delivered', status: 403, pod: 'a/two', socket: '10.0.20.12' },
      about: ['verdict'],
    },
  ] as const)('$name', ({ seen, about }) => {
    expect(differencesOf(ways, seen).map((d) => d.about)).toEqual(about);
  });
});
