/*
 * Golden answers: named variations of the home estate, and all that the data plane decides about them with what it
 * rests on. A changed text is a changed answer: it has to be explained before it is written anew.
 */
import { describe, expect, test } from 'vitest';
import { type ReadKey, readerOf, recordingReader } from '#estate/estate.ts';
import { dnsName } from '#net/name.ts';
import { homeWith } from '#test/estates.ts';
import { keepingReader } from '#test/keeping-reader.ts';
import { clusterVariations } from '#test/variations/cluster.ts';
import { firewallVariations } from '#test/variations/firewall.ts';
import { flowVariations } from '#test/variations/flows.ts';
import { ingressVariations } from '#test/variations/ingress.ts';
import { nameVariations } from '#test/variations/names.ts';
import { outsideVariations } from '#test/variations/outside.ts';
import { tunnelVariations } from '#test/variations/tunnel.ts';
import { resolutionText, walkText } from '#test/walk-text.ts';
import { flowText } from './flow.ts';
import { flowsOf } from './flows.ts';
import { resolveName } from './resolve.ts';
import { memoWalker, walk } from './walk.ts';

describe('names', () => {
  test.each(nameVariations)('$name', ({ asks, ...changes }) => {
    const reader = readerOf(homeWith(changes));
    const texts = asks.map(([name, from, family = 4]) => {
      const answers = resolveName(reader, from, dnsName(name), family);
      return [`${name} at ${from} over IPv${family}`, ...answers.map(resolutionText)].join('\n');
    });
    expect(texts.join('\n')).toMatchSnapshot();
  });
});

const walked = {
  firewall: firewallVariations,
  outside: outsideVariations,
  cluster: clusterVariations,
  ingress: ingressVariations,
  tunnel: tunnelVariations,
};

/** A look-up under a name or address that is not known: it finds nothing, and the read set would hang on nothing. */
const isOfNobody = (key: ReadKey) => key.includes('undefined');

describe.each(Object.entries(walked))('%s', (_part, variations) => {
  test.each(variations)('$name', ({ flows, ...changes }) => {
    const reads = new Set<ReadKey>();
    const reader = recordingReader(readerOf(homeWith(changes)), (key) => reads.add(key));
    const walks = flows.map((flow) => walk(reader, flow));
    expect([...reads].filter(isOfNobody)).toEqual([]);
    expect(walks.map(walkText).join('\n')).toMatchSnapshot();
    const memo = memoWalker(reader);
    expect(flows.map((flow) => memo.walk(flow))).toEqual(walks);
    const keeping = keepingReader(reader);
    expect(flows.map((flow) => walk(keeping, flow))).toEqual(walks);
  });
});

describe('flows', () => {
  test.each(flowVariations)('$name', (changes) => {
    expect(
      flowsOf(readerOf(homeWith(changes)))
        .map(flowText)
        .join('\n'),
    ).toMatchSnapshot();
  });
});
