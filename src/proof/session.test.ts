/* Flows that are checked: the same flow in two roles is two, because windows excuse names and nothing that is protected. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import type { Plan } from '#plan/plan.ts';
import { realWorld } from '#plan/real-world.ts';
import { forward, homeWith, stated } from '#test/estates.ts';
import { prove } from './prove.ts';
import { flowClasses, makeSession } from './session.ts';

const database = (from: readonly string[]): Fact =>
  stated('protectedEndpoint', {
    name: 'state',
    service: 'dbaas/postgresql-lb',
    port: 5432,
    protocol: 'tcp',
    from,
    why: 'nothing can be applied without it',
  });

/** In a window that excuses names, the database leaves its address and comes back. */
function away(): Plan {
  const because = { says: 'a test', serves: 'goal', evidence: [] };
  const type = (before: string, after: string, id: string) => ({
    id,
    title: id,
    change: {
      kind: 'set',
      settings: [
        { of: 'service', id: 'home/dbaas/postgresql-lb', before: { type: before }, after: { type: after } },
      ],
    },
    through: { by: 'api', system: 'cluster/home' },
    because,
  });
  const changes = [type('LoadBalancer', 'ClusterIP', 'goes'), type('ClusterIP', 'LoadBalancer', 'comes')];
  return {
    format: 1,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
    goal: { kind: 'retire', ip: ip('10.0.20.219') },
    style: 'in-place',
    outOfScope: [],
    decisions: [],
    stages: [{ id: 'w', title: 'W', changes, gates: [], window: { says: 'names may fail', seconds: 3600 } }],
  } as unknown as Plan;
}

describe('protected endpoints', () => {
  test('are classes of their own beside the same flows in other roles', () => {
    const session = makeSession(realWorld, homeWith({ add: [database(['lan'])] }));
    const roles = flowClasses(session, new Set())
      .filter((f) => f.flow.from === 'lan' && f.flow.port === 5432)
      .map((f) => f.role.kind);
    expect(roles.sort()).toEqual(['name', 'protected']);
  });

  test('are excused by no window', () => {
    const estate = homeWith({ add: [database(['lan'])] });
    expect(prove(makeSession(realWorld, estate), away())).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'protected-endpoint', at: { after: 'goes' } },
    });
  });

  test('are dialled at a public address from the Internet', () => {
    const more = [database(['internet']), forward(2, 5432, { target: '10.0.20.200' })];
    const session = makeSession(realWorld, homeWith({ add: more }));
    const flows = session.flows.filter((f) => f.role.kind === 'protected').map((f) => f.flow.to);
    expect(flows).toEqual([{ ip: '203.0.113.10' }]);
    expect(prove(session, away())).toMatchObject({
      kind: 'refuted',
      counterexample: { invariant: 'protected-endpoint' },
    });
  });

  test('that do not answer before the plan are told', () => {
    const estate = homeWith({ add: [database(['internet', 'lan'])] });
    const plan = { ...away(), stages: [] };
    expect(prove(makeSession(realWorld, estate), plan)).toMatchObject({
      kind: 'proved',
      assumptions: [
        {
          says: 'state does not answer at 5432/tcp by its address from internet before the plan: only names are held there',
        },
      ],
    });
  });
});
