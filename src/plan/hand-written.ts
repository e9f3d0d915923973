/*
 * A person's plan, as plain data from YAML, made into a Plan (docs/plan-form.md). What it names must exist at that point
 * of the plan; every problem is told at its line, all of them at once.
 */
import { type Reader, readerOver } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { parseIp } from '#net/ip.ts';
import type { PlannedChange } from './change.ts';
import { scopeOfMove } from './goal.ts';
import { stagesWritten } from './hand-written-changes.ts';
import { onlyKnownFields } from './hand-written-fields.ts';
import type { Goal, Plan, Style } from './plan.ts';
import type { Move } from './repoint.ts';
import type { World } from './world.ts';

/** Path into the data, such as `['stages', 1, 'changes', 0, 'do']`. */
export type DataPath = readonly (string | number)[];

export interface WrittenIssue {
  readonly path: DataPath;
  readonly line?: number;
  readonly says: string;
}

/** A field of a value that a change writes, and what is wrong with it; an empty path: the value as a whole. */
export interface WrongField {
  readonly field: DataPath;
  readonly says: string;
}

export interface WrittenInput {
  readonly data: unknown;
  /** 1-based line of the node at the path, or of its nearest parent. */
  readonly lineOf: (path: DataPath) => number | undefined;
  /** What of a change does not have the shape that its facts have. */
  readonly wrongIn: (planned: PlannedChange) => readonly WrongField[];
  readonly start: Reader;
  readonly world: World;
  readonly snapshot: Plan['snapshot'];
}

export type WrittenPlan =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly issues: readonly WrittenIssue[] };

/** Where issues are gathered while the plan is read. */
export class WrittenContext {
  readonly input: WrittenInput;
  readonly issues: WrittenIssue[] = [];
  /** State after the changes read so far. */
  reader: Reader;

  constructor(input: WrittenInput) {
    this.input = input;
    this.reader = input.start;
  }

  issue(path: DataPath, says: string): undefined {
    const line = this.input.lineOf(path);
    this.issues.push(line === undefined ? { path, says } : { path, line, says });
    return undefined;
  }

  after(writes: Parameters<typeof readerOver>[1]): void {
    this.reader = readerOver(this.reader, writes);
  }

  text(value: unknown, path: DataPath): string | undefined {
    return typeof value === 'string' ? value : this.issue(path, 'text is expected here');
  }
}

/** The plan, or what is wrong with it and where. */
export function readWrittenPlan(input: WrittenInput): WrittenPlan {
  const context = new WrittenContext(input);
  const data = recordOf(input.data);
  if (data === undefined)
    return { ok: false, issues: [{ path: [], says: 'a plan is a map with format, goal and stages' }] };
  if (data.format !== 1) context.issue(['format'], 'format 1 is expected');
  for (const key of Object.keys(data)) if (!known.has(key)) context.issue([key], `a plan has no ${key}`);
  const goal = goalOf(context, data.goal);
  const style = styleOf(context, data.style);
  const stages = goal === undefined ? [] : stagesWritten(context, data.stages, goal.move);
  if (goal === undefined || context.issues.length > 0) return { ok: false, issues: context.issues };
  const outOfScope = scopeOfMove(input.start, goal.move, new Set()).filter((s) =>
    isDeclared(goal.left, s.what),
  );
  return {
    ok: true,
    plan: { format: 1, snapshot: input.snapshot, goal: goal.goal, style, outOfScope, decisions: [], stages },
  };
}

const known = new Set(['format', 'goal', 'style', 'snapshot', 'stages', 'verify']);

export function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

interface WrittenGoal {
  readonly goal: Goal;
  readonly move: Move;
  /** What it declares out of scope, as written. */
  readonly left: readonly string[];
}

function goalOf(context: WrittenContext, raw: unknown): WrittenGoal | undefined {
  const data = recordOf(raw);
  if (data === undefined) return context.issue(['goal'], 'a goal is expected here');
  onlyKnownFields(context, data, ['goal'], 'goal');
  const name = context.text(data['give-own-address'], ['goal', 'give-own-address']);
  const service = name === undefined ? undefined : serviceNamed(context.reader, name);
  if (name !== undefined && service === undefined) {
    context.issue(['goal', 'give-own-address'], `there is no Service ${name} in the snapshot`);
  }
  const to = parseIp(String(data.address ?? ''));
  if (to === undefined) context.issue(['goal', 'address'], 'an address is expected here');
  const from = service?.value.vips[0]?.ip;
  if (service !== undefined && from === undefined)
    context.issue(['goal', 'give-own-address'], `${name} has no address`);
  const policy = policyOf(context, data.policy ?? 'Local', ['goal', 'policy']);
  if (service === undefined || to === undefined || from === undefined || policy === undefined)
    return undefined;
  const taken = context.reader.by('service', 'vip', to).find((f) => f.key !== service.key);
  if (to === from) return context.issue(['goal', 'address'], `${name} is at ${to} already`);
  if (taken !== undefined)
    return context.issue(['goal', 'address'], `${to} belongs to ${taken.key.slice('service:'.length)}`);
  const left = Array.isArray(data.outOfScope) ? data.outOfScope.map(String) : [];
  const id = service.key.slice('service:'.length);
  return { goal: { kind: 'move', service: id, to, policy }, move: { service, from, to }, left };
}

export function policyOf(
  context: WrittenContext,
  value: unknown,
  path: DataPath,
): 'local' | 'cluster' | undefined {
  const policy = String(value).toLowerCase();
  return policy === 'local' || policy === 'cluster'
    ? policy
    : context.issue(path, 'a policy is Local or Cluster');
}

function styleOf(context: WrittenContext, value: unknown): Style {
  if (value === 'in-place' || value === 'additive') return value;
  context.issue(['style'], 'a style is in-place or additive');
  return 'in-place';
}

/** `ns/name`, or `cluster/ns/name` where there are several clusters. */
export function serviceNamed(reader: Reader, name: string): Fact<'service'> | undefined {
  const all = reader.all('service').filter((f) => f.key === `service:${name}` || f.key.endsWith(`/${name}`));
  return all.length === 1 ? all[0] : undefined;
}

/** Free text names one of the three scopes that Sightline can hold a move to. */
function isDeclared(left: readonly string[], what: string): boolean {
  const words: readonly [string, RegExp][] = [
    ['Services', /services? on|other services/i],
    ['proxied', /proxied|tunnel/i],
    ['firewall', /firewall/i],
  ];
  return words.some(([word, pattern]) => what.includes(word) && left.some((l) => pattern.test(l)));
}
