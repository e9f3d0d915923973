/* The founding design's own plan, on its estate and on the variants: refuted, each time with what is wrong there. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { linesOf } from '#app/plan-places.ts';
import { wrongIn } from '#app/plan-yaml.ts';
import { readerOf, readerOver } from '#estate/estate.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { of, smallHouse } from '#test/small-estate.ts';
import { inverseOf } from './change.ts';
import { readWrittenPlan } from './hand-written.ts';
import { realWorld } from './real-world.ts';
import { simulate } from './simulate.ts';

const text = readFileSync('examples/home-lab/plan-as-written.yaml', 'utf8');
const snapshot = { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } };

function written(yaml: string, start: Parameters<typeof readWrittenPlan>[0]['start']) {
  const { document, lineOf } = linesOf(yaml);
  return readWrittenPlan({ data: document.toJS(), lineOf, wrongIn, start, world: realWorld, snapshot });
}

describe('as written', () => {
  test.each([
    ['home-lab', /80\/tcp over IPv4: it ends no-listener after dialling 203\.0\.113\.10/],
    ['home-lab-variants/tunnel-by-address', /^edge → .*10\.0\.20\.200/],
    ['home-lab-variants/second-zone', /viktorbarzin\.lan.*10\.0\.20\.200/],
    ['home-lab-variants/ipv6-bridge', /over IPv6: .*2001:db8:10::443/],
    ['home-lab-variants/secret-behind-ingress', /needs vault\.viktorbarzin\.me/],
  ])(
    '%s',
    async (folder, says) => {
      const { estate } = await loadSnapshot(`examples/${folder}`);
      const plan = written(text, readerOf(estate));
      if (!plan.ok) throw new Error(JSON.stringify(plan.issues));
      const result = prove(makeSession(realWorld, estate), plan.plan, { faults: 0, others: 60 });
      if (result.kind !== 'refuted') throw new Error(result.kind);
      const all = [result.counterexample, ...(result.others ?? [])].map((c) => c.says);
      expect(
        all.some((s) => says.test(s)),
        all.join('\n'),
      ).toBe(true);
    },
    60_000,
  );
});

test('the other option, as written: nobody answers Ingress status for the chart any more', async () => {
  const { estate } = await loadSnapshot('examples/home-lab');
  const additive = readFileSync('examples/home-lab/plan-as-written-additive.yaml', 'utf8');
  const plan = written(additive, readerOf(estate));
  if (!plan.ok) throw new Error(JSON.stringify(plan.issues));
  const result = prove(makeSession(realWorld, estate), plan.plan, { faults: 0 });
  expect(result).toMatchObject({
    kind: 'refuted',
    counterexample: { invariant: 'published-service', at: { after: 'set-service-type' } },
  });
}, 60_000);

describe('errors name the line', () => {
  const start = readerOf(smallHouse());
  const form = (change: string) => `format: 1
goal: { give-own-address: traefik/traefik, address: 10.0.20.203, policy: Local }
style: in-place
stages:
  - name: one
    changes:
      - ${change}
`;
  test.each([
    ['an unknown change', '{ do: dance }', 7, /unknown change "dance"/],
    [
      'an unknown record',
      '{ do: set-record, on: dns/inside, zone: example.org, name: x.example.org, value: 10.0.0.1 }',
      7,
      /no record/,
    ],
    [
      'an alias that is not there yet',
      '{ do: set-forward-target, on: firewall/fw, forward: { interface: wan, protocol: tcp, port: 443 }, target: later }',
      7,
      /no alias later/,
    ],
    ['an unknown Service', '{ do: set-service, service: a/b, policy: Local }', 7, /no Service a\/b/],
    [
      'a Service that is there already',
      '{ do: create-service, service: traefik/traefik, like: traefik/traefik, address: 10.0.20.203 }',
      7,
      /there already/,
    ],
    [
      'a wait for nobody knows what',
      '{ do: wait, until: morning, address: 10.0.20.200 }',
      7,
      /no-stragglers/,
    ],
    ['a wait without seconds', '{ do: wait }', 7, /seconds are expected/],
    ['a wait without end', '{ do: wait, seconds: 1e308 }', 7, /31 days at most/],
    ['a word of the language itself', '{ do: __proto__ }', 7, /unknown change "__proto__"/],
    ['another one', '{ do: constructor }', 7, /unknown change "constructor"/],
    ['a field that is misspelt', '{ do: wait, second: 5, seconds: 5 }', 7, /wait has no second/],
    ['somebody else than the operator', '{ do: wait, seconds: 5, by: robot }', 7, /by is operator/],
    [
      'a record that holds no address',
      '{ do: set-record, on: dns/inside, zone: example.org, name: example.org, value: nowhere }',
      7,
      /an address of IPv4/,
    ],
    [
      'a change that changes nothing',
      '{ do: set-record, on: dns/inside, zone: example.org, name: example.org, value: 10.0.20.200 }',
      7,
      /changes nothing here/,
    ],
    ['a fact of no kind', '{ do: set, fact: dance, fields: { a: 1 } }', 7, /KIND:ID, of service, pool/],
    [
      'a fact that is not there',
      '{ do: set, fact: "pool:home/x/y", fields: { autoAssign: false } }',
      7,
      /no pool:home\/x\/y .*there are pool:home\/metallb-system\/default/,
    ],
    [
      'a field that it does not have',
      '{ do: set, fact: "pool:home/metallb-system/default", fields: { colour: red } }',
      7,
      /has no colour; it has .*ranges/,
    ],
    [
      'a value of another shape',
      '{ do: set, fact: "pool:home/metallb-system/default", fields: { ranges: all } }',
      7,
      /ranges is a list, not a string/,
    ],
    ['a Service that is not there', '{ do: delete-service, service: a/b }', 7, /no Service a\/b/],
    ['a release that is not there', '{ do: pin-chart, release: a/b }', 7, /no release a\/b/],
    ['a repository that is not there', '{ do: freeze, repository: x }', 7, /no repository x/],
    [
      'one that does nothing by itself',
      '{ do: freeze, repository: infra }',
      7,
      /infra does not apply by itself/,
    ],
    ['one that is not frozen', '{ do: thaw, repository: y }', 7, /no repository y/],
    [
      'access that nobody described',
      '{ do: fetch-secret, system: dns/x }',
      7,
      /nothing about access to dns\/x/,
    ],
  ])('%s', (_, change, line, says) => {
    const read = written(form(change), start);
    if (read.ok) throw new Error('accepted');
    expect(read.issues[0]?.line).toBe(line);
    expect(read.issues[0]?.says).toMatch(says);
  });
  test.each([
    ['a window of no length', 'window: { seconds: -5 }', 6, /a window is true/],
    ['a window that is a word', 'window: soon', 6, /a window is true/],
    [
      'a stage that is there already',
      'changes: [{ do: wait, seconds: 1 }]\n  - name: one',
      7,
      /a stage "one" already/,
    ],
    ['a field of a stage that is misspelt', 'widow: true', 6, /stage has no widow/],
  ])('%s', (_, text, line, says) => {
    const plain = form('{ do: wait, seconds: 1 }');
    const read = written(plain.replace('- name: one\n', `- name: one\n    ${text}\n`), start);
    if (read.ok) throw new Error('accepted');
    expect(read.issues[0]).toMatchObject({ line, says: expect.stringMatching(says) });
  });
  test.each([
    ['that the Service has', '10.0.20.200', /is at 10\.0\.20\.200 already/],
    ['that another Service has', '10.0.20.219', /10\.0\.20\.219 belongs to home\/db\/db/],
  ])('an address %s', (_, address, says) => {
    const own = readerOf(smallHouse({ isUnasked: true }));
    const read = written(form('{ do: wait, seconds: 1 }').replace('10.0.20.203', address), own);
    expect(read).toMatchObject({ ok: false, issues: [{ line: 2, says: expect.stringMatching(says) }] });
  });
  test('a goal for no Service', () => {
    const read = written(form('{ do: wait, seconds: 1 }').replace('traefik/traefik', 'a/b'), start);
    expect(read).toMatchObject({ ok: false, issues: [{ line: 2 }] });
  });
});

describe('words for everything else', () => {
  const job = of('repository', {
    id: 'apex',
    type: 'unknown',
    path: '',
    applies: 'on-schedule',
    owns: [],
  });
  const start = readerOf(smallHouse({ more: [job] }));
  const read = (...changes: readonly string[]) => {
    const list = changes.map((c) => `      - ${c}`).join('\n');
    return written(
      `format: 1
goal: { give-own-address: traefik/traefik, address: 10.0.20.203, policy: Local }
style: in-place
stages:
  - name: one
    changes:
${list}
`,
      start,
    );
  };
  test('each has its inverse, and is read in the state that the one before leaves', () => {
    const plan = read(
      '{ do: freeze, repository: apex }',
      '{ do: set, fact: "firewall:fw", fields: { reflection: pure-nat } }',
      '{ do: create-service, service: traefik/traefik-lb, like: traefik/traefik, address: 10.0.20.203 }',
      '{ do: delete-service, service: traefik/traefik-lb }',
      '{ do: thaw, repository: apex }',
    );
    if (!plan.ok) throw new Error(JSON.stringify(plan.issues));
    const changes = plan.plan.stages.flatMap((s) => s.changes);
    expect(changes.map((c) => [c.id, c.through.by])).toEqual([
      ['freeze', 'operator'],
      ['set', 'operator'],
      ['create-service', 'api'],
      ['delete-service', 'api'],
      ['thaw', 'operator'],
    ]);
    let reader = start;
    for (const c of [
      ...changes,
      ...[...changes].reverse().map((x) => ({ ...x, change: inverseOf(x.change) })),
    ]) {
      const done = simulate(realWorld, reader, c);
      if (!done.ok) throw new Error(done.says);
      reader = readerOver(
        reader,
        done.moves.flatMap((m) => m.writes),
      );
    }
    expect(reader.get('firewall', 'fw')?.value.reflection).toBe('disable');
    expect(reader.get('repository', 'apex')?.value.applies).toBe('on-schedule');
    expect(reader.get('service', 'home/traefik/traefik-lb')).toBeUndefined();
  });
  test('frozen twice is refused', () => {
    const plan = read('{ do: freeze, repository: apex }', '{ do: freeze, repository: apex }');
    expect(plan).toMatchObject({ ok: false, issues: [{ line: 8 }] });
  });
});
