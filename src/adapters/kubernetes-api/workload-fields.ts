/*
 * Workloads and the ingress's arguments. The facts were redacted when they were read, so only what the change alters is
 * ever written: one argument, one variable, one host alias; an argument that holds a hidden secret is refused.
 */
import type { Container, Workload } from '#estate/kubernetes.ts';
import { redactArguments, redactSetting } from '#estate/secret.ts';
import { parseIp } from '#net/ip.ts';
import { type Json, mapOf, mapsOf, textOf } from './decode.ts';
import { canonical, valueAt, withValue } from './diff.ts';

/** How one thing of an object is found, and what it is before and after. */
export interface Place {
  readonly says: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly read: (object: Json) => unknown;
  /** A text: why it cannot be written. */
  readonly put: (object: Json, value: unknown) => Json | string;
}

const hidden = '[secret]';

/** Path of the pod's spec: a CronJob has it deeper. */
export function podSpecPath(kind: string): readonly string[] {
  return kind === 'CronJob'
    ? ['spec', 'jobTemplate', 'spec', 'template', 'spec']
    : ['spec', 'template', 'spec'];
}

/** Places that differ between the two sides; a text: what cannot be written. */
export function workloadPlaces(
  kind: string,
  before: Partial<Workload>,
  after: Partial<Workload>,
): readonly Place[] | string {
  const path = podSpecPath(kind);
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const unknown = fields.filter((f) => f !== 'hostAliases' && f !== 'containers');
  if (unknown.length > 0) return `${unknown.join(', ')} of a workload cannot be written through the API here`;
  const places: Place[] = [];
  if (fields.includes('hostAliases')) places.push(hostAliases(path, before, after));
  for (const [i, now] of (after.containers ?? []).entries()) {
    const was = before.containers?.[i];
    if (was === undefined || was.name !== now.name)
      return 'containers cannot be added, removed or renamed here';
    places.push(...argumentPlaces(path, was, now), ...variablePlaces(path, was, now));
  }
  return places.length === 0 ? 'nothing in it differs' : places;
}

function hostAliases(path: readonly string[], before: Partial<Workload>, after: Partial<Workload>): Place {
  const at = [...path, 'hostAliases'];
  return {
    says: 'hostAliases',
    before: before.hostAliases ?? [],
    after: after.hostAliases ?? [],
    read: (o) =>
      mapsOf(valueAt(o, at)).map((a) => ({ ip: parseIp(textOf(a.ip)) ?? a.ip, names: a.hostnames ?? [] })),
    put: (o, value) => {
      const list = (value as Workload['hostAliases']).map(({ ip, names }) => ({ ip, hostnames: names }));
      return withValue(o, at, list.length === 0 ? undefined : list);
    },
  };
}

/** Command and args were joined when they were read: an index below the command's length is one of the command's. */
function argumentPlaces(path: readonly string[], was: Container, now: Container): readonly Place[] {
  if (was.args.length !== now.args.length) return [unwritable('arguments', was.args, now.args)];
  return now.args.flatMap((arg, i) =>
    arg === was.args[i] ? [] : [argumentPlace(path, now.name, i, was.args[i], arg)],
  );
}

function argumentPlace(
  path: readonly string[],
  container: string,
  index: number,
  before: unknown,
  after: unknown,
): Place {
  return {
    says: `argument ${index + 1} of ${container}`,
    before,
    after,
    read: (o) => {
      const c = containerOf(o, path, container);
      return redactArguments([...textsOf(c?.command), ...textsOf(c?.args)])[index];
    },
    put: (o, value) => {
      if (String(value).includes(hidden))
        return `argument ${index + 1} of ${container} holds a secret that was not read`;
      return withContainer(o, path, container, (c) => {
        const command = textsOf(c.command);
        const field = index < command.length ? 'command' : 'args';
        const at = index < command.length ? index : index - command.length;
        return { ...c, [field]: textsOf(c[field]).map((a, i) => (i === at ? String(value) : a)) };
      });
    },
  };
}

function variablePlaces(path: readonly string[], was: Container, now: Container): readonly Place[] {
  return Object.keys(now.env)
    .filter((n) => now.env[n] !== was.env[n])
    .map(
      (name): Place => ({
        says: `variable ${name} of ${now.name}`,
        before: was.env[name],
        after: now.env[name],
        read: (o) => {
          const entry = mapsOf(containerOf(o, path, now.name)?.env).find((e) => e.name === name);
          return entry === undefined ? undefined : redactSetting(name, textOf(entry.value));
        },
        put: (o, value) => {
          if (String(value).includes(hidden))
            return `variable ${name} of ${now.name} holds a secret that was not read`;
          return withContainer(o, path, now.name, (c) => ({
            ...c,
            env: mapsOf(c.env).map((e) => (e.name === name ? { ...e, value } : e)),
          }));
        },
      }),
    );
}

/** The argument by which an ingress is told whose address the Ingress status copies. */
export function publishedServicePlace(before: unknown, after: unknown): Place {
  const path = podSpecPath('Deployment');
  const option =
    /^(--providers\.kubernetesingress\.ingressendpoint\.publishedservice|--publish-service)=(.*)$/i;
  const find = (o: Json) => {
    for (const c of mapsOf(valueAt(o, [...path, 'containers']))) {
      const at = textsOf(c.args).findIndex((a) => option.test(a));
      if (at >= 0) return { container: textOf(c.name), at, text: textsOf(c.args)[at] ?? '' };
    }
    return undefined;
  };
  return {
    says: 'the published Service',
    before,
    after,
    read: (o) => option.exec(find(o)?.text ?? '')?.[2]?.replace(ownNamespace, namespaceOf(o)),
    put: (o, value) => {
      const found = find(o);
      if (found === undefined || value === undefined)
        return 'the argument that names the published Service is not there: its chart or manifest has to gain it';
      const text = found.text.replace(option, (_, name: string, old: string) => {
        const isOwn = old.startsWith(ownNamespace) && String(value).startsWith(`${namespaceOf(o)}/`);
        return `${name}=${isOwn ? String(value).replace(namespaceOf(o), () => ownNamespace) : String(value)}`;
      });
      return withContainer(o, path, found.container, (c) => ({
        ...c,
        args: textsOf(c.args).map((a, i) => (i === found.at ? text : a)),
      }));
    },
  };
}

/** How charts write the pod's namespace: the variable is set from it (ingress-nginx). */
const ownNamespace = '$(POD_NAMESPACE)';

function namespaceOf(object: Json): string {
  return textOf(mapOf(object.metadata).namespace);
}

function unwritable(says: string, before: unknown, after: unknown): Place {
  return {
    says,
    before,
    after,
    read: () => before,
    put: () => `the number of ${says} changes, which is not written here`,
  };
}

function containerOf(object: Json, path: readonly string[], name: string): Json | undefined {
  return mapsOf(valueAt(object, [...path, 'containers'])).find((c) => c.name === name);
}

function withContainer(object: Json, path: readonly string[], name: string, change: (c: Json) => Json): Json {
  const containers = mapsOf(valueAt(object, [...path, 'containers'])).map((c) =>
    c.name === name ? change(c) : c,
  );
  return withValue(object, [...path, 'containers'], containers);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function isSame(a: unknown, b: unknown): boolean {
  return canonical(a ?? null) === canonical(b ?? null);
}
