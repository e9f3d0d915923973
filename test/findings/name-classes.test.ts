/** Names of one class are walked alike: every member against the one that stands for it, on every example. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSnapshot } from '#app/load-snapshot.ts';
import type { Flow } from '#dataplane/flow.ts';
import { flowsOf, namesOf } from '#dataplane/flows.ts';
import type { Walk } from '#dataplane/trace.ts';
import { memoWalker } from '#dataplane/walk.ts';
import { readerOf } from '#estate/estate.ts';
import { nameClassesOf } from '#findings/name-classes.ts';
import { dnsName } from '#net/name.ts';
import { root } from '../architecture/project.ts';
import { homeReader, record, route } from '../estates.ts';

const examples = [
  'home-lab',
  'home-lab-variants/second-zone',
  'home-lab-variants/ipv6-bridge',
  'nginx-office',
  'cilium-dual',
  'k3s-flannel',
  'k3s-servicelb',
];

/** What findings take from a walk, without the name and its application. */
function essence(walk: Walk): readonly string[] {
  const name = 'name' in walk.flow.to ? walk.flow.to.name : '';
  const texts = walk.traces.map((t) => {
    const identities = t.identities.map(
      (i) => `${i.consumer} ${i.who ?? ''} ${i.client ?? ''} ${i.is} ${i.verdict ?? ''}`,
    );
    const gaps = t.gaps.map((g) => g.id);
    return [
      t.disposition,
      t.dialled,
      t.seenAs,
      t.reached?.pod,
      t.quic?.completes,
      t.returnPath?.disposition,
      ...identities,
      ...gaps,
    ].join(' · ');
  });
  return texts.map((t) => t.replaceAll(name, 'NAME'));
}

describe.each(examples)('%s', (example) => {
  it('walks every name like the one that stands for it', async () => {
    const reader = readerOf((await loadSnapshot(join(root, 'examples', example))).estate);
    const { chosen, like } = nameClassesOf(reader);
    expect(chosen.flatMap((c) => like(c)).sort()).toEqual([...namesOf(reader)].sort());
    const { walk } = memoWalker(reader);
    const differ: string[] = [];
    for (const flow of flowsOf(reader, chosen)) {
      if (!('name' in flow.to)) continue;
      const wanted = essence(walk(flow)).join('\n');
      for (const name of like(flow.to.name)) {
        const other: Flow = { ...flow, to: { name: dnsName(name) } };
        if (essence(walk(other)).join('\n') !== wanted)
          differ.push(`${name} is not like ${flow.to.name} from ${flow.from}`);
      }
    }
    expect(differ).toEqual([]);
  }, 30_000);
});

it.each([
  ['another middleware', route('b', 'b.example.org', { middlewares: ['traefik/x'] })],
  ['another record', record('dns/technitium', 'b.example.org', 'A', ['10.0.20.9'])],
  [
    'an application without endpoints',
    route('b', 'b.example.org', { backend: { service: 'apps/none', port: 80 } }),
  ],
])('tells %s apart', (_, difference) => {
  const classes = (add: Parameters<typeof homeReader>[0]) =>
    nameClassesOf(homeReader(add)).chosen.filter((n) => /^[ab]\./.test(n));
  const same = [route('a', 'a.example.org'), route('b', 'b.example.org')];
  expect(classes({ add: same })).toEqual(['a.example.org']);
  expect(classes({ add: [...same, difference] })).toEqual(['a.example.org', 'b.example.org']);
});
