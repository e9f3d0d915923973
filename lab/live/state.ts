/* What every system of the lab holds, as texts that can be compared: before a run, and after all of it was taken back. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Json } from '../stand-ins/kubernetes.ts';

/** System and what in it → what it holds: one entry for an object, a record, a file. */
export type SystemState = ReadonlyMap<string, string>;

/** What is not as it was, by name; empty: everything is. */
export function differences(before: SystemState, after: SystemState): readonly string[] {
  const gone = [...before.keys()].filter((k) => !after.has(k)).map((k) => `${k} is gone`);
  const fresh = [...after.keys()].filter((k) => !before.has(k)).map((k) => `${k} was not there`);
  const other = [...after].filter(([k, v]) => before.has(k) && before.get(k) !== v);
  return [...gone, ...fresh, ...other.map(([k]) => `${k} is another`)].sort();
}

/**
 * Objects but for what every write counts up (resourceVersion, generation, times of field owners), and for the node ports
 * that nobody states: Kubernetes gives out others when a Service is of a type that has them again.
 */
export function objectStates(
  cluster: string,
  objects: readonly Json[],
  exportedWithOwners: ReadonlySet<string>,
): readonly (readonly [string, string])[] {
  return objects.map((object) => {
    const { resourceVersion, generation, managedFields, ...metadata } = object.metadata as Json;
    const name = nameOf(object);
    // an export without owners says nothing of who they were
    const owners = exportedWithOwners.has(name) ? ownersOf(object) : [];
    const own = { ...withoutGivenPorts(object), metadata, owners };
    return [`cluster/${cluster}: ${name}`, JSON.stringify(sorted(own))] as const;
  });
}

function withoutGivenPorts(object: Json): Json {
  if (object.kind !== 'Service' || ownersOf(object).some((o) => o.includes('f:nodePort'))) return object;
  const { healthCheckNodePort, ports, ...spec } = (object.spec ?? {}) as Json;
  const given = ((ports ?? []) as readonly Json[]).map(({ nodePort, ...port }) => port);
  return { ...object, spec: { ...spec, ports: given } };
}

/** Names of the objects whose export tells who owns their fields. */
export function withOwners(objects: readonly Json[]): ReadonlySet<string> {
  return new Set(objects.filter((o) => ownersOf(o).length > 0).map(nameOf));
}

function nameOf({ kind, metadata }: Json): string {
  const { namespace = '', name = '' } = metadata as { namespace?: string; name?: string };
  return `${String(kind)} ${namespace}/${name}`;
}

function ownersOf({ metadata }: Json): readonly string[] {
  const all = ((metadata as Json).managedFields ?? []) as readonly Json[];
  // MetalLB's own: it writes whenever an address comes or goes, and an export may be without it
  const fields = all.filter((f) => f.manager !== 'controller');
  return fields.map(({ time, ...owner }) => JSON.stringify(sorted(owner))).sort();
}

/** Every file below the folder, byte for byte. */
export function fileStates(system: string, root: string): readonly (readonly [string, string])[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
    return [`${system}: ${relative(root, path)}`, hash] as const;
  });
}

export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([k, v]) => [k, sorted(v)]));
}
