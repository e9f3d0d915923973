/* The shapes of plan.json and proof.json: every field that a run relies on, so that a wrong file is refused with its place. */
import { z } from 'zod';
import { isCached } from '#proof/hold.ts';
import { ip, policy, texts } from './fact-schema/parts.ts';
import { setting } from './fact-schema/setting.ts';

/** `format` of plan.json and proof.json; a newer one is refused. */
export const planFormat = 1;

const filled = z.string().min(1);
const factKey = z.custom<string>(
  (key) => typeof key === 'string' && /^[a-zA-Z0-9]+:./.test(key),
  'KIND:ID is expected',
);
const answer = factKey.refine(
  (key) => isCached(key.slice(0, key.indexOf(':')) as never),
  'nothing that a cache keeps',
);
const seconds = z.number().min(0).max(1e9);
const waitFor = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('answers'), record: answer, seconds }),
  z.strictObject({ kind: z.literal('stragglers'), ip, seconds, seenBy: z.string() }),
  z.strictObject({ kind: z.literal('condition'), says: z.string(), seconds }),
]);
const change = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('set'), settings: z.array(setting) }),
  z.strictObject({
    kind: z.literal('wait'),
    direction: z.enum(['forward', 'back']).exactOptional(),
    for: waitFor,
  }),
]);
const text = z.string().exactOptional();
const evidence = z.array(
  z.strictObject({
    file: z.string(),
    line: z.number().exactOptional(),
    object: text,
    field: text,
    value: text,
  }),
);
const through = z.strictObject({
  by: z.enum(['api', 'repository', 'operator', 'time']),
  system: filled,
  repository: filled.exactOptional(),
});
/** One change with who makes it and why. */
export const plannedSchema = z
  .strictObject({
    id: filled,
    title: z.string(),
    change,
    through,
    because: z.strictObject({ says: z.string(), serves: z.string(), evidence }),
  })
  .superRefine((c, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (c.through.by === 'repository' && c.through.repository === undefined)
      issue(['through', 'repository'], 'the repository whose apply carries it out is expected');
    if ((c.change.kind === 'wait') !== (c.through.by === 'time'))
      issue(['through', 'by'], 'time carries out a wait, and nothing else does');
    // documents that only a person can see to have no setting
    if (c.change.kind === 'set' && c.change.settings.length === 0 && c.through.by !== 'operator')
      issue(['change', 'settings'], 'a change that a program makes has settings');
  });
const gate = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('probes'), says: z.string() }),
  z.strictObject({ kind: z.literal('confirm'), asks: z.string() }),
]);
const stage = z.strictObject({
  id: filled,
  title: z.string(),
  changes: z.array(plannedSchema),
  window: z.strictObject({ says: z.string(), seconds }).exactOptional(),
  gates: z.array(gate),
});
const goal = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('move'), service: filled, to: ip, policy }),
  z.strictObject({ kind: z.literal('set-policy'), service: filled, policy }),
  z.strictObject({ kind: z.literal('split'), ip }),
  z.strictObject({ kind: z.literal('repoint-tunnel'), tunnel: filled, to: filled }),
  z.strictObject({ kind: z.literal('retire'), ip }),
]);
const decision = z.strictObject({
  question: z.string(),
  chosen: z.string(),
  options: z.array(z.strictObject({ name: z.string(), consequence: z.string() })),
  by: z.enum(['user', 'default', 'forced']),
  because: z.string(),
  evidence,
  at: text,
});
const hashes = z.record(z.string(), z.string());

/** A plan as plan.json holds it. */
export const planSchema = z
  .strictObject({
    format: z.literal(planFormat),
    snapshot: z.strictObject({
      path: filled,
      takenAt: z.string(),
      fingerprint: z.strictObject({ files: hashes, objects: hashes }),
    }),
    goal,
    style: z.enum(['additive', 'in-place']),
    outOfScope: z.array(z.strictObject({ what: z.string(), keys: z.array(factKey) })),
    decisions: z.array(decision),
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

const point = z.object({ position: z.number(), direction: z.enum(['forward', 'back']) });
const counts = z.object({
  states: z.number(),
  faults: z.number(),
  flows: z.number(),
  classes: z.number(),
  covered: z.number(),
  walks: z.number(),
  walksSaved: z.number(),
});
const part = z.object({ says: z.string(), seconds: z.number() });
const window = z.object({
  stage: z.string(),
  names: texts,
  vantagePoints: texts,
  first: point,
  last: point,
  seconds: z.number(),
  parts: z.array(part),
  because: z.string(),
});
const at = z.object({ says: z.string(), at: point });
const proved = z.object({
  kind: z.literal('proved'),
  counts,
  assumptions: z.array(z.object({ says: z.string(), from: z.string() })),
  windows: z.array(window),
  endings: z.array(at),
  invariants: z.array(z.object({ code: z.string(), checked: z.number() })),
});

/** A proof as proof.json holds it; what is not proved is shown by nobody but who proved it. */
export const proofSchema = z.object({
  format: z.literal(planFormat),
  plan: z.string(),
  proof: z.discriminatedUnion('kind', [
    proved,
    z.object({ kind: z.literal('refuted') }),
    z.object({ kind: z.literal('undecided') }),
  ]),
});

function twice(ids: readonly string[]): readonly (readonly [number, string])[] {
  return [...ids.entries()].filter(([i, id]) => ids.indexOf(id) !== i);
}
