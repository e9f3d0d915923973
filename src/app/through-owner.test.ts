/* What a chart makes is changed through the repository that states its release, or the chart would put it back. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readerOf } from '#estate/estate.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import { snapshotTexts } from './artifacts.ts';
import { checkoutEdits } from './checkout-edits.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';
import { planSnapshot } from './plan.ts';
import { timedProof } from './prove.ts';

const path = join(import.meta.dirname, '../../examples/nginx-office');
let snapshot: Snapshot;
let plan: Plan;
beforeAll(async () => {
  snapshot = await loadSnapshot(path);
  const question = { snapshot: path, to: 'auto', policy: 'local', style: 'additive' } as const;
  const { outcome } = planSnapshot(snapshot, { ...question, move: 'ingress-nginx/public-controller' });
  if (outcome.kind !== 'planned') throw new Error(outcome.kind);
  plan = outcome.plan;
});
const publishing = () => plan.stages.flatMap((s) => s.changes).find((c) => c.id === 'publish-second');

describe('the Service that an ingress publishes', () => {
  it('is set in the values of the HelmRelease that Flux applies', async () => {
    expect(publishing()?.through).toEqual({ by: 'repository', system: 'source/flux', repository: 'flux' });
    const edits = await checkoutEdits(plan, readerOf(snapshot.estate), await snapshotTexts(path), {
      checkout: () => '/checkout',
      runsCommands: true,
    });
    const [file] = edits.get('publish-second')?.files ?? [];
    expect(file?.file).toBe('ingress-nginx/public.yaml');
    expect(file?.after.slice(file.before.length)).toBe(`      publishService:
        pathOverride: ingress-nginx/public-controller-lb
`);
  });

  it('does not last where it is set through the API, though no file states it', () => {
    const byApi = (c: PlannedChange): PlannedChange =>
      c.id === 'publish-second' ? { ...c, through: { by: 'api', system: 'cluster/office' } } : c;
    const stages = plan.stages.map((s) => ({ ...s, changes: s.changes.map(byApi) }));
    expect(timedProof(snapshot, plan).kind).toBe('proved');
    expect(timedProof(snapshot, { ...plan, stages })).toMatchObject({
      kind: 'refuted',
      counterexample: expect.objectContaining({
        invariant: 'nothing-reverted',
        says: expect.stringMatching(/next apply of flux puts publishedService of ingress:office.* back/),
      }),
    });
  });
});

it('a second Service beside the chart bears no mark of the chart or of its controller', () => {
  const made = plan.stages.flatMap((s) => s.changes).find((c) => c.id === 'second-service');
  const [setting] = made?.change.kind === 'set' ? made.change.settings : [];
  expect(setting?.after).toMatchObject({
    labels: {
      'app.kubernetes.io/component': 'controller',
      'app.kubernetes.io/instance': 'public',
      'app.kubernetes.io/name': 'ingress-nginx',
    },
    annotations: {},
  });
  expect(JSON.stringify(setting?.after)).not.toMatch(/helm|flux|managed-by/);
});
