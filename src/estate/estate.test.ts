/* The reader of a state must answer as an estate made afresh from the same facts would; recording must miss nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import {
  keysTouched,
  makeEstate,
  type ReadKey,
  readerOf,
  readerOver,
  recordingReader,
  removalOf,
  type Write,
  writeOf,
} from './estate.ts';
import type { FactKey } from './fact.ts';
import { fact } from './fact.ts';
import type { Node } from './kubernetes.ts';

const evidence = { file: 'test' };
const node = (name: string, address: string): Node => ({
  cluster: 'home',
  name,
  labels: {},
  annotations: {},
  internalIps: [ip(address)],
  podCidrs: [],
  isReady: true,
  isNetworkUnavailable: false,
  isSchedulable: true,
});
const names = ['n1', 'n2', 'n3', 'n4'];
const addresses = ['10.0.20.101', '10.0.20.102', '10.0.20.103'];
const nodes = fc.uniqueArray(
  fc.record({ name: fc.constantFrom(...names), address: fc.constantFrom(...addresses) }),
  { selector: (n) => n.name },
);
const edits = fc.array(
  fc.record({ name: fc.constantFrom(...names), address: fc.option(fc.constantFrom(...addresses)) }),
  { maxLength: 6 },
);
type Edit = { name: string; address: string | null };

const questions = [
  { key: 'node:*', ask: (r: ReturnType<typeof readerOf>) => r.all('node') },
  ...addresses.map((a) => ({
    key: `node@ip=${a}`,
    ask: (r: ReturnType<typeof readerOf>) => r.by('node', 'ip', a),
  })),
  ...names.map((n) => ({
    key: `node:home/${n}`,
    ask: (r: ReturnType<typeof readerOf>) => r.get('node', `home/${n}`),
  })),
];

describe('readerOver', () => {
  it('answers like an estate made afresh, after any writes', () => {
    fc.assert(
      fc.property(nodes, edits, (start, changes) => {
        const { estate, over } = apply(start, changes);
        const facts = new Map(estate.facts);
        for (const { name, address } of changes) {
          if (address === null) facts.delete(`node:home/${name}`);
          else facts.set(`node:home/${name}`, fact('node', node(name, address), evidence));
        }
        const fresh = readerOf(makeEstate(facts.values()));
        for (const q of questions) expect(values(q.ask(over))).toEqual(values(q.ask(fresh)));
      }),
    );
  });

  it('changes only answers whose read keys a write touches', () => {
    fc.assert(
      fc.property(nodes, edits, (start, changes) => {
        const { estate, over, writes } = apply(start, changes);
        const touched = new Set<ReadKey>(writes.flatMap(keysTouched));
        for (const q of questions) {
          const read: ReadKey[] = [];
          const before = values(q.ask(recordingReader(readerOf(estate), (k) => read.push(k))));
          if (!read.some((k) => touched.has(k))) expect(values(q.ask(over))).toEqual(before);
          expect(read).toEqual([q.key]);
        }
      }),
    );
  });

  it('refuses an index that the kind does not have', () => {
    expect(() => readerOf(makeEstate([])).by('node', 'colour', 'red')).toThrow(RangeError);
  });
});

function apply(start: { name: string; address: string }[], changes: readonly Edit[]) {
  const estate = makeEstate(start.map((n) => fact('node', node(n.name, n.address), evidence)));
  const writes: Write[] = [];
  let over = readerOf(estate);
  for (const { name, address } of changes) {
    const write =
      address === null ? removalOf(over, 'node', `home/${name}`) : writeOf(over, 'node', node(name, address));
    writes.push(write);
    over = readerOver(readerOf(estate), writes);
  }
  return { estate, over, writes };
}

function values(answer: unknown): unknown {
  const list = Array.isArray(answer) ? answer : answer === undefined ? [] : [answer];
  return list.map((f: { key: FactKey; value: unknown }) => [f.key, f.value]);
}
