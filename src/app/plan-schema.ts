/* The shapes of plan.json and proof.json: every field that a run relies on, so that a wrong file is refused with its place. */
import { z } from 'zod';
import type { WritableKind } from '#plan/change.ts';

/** `format` of plan.json and proof.json; a newer one is refused. */
export const planFormat = 1;

/** Named one by one, so that a kind that is added to WritableKind is asked for here. */
const writable: { readonly [K in WritableKind]: true } = {
  service: true,
  pool: true,
  recordSet: true,
  translation: true,
  nameRule: true,
  alias: true,
  portForward: true,
  filterRule: true,
  firewall: true,
  tunnelRule: true,
  workload: true,
  ingress: true,
  middleware: true,
  helmRelease: true,
  banAllowlist: true,
  monitor: true,
  unmanagedHop: true,
  mention: true,
  statedSetting: true,
  repository: true,
  systemAccess: true,
};
const side = z.record(z.string(), z.unknown()).nullable();
const setting = z
  .object({
    of: z.enum(Object.keys(writable) as [WritableKind]),
    id: z.string().min(1),
    before: side,
    after: side,
  })
  .refine((s) => s.before !== null || s.after !== null, 'neither before nor after holds anything');
const seconds = z.number().min(0).max(1e9);
const waitFor = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answers'), record: z.string(), seconds }),
  z.object({ kind: z.literal('stragglers'), ip: z.string(), seconds, seenBy: z.string() }),
  z.object({ kind: z.literal('condition'), says: z.string(), seconds }),
]);
const change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('set'), settings: z.array(setting).min(1) }),
  z.object({ kind: z.literal('wait'), direction: z.enum(['forward', 'back']).optional(), for: waitFor }),
]);
const evidence = z.array(z.object({ file: z.string() }));
const planned = z.object({
  id: z.string().min(1),
  title: z.string(),
  change,
  through: z.object({
    by: z.enum(['api', 'repository', 'operator', 'time']),
    system: z.string(),
    repository: z.string().optional(),
  }),
  because: z.object({ says: z.string(), serves: z.string(), evidence }),
});
const gate = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('probes'), says: z.string() }),
  z.object({ kind: z.literal('confirm'), asks: z.string() }),
]);
const stage = z.object({
  id: z.string().min(1),
  title: z.string(),
  changes: z.array(planned),
  window: z.object({ says: z.string(), seconds }).optional(),
  gates: z.array(gate),
});
const hashes = z.record(z.string(), z.string());
/** A plan as plan.json holds it. */
export const planSchema = z
  .object({
    format: z.literal(planFormat),
    snapshot: z.object({
      path: z.string().min(1),
      takenAt: z.string(),
      fingerprint: z.object({ files: hashes, objects: hashes }),
    }),
    goal: z.object({ kind: z.enum(['move', 'set-policy', 'split', 'repoint-tunnel', 'retire']) }),
    style: z.enum(['additive', 'in-place']),
    outOfScope: z.array(z.object({ what: z.string(), keys: z.array(z.string()) })),
    decisions: z.array(z.object({ question: z.string(), chosen: z.string() })),
    stages: z.array(stage),
  })
  .superRefine((plan, context) => {
    for (const [i, id] of twice(plan.stages.flatMap((s) => s.changes.map((c) => c.id))))
      context.addIssue({
        code: 'custom',
        path: ['stages'],
        message: `change ${i + 1} has the id ${id} of another`,
      });
    for (const [i, id] of twice(plan.stages.map((s) => s.id)))
      context.addIssue({
        code: 'custom',
        path: ['stages', i, 'id'],
        message: `${id} is the id of another stage`,
      });
  });
/** A proof as proof.json holds it. */
export const proofSchema = z.object({
  format: z.literal(planFormat),
  plan: z.string(),
  proof: z.object({ kind: z.enum(['proved', 'refuted', 'undecided']) }),
});

function twice(ids: readonly string[]): readonly (readonly [number, string])[] {
  return [...ids.entries()].filter(([i, id]) => ids.indexOf(id) !== i);
}
