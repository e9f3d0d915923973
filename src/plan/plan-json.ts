/* plan.json: a plan as text and back, with errors that name the place; and whether a snapshot is still the plan's own. */
import { canonical } from '#estate/fingerprint.ts';
import type { Plan } from './plan.ts';

export type PlanRead =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly issues: readonly string[] };

/** Text of plan.json, two spaces, ending in a newline. */
export function planToJson(plan: Plan): string {
  return `${JSON.stringify(plan, null, 2)}\n`;
}

/** The plan of a plan.json; never throws. */
export function planFromJson(text: string): PlanRead {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { ok: false, issues: [`not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const issues = issuesOf(data);
  return issues.length === 0 ? { ok: true, plan: data as Plan } : { ok: false, issues };
}

/** What moved since the plan was made: files by path, facts by key; empty: nothing did. */
export function moved(plan: Plan, now: Plan['snapshot']['fingerprint']): readonly string[] {
  const { files, objects } = plan.snapshot.fingerprint;
  return [...changedIn('file', files, now.files), ...changedIn('object', objects, now.objects)];
}

function changedIn(
  what: string,
  then: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(then).flatMap(([key, hash]) => {
    if (now[key] === hash) return [];
    return [`${what} ${key} ${now[key] === undefined ? 'is gone' : 'changed'}`];
  });
}

type Check = (value: unknown, at: string) => readonly string[];

const isText: Check = (v, at) => (typeof v === 'string' ? [] : [`${at}: text is expected`]);
const isList =
  (of: Check): Check =>
  (v, at) =>
    Array.isArray(v) ? v.flatMap((x, i) => of(x, `${at}[${i}]`)) : [`${at}: a list is expected`];
const oneOf =
  (...values: readonly string[]): Check =>
  (v, at) =>
    values.includes(v as string)
      ? []
      : [`${at}: ${canonical(v).slice(0, 40)} is none of ${values.join(', ')}`];

/** Named fields of a map; fields that are not named are not looked at. */
function fields(of: Readonly<Record<string, Check>>): Check {
  return (v, at) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return [`${at}: a map is expected`];
    const map = v as Readonly<Record<string, unknown>>;
    return Object.entries(of).flatMap(([key, check]) => check(map[key], at === '' ? key : `${at}.${key}`));
  };
}

const settingShape: Check = (v, at) => {
  const named = fields({ of: isText, id: isText })(v, at);
  if (named.length > 0) return named;
  const { before, after } = v as { readonly before?: unknown; readonly after?: unknown };
  if (before === undefined || after === undefined)
    return [`${at}: before and after are expected: without them there is no inverse`];
  return before === null && after === null ? [`${at}: before and after are both absent`] : [];
};

const changeShape: Check = (v, at) => {
  const kind = (v as { readonly kind?: unknown } | null)?.kind;
  if (kind === 'set') return fields({ settings: isList(settingShape) })(v, at);
  if (kind === 'wait')
    return fields({ for: fields({ kind: oneOf('answers', 'stragglers', 'condition'), seconds: isSeconds }) })(
      v,
      at,
    );
  return [`${at}.kind: set or wait is expected`];
};

const isSeconds: Check = (v, at) => (typeof v === 'number' && v >= 0 ? [] : [`${at}: seconds are expected`]);

const planned = fields({
  id: isText,
  title: isText,
  change: changeShape,
  through: fields({ by: oneOf('api', 'repository', 'operator', 'time'), system: isText }),
  because: fields({ says: isText, serves: isText }),
});

const planShape = fields({
  snapshot: fields({ path: isText, takenAt: isText, fingerprint: fields({}) }),
  goal: fields({ kind: oneOf('move', 'set-policy', 'split', 'repoint-tunnel', 'retire') }),
  style: oneOf('additive', 'in-place'),
  outOfScope: isList(fields({ what: isText, keys: isList(isText) })),
  decisions: isList(fields({ question: isText, chosen: isText })),
  stages: isList(fields({ id: isText, title: isText, changes: isList(planned) })),
});

function issuesOf(data: unknown): readonly string[] {
  const format = (data as { readonly format?: unknown } | null)?.format;
  if (format !== 1) return [`format: 1 is expected, not ${JSON.stringify(format) ?? 'nothing'}`];
  const issues = planShape(data, '');
  return issues.length > 0 ? issues : repeatedIds(data as Plan);
}

function repeatedIds(plan: Plan): readonly string[] {
  const ids = plan.stages.flatMap((s) => s.changes.map((c) => c.id));
  return ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `change ${id} is there twice`);
}
