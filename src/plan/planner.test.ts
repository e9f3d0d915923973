/* Plans found for small houses: proved, in the right order, with nothing that is not needed. */
import { describe, expect, test, vi } from 'vitest';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import { makeSession } from '#proof/session.ts';
import { of, type SmallHouse, smallHouse } from '#test/small-estate.ts';
import { smallWorld } from '#test/small-world.ts';
import type { Style } from './plan.ts';
import { type PlanOutcome, planFor } from './planner.ts';

vi.setConfig({ testTimeout: 60_000 });

function planIn(house: SmallHouse, style: Style | 'auto', to: 'auto' | string = 'auto'): PlanOutcome {
  const session = makeSession(smallWorld, smallHouse(house));
  return planFor({
    world: smallWorld,
    start: session.views.base.reader,
    goal: { kind: 'move', service: 'home/traefik/traefik', to: to as 'auto', policy: 'local' },
    style,
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
}
const ids = (outcome: PlanOutcome) => {
  if (outcome.kind !== 'planned')
    throw new Error(
      JSON.stringify(
        outcome.kind === 'stuck'
          ? [outcome.says, outcome.plan.stages.map((s) => s.changes.map((c) => c.id))]
          : outcome,
        null,
        1,
      ),
    );
  return outcome.plan.stages.flatMap((s) => s.changes.map((c) => c.id));
};

describe('additive', () => {
  test('the main case', () => {
    expect(ids(planIn({}, 'additive'))).toMatchInlineSnapshot(`
      [
        "alias-traefik-lb",
        "second-service",
        "wait-example-org-a-back",
        "forwards-fw",
        "record-dns-inside-example-org-example-org-a",
        "wait-example-org-a",
        "retire-first",
      ]
    `);
  });
  test('a tunnel by address is re-pointed before the address is left', () => {
    const found = ids(planIn({ tunnelByAddress: true }, 'additive'));
    expect(found.indexOf('tunnel-home')).toBeLessThan(found.indexOf('retire-first'));
    expect(found).toContain('tunnel-home');
  });
  test('a second zone is re-pointed too', () => {
    expect(ids(planIn({ secondZone: true }, 'additive')).filter((i) => i.startsWith('record'))).toHaveLength(
      2,
    );
  });
});

describe('files of nodes', () => {
  test('a registry mirror is re-pointed while both addresses answer', () => {
    const mirror = of('mention', {
      system: 'node/n1',
      file: 'node/n1/hosts.toml',
      line: 1,
      start: 0,
      end: 9,
      ip: '10.0.20.200' as never,
      text: '10.0.20.200',
      syntax: 'toml',
      path: 'host."https://10.0.20.200:443"',
    });
    const found = ids(planIn({ more: [mirror] }, 'additive'));
    const at = found.findIndex((i) => i.startsWith('text-node-n1'));
    expect(at).toBeGreaterThan(found.indexOf('second-service'));
    expect(at).toBeLessThan(found.indexOf('retire-first'));
  });
});

describe('in place', () => {
  test('the main case has one window', () => {
    const outcome = planIn({}, 'in-place');
    expect(ids(outcome)).toMatchInlineSnapshot(`
      [
        "alias-traefik-lb",
        "lower-ttl-dns-inside-example-org-a",
        "wait-example-org-a-ttl",
        "wait-example-org-a-back",
        "move-service",
        "forwards-fw",
        "record-dns-inside-example-org-example-org-a",
        "wait-example-org-a",
        "restore-ttl-dns-inside-example-org-a",
      ]
    `);
    if (outcome.kind === 'planned') expect(outcome.plan.stages.filter((s) => s.window)).toHaveLength(1);
  });
});

describe('a Service that was given its address without asking for it', () => {
  test('in place, asks for it first: going back would get another one', () => {
    expect(ids(planIn({ isUnasked: true }, 'in-place', '10.0.20.210'))[0]).toBe('state-address');
  });
  test('additive, asks for it only where going back needs it', () => {
    expect(ids(planIn({ isUnasked: true }, 'additive'))).not.toContain('state-address');
  });
});

describe('owners', () => {
  test('an owner that applies by itself is frozen and thawed', () => {
    const job = of('repository', {
      id: 'apex',
      type: 'unknown',
      path: 'apps/apex',
      applies: 'on-schedule',
      owns: ['dns/inside/example.org/example.org/A'],
    });
    const cron = of('workload', {
      cluster: 'home',
      type: 'CronJob',
      namespace: 'apps',
      name: 'apex',
      labels: {},
      annotations: {},
      selector: {},
      podLabels: {},
      hostAliases: [],
      spread: 'none',
      containers: [{ name: 'x', image: 'x', args: ['set', '10.0.20.200'], env: {}, ports: [] }],
    });
    const found = ids(planIn({ more: [job, cron] }, 'additive'));
    expect(found).toContain('freeze-apex');
    expect(found).toContain('job-apex');
    expect(found.at(-1)).toBe('thaw-apex');
  });
  test('a secret behind the ingress is fetched ahead in place', () => {
    const access = of('systemAccess', { system: 'dns/inside', needs: ['photos.example.org:443'] });
    expect(ids(planIn({ more: [access] }, 'in-place'))[0]).toBe('fetch-dns-inside');
  });
});

describe('goals that cannot be reached', () => {
  test('no free address', () => {
    expect(planIn({ poolLast: '10.0.20.200' }, 'additive')).toMatchObject({ kind: 'unreachable' });
  });
  test('an address that is in use', () => {
    expect(planIn({}, 'additive', '10.0.20.200')).toMatchObject({ kind: 'unreachable' });
  });
});
