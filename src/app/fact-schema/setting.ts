/*
 * One setting of a plan as a schema: which kinds can be written, whole values where a fact appears or goes, fields of the
 * right shape where it changes, and the id of just that fact.
 */
import { z } from 'zod';
import { kindTable } from '#estate/kind-table.ts';
import { familyOf, parseIp } from '#net/ip.ts';
import type { WritableKind } from '#plan/change.ts';
import { edgeFields, nameFields, toldFields } from './around.ts';
import { clusterFields } from './cluster.ts';
import type { SchemasOf } from './parts.ts';
import { wrongPlaces } from './wrong.ts';

const fields: SchemasOf<WritableKind> = { ...clusterFields, ...nameFields, ...edgeFields, ...toldFields };

export const writableKinds = Object.keys(fields) as [WritableKind];

interface Schemas {
  readonly whole: z.ZodType;
  readonly part: z.ZodType;
  /** Fields that may be absent. */
  readonly optional: ReadonlySet<string>;
  /** Fields that make up the id. */
  readonly identity: ReadonlySet<string>;
}

const schemas = Object.fromEntries(
  writableKinds.map((kind) => [kind, schemasOf(kind)]),
) as unknown as Readonly<Record<WritableKind, Schemas>>;

function schemasOf(kind: WritableKind): Schemas {
  const own = fields[kind] as unknown as Readonly<Record<string, z.ZodType>>;
  const whole = z.strictObject(own);
  const optional = Object.keys(own).filter((field) => own[field] instanceof z.ZodOptional);
  return { whole, part: whole.partial(), optional: new Set(optional), identity: identityOf(kind) };
}

/** The fields that the kind's id is made of: those that it asks an empty value for. */
function identityOf(kind: WritableKind): ReadonlySet<string> {
  const asked = new Set<string>();
  const watched = new Proxy({}, { get: (_, field) => void asked.add(String(field)) });
  idOf(kind, watched);
  return asked;
}

function idOf(kind: WritableKind, value: object): string {
  return (kindTable[kind].id as (value: object) => string)(value);
}

type Side = Readonly<Record<string, unknown>> | null;
interface Setting {
  readonly of: WritableKind;
  readonly id: string;
  readonly before: Side;
  readonly after: Side;
}

const side = z.record(z.string(), z.unknown()).nullable();

export const setting = z
  .object({ of: z.enum(writableKinds), id: z.string().min(1), before: side, after: side })
  .superRefine((value, context) => {
    const issue = (path: readonly PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    const { before, after } = value;
    if (before === null && after === null) issue([], 'neither before nor after holds anything');
    else if (before === null || after === null) checkWhole(value, issue);
    else checkChange(value as Setting & { before: object; after: object }, issue);
  });

type TellIssue = (path: readonly PropertyKey[], message: string) => void;

/** A fact that appears or goes: all of it, under its own id. */
function checkWhole(of: Setting, issue: TellIssue): void {
  const name = of.before === null ? 'after' : 'before';
  const value = of[name] ?? {};
  if (!tell(schemas[of.of].whole, value, [name], issue)) return;
  const id = idOf(of.of, value);
  if (id !== of.id) issue(['id'], `it is ${JSON.stringify(id)} by its ${name}`);
  checkAnswers(of, name, issue);
}

/** Fields of a fact that stays: of the right shape, and none that makes it another fact. */
function checkChange(of: Setting & { readonly before: object; readonly after: object }, issue: TellIssue) {
  const { part, optional, identity } = schemas[of.of];
  const names = new Set([...Object.keys(of.before), ...Object.keys(of.after)]);
  if (names.size === 0) issue([], 'no field of it changes');
  for (const name of ['before', 'after'] as const) {
    if (!tell(part, of[name], [name], issue)) continue;
    checkAnswers(of, name, issue);
    for (const field of names)
      if (!(field in of[name]) && !optional.has(field)) issue([name, field], `every ${of.of} has ${field}`);
  }
  for (const field of names)
    if (identity.has(field) && valueAt(of.before, field) !== valueAt(of.after, field))
      issue(['after', field], `${field} says which ${of.of} it is: another one is created, not changed`);
}

/** Records of addresses hold addresses of their family; the type is the last part of the id. */
function checkAnswers(of: Setting, name: 'before' | 'after', issue: TellIssue): void {
  const family = of.of !== 'recordSet' ? undefined : { A: 4, AAAA: 6 }[of.id.split('|').at(-1) ?? ''];
  const values = valueAt(of[name] ?? {}, 'values');
  if (family === undefined || !Array.isArray(values)) return;
  for (const [i, value] of values.entries()) {
    const ip = parseIp(String(value));
    if (ip === undefined || familyOf(ip) !== family)
      issue([name, 'values', i], `an address of IPv${family} is expected`);
  }
}

function valueAt(of: object, field: string): unknown {
  return (of as Readonly<Record<string, unknown>>)[field];
}

function tell(schema: z.ZodType, value: unknown, at: readonly PropertyKey[], issue: TellIssue): boolean {
  const found = schema.safeParse(value, { reportInput: true });
  for (const { place, says } of wrongPlaces(found.error)) issue([...at, ...place], says);
  return found.success;
}
