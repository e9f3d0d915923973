/*
 * What a person makes by hand on systems of the home lab: seen in what sightline.yaml says to read, or in what was saved
 * anew, forward and back; and what nothing can see, recorded as said.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actuator, Observed } from '#apply/actuator.ts';
import { parseJournal } from '#apply/journal.ts';
import { type Reader, readerOf, readerOver, writeOf } from '#estate/estate.ts';
import { inverseOf, type PlannedChange, type Setting } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import { onlySaid } from '#report/run-text.ts';
import { back, go, MemoryJournal, proved, runWorld } from '#test/actuators/run.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { personFor } from './person.ts';

const example = join(import.meta.dirname, '../../examples/home-lab');
const estate = (await loadSnapshot(example)).estate;
const start = readerOf(estate);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'person-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const exampleText = (file: string) => readFileSync(join(example, file), 'utf8');
function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
const mention = (file: string, text: string, to: string): Setting => {
  const found = start.all('mention').find((m) => m.value.file === file && m.value.text === text);
  if (found === undefined) throw new Error(`no ${text} in ${file}`);
  const id = found.key.slice('mention:'.length);
  return { of: 'mention', id, before: { text }, after: { text: to } } as unknown as Setting;
};
const list = start.get('banAllowlist', 'crowdsec/lapi/lapi/home')?.value;
const allowlist = {
  of: 'banAllowlist',
  id: 'crowdsec/lapi/lapi/home',
  before: { ranges: list?.ranges ?? [] },
  after: { ranges: [...(list?.ranges ?? []), '10.0.10.0/24'] },
} as unknown as Setting;
const monitor = {
  of: 'monitor',
  id: 'http3check',
  before: { expectsIp: '10.0.20.200' },
  after: { expectsIp: '10.0.20.203' },
} as unknown as Setting;
const changeOf = (system: string, ...settings: Setting[]): PlannedChange => ({
  id: `by-hand-${system.replace('/', '-')}`,
  title: `By hand on ${system}`,
  change: { kind: 'set', settings },
  through: { by: 'operator', system },
  because: { says: 'test', serves: 'test', evidence: [] },
});
const planOf = (...changes: PlannedChange[]): Plan =>
  ({
    format: 1,
    snapshot: { path: example, takenAt: '', fingerprint: { files: {}, objects: {} } },
    goal: { kind: 'move', service: 'home/traefik/traefik', to: '10.0.20.203', policy: 'local' },
    style: 'additive',
    outOfScope: [],
    decisions: [],
    stages: [{ id: 's', title: 'S', changes, gates: [] }],
  }) as unknown as Plan;

interface Asked {
  readonly texts: string[];
}
async function person(
  plan: Plan,
  reader: Reader,
  answer: (change: PlannedChange) => 'done' | 'stop' = () => 'done',
  asked: Asked = { texts: [] },
): Promise<Actuator> {
  const made = await personFor(plan, proved, {
    snapshot: example,
    reader,
    checkouts: {},
    runsCommands: false,
    kept: join(folder, 'kept'),
    exports: join(folder, 'read-back'),
    agree: async () => true,
    byHand: async (change, instructions, stillSeen) => {
      asked.texts.push(`${instructions}${stillSeen ?? ''}`);
      return answer(change);
    },
  });
  if (made === undefined) throw new Error('nobody');
  return made;
}

/** The estate with systems[].read for the system. */
function reading(system: string, read: Readonly<Record<string, string>>): Reader {
  const access = start.get('systemAccess', system)?.value ?? { system, needs: [] };
  return readerOver(start, [writeOf(start, 'systemAccess', { ...access, read })]);
}

const hosts = 'node/k8s-node1/etc_hosts';
const toml = 'node/k8s-node1/containerd/certs.d/docker.io/hosts.toml';
const document = 'source/infra/docs/architecture/networking.md';
const bans = 'crowdsec/lapi/allowlists.json';

interface Case {
  readonly file: string;
  readonly change: PlannedChange;
  /** The file as the person leaves it, and as somebody else may. */
  readonly done: (text: string) => string;
  readonly otherwise: (text: string) => string;
}
const networking = start
  .all('mention')
  .filter((m) => m.value.file === document && m.value.text === '10.0.20.200' && m.value.line < 20)
  .map((m): Setting => {
    const id = m.key.slice('mention:'.length);
    return { of: 'mention', id, before: { text: '10.0.20.200' }, after: { text: '10.0.20.203' } } as Setting;
  });
const cases: readonly (readonly [string, Case])[] = [
  [
    'an allow list of CrowdSec, whatever the order of its entries',
    {
      file: bans,
      change: changeOf('crowdsec/lapi', allowlist),
      done: (t) => t.replace('"items": [', '"items": [ { "value": "10.0.10.0/24" },'),
      otherwise: (t) => t.replace('10.0.20.0/22', '10.0.99.0/24'),
    },
  ],
  [
    '/etc/hosts of a node, with a line before it',
    {
      file: hosts,
      change: changeOf('node/k8s-node1', mention(hosts, '10.0.20.100', '10.0.20.203')),
      done: (t) => `# changed\n${t.replace('10.0.20.100', '10.0.20.203')}`,
      otherwise: (t) => t.replace('10.0.20.100', '10.0.20.77'),
    },
  ],
  [
    'hosts.toml of a node',
    {
      file: toml,
      change: changeOf('node/k8s-node1', mention(toml, '10.0.20.10', '10.0.20.203')),
      done: (t) => t.replace('10.0.20.10:', '10.0.20.203:'),
      otherwise: (t) => t.replace('10.0.20.10:', '10.0.20.1:'),
    },
  ],
  [
    'a document with several places',
    {
      file: document,
      change: changeOf('source/infra', ...networking),
      done: (t) =>
        `A line before.\n\n${t
          .replace(
            '**10.0.20.200** with `externalTrafficPolicy: Cluster`; it shares the address with nine other Services',
            '**10.0.20.203** with `externalTrafficPolicy: Local`; it has the address to itself',
          )
          .replace('10.0.20.200, Traefik', '10.0.20.203, Traefik')
          .replace('`viktorbarzin.me` with 10.0.20.200', '`viktorbarzin.me` with 10.0.20.203')}`,
      otherwise: (t) => t.replace('**10.0.20.200**', '**10.0.20.203**'),
    },
  ],
];
const opposite = (change: PlannedChange) => ({ ...change, change: inverseOf(change.change) });

describe.each(cases)('%s', (_, { file, change, done, otherwise }) => {
  const system = change.through.system;
  const name = file.slice(system.length + 1);
  const states: readonly (readonly [string, (t: string) => string, Observed['kind'], Observed['kind']])[] = [
    ['is not changed', (t) => t, 'before', 'after'],
    ['is changed', done, 'after', 'before'],
    ['is changed otherwise', otherwise, 'other', 'other'],
  ];

  it.each(states)('%s: seen by systems[].read', async (__, text, forward, undo) => {
    const live = join(folder, 'live');
    put(live, text(exampleText(file)));
    const actuator = await person(planOf(change), reading(system, { [name]: `cmd:cat ${live}` }));
    expect(await actuator.observe(change)).toMatchObject({ kind: forward });
    expect(await actuator.observe(opposite(change))).toMatchObject({ kind: undo });
  });

  it.each(states)('%s: seen in a file that was saved anew', async (__, text, forward, undo) => {
    put(join(folder, 'read-back', file), text(exampleText(file)));
    const actuator = await person(planOf(change), start);
    expect(await actuator.observe(change)).toMatchObject({ kind: forward });
    expect(await actuator.observe(opposite(change))).toMatchObject({ kind: undo });
  });

  it('a done that is not seen is asked about again, and never counts', async () => {
    const asked: Asked = { texts: [] };
    const live = join(folder, 'live');
    put(live, exampleText(file));
    const actuator = await person(
      planOf(change),
      reading(system, { [name]: `file:${live}` }),
      () => 'done',
      asked,
    );
    expect(await actuator.write(change)).toMatchObject({ kind: 'unknown' });
    expect(asked.texts).toHaveLength(3);
    expect(asked.texts[0]).toContain(`It is then read back: ${name}`);
  });
});

describe('what cannot be read', () => {
  const change = changeOf('crowdsec/lapi', allowlist);
  it.each([
    ['a command that fails', 'cmd:exit 1', /ended with 1/],
    ['an answer that is none', 'cmd:echo no json', /is not what the snapshot holds/],
  ])('%s stops before anything is asked', async (_, reference, says) => {
    const actuator = await person(planOf(change), reading('crowdsec/lapi', { 'allowlists.json': reference }));
    expect(await actuator.observe(change)).toMatchObject({
      kind: 'unreachable',
      says: expect.stringMatching(says),
    });
    expect((await actuator.preflight(change)).join()).toMatch(says);
  });
});

describe('a run with a change that nothing can see', () => {
  const live = () => join(folder, 'live');
  const change = changeOf('crowdsec/lapi', allowlist);
  const unseen = changeOf('sightline.yaml', monitor);

  it('records what was seen as seen and what was said as said, and lists it in the end', async () => {
    put(live(), exampleText(bans));
    const plan = planOf(change, unseen);
    const asked: Asked = { texts: [] };
    const act = (c: PlannedChange) => {
      const isBack =
        JSON.stringify(c.change) !==
        JSON.stringify(plan.stages[0]?.changes.find((p) => p.id === c.id)?.change);
      if (c.id === change.id)
        put(live(), isBack ? exampleText(bans) : (cases[0]?.[1].done(exampleText(bans)) ?? ''));
      return 'done' as const;
    };
    const actuator = await person(
      plan,
      reading('crowdsec/lapi', { 'allowlists.json': `file:${live()}` }),
      act,
      asked,
    );
    const journal = new MemoryJournal();
    expect(await go(plan, runWorld([actuator], journal))).toEqual({ kind: 'done' });
    const { records } = parseJournal(journal.text);
    const verified = records.flatMap(({ entry: e }) => (e.kind === 'verified' ? [e] : []));
    expect(verified).toEqual([
      { kind: 'verified', change: change.id, direction: 'forward' },
      { kind: 'verified', change: unseen.id, direction: 'forward', isSaid: true },
    ]);
    expect(onlySaid(records)).toEqual([{ change: unseen.id, isUndone: false }]);
    expect(asked.texts[1]).toContain('Nothing can see this change');
    expect(await back(plan, runWorld([actuator], journal))).toMatchObject({ kind: 'rolled-back' });
    expect(onlySaid(parseJournal(journal.text).records)).toEqual([{ change: unseen.id, isUndone: true }]);
  });

  it('pauses where nobody answers', async () => {
    const actuator = await person(planOf(unseen), start, () => 'stop');
    const result = await go(planOf(unseen), runWorld([actuator], new MemoryJournal()));
    expect(result).toMatchObject({ kind: 'paused' });
  });
});
