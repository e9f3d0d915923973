/*
 * Names that are walked alike: same records under the same parent, same rules about them, routes that differ in nothing
 * but their application. One of each class is walked and stands for the others; twenty thousand names are a few classes.
 */
import { namesOf } from '#dataplane/flows.ts';
import type { Reader } from '#estate/estate.ts';
import { type DnsName, parentOf } from '#net/name.ts';

export interface NameClasses {
  /** The first name of each class, in order. */
  readonly chosen: readonly DnsName[];
  /** All names of the class of a chosen name, itself first; a name that was not chosen stands for itself. */
  readonly like: (name: string) => readonly string[];
}

export function nameClassesOf(reader: Reader): NameClasses {
  const signature = signatureOver(reader);
  const classes = new Map<string, DnsName[]>();
  for (const name of namesOf(reader)) {
    const key = signature(name);
    const members = classes.get(key);
    if (members === undefined) classes.set(key, [name]);
    else members.push(name);
  }
  const byChosen = new Map<string, readonly string[]>();
  for (const members of classes.values()) if (members[0] !== undefined) byChosen.set(members[0], members);
  return { chosen: [...byChosen.keys()] as DnsName[], like: (name) => byChosen.get(name) ?? [name] };
}

function signatureOver(reader: Reader): (name: DnsName) => string {
  const servers = [...new Set(reader.all('zone').map((z) => z.value.server))];
  const zones = new Set<string>(reader.all('zone').map((z) => z.value.name));
  const named = ownNames(reader);
  const backends = new Map<string, string>();
  return (name) => {
    if (zones.has(name) || named.has(name)) return `own ${name}`;
    const records = servers.map((s) => recordsAt(reader, s, name)).join('|');
    return `${parentOf(name) ?? ''} ${records} ${routesAt(reader, name, backends)} ${tunnelAt(reader, name)}`;
  };
}

/** Names that some rule of a resolver or a translation speaks of itself, or that a pattern may tell apart. */
function ownNames(reader: Reader): { readonly has: (name: string) => boolean } {
  const exact = new Set<string>(reader.all('translation').flatMap((t) => t.value.domains ?? []));
  let isOpen = false;
  for (const { value } of reader.all('nameRule')) {
    const { rule } = value;
    if (rule.kind === 'host') exact.add(rule.name);
    else if (rule.kind === 'forward') exact.add(rule.zone);
    else if (rule.kind === 'rewrite' && rule.match !== 'regex') exact.add(rule.from.replace(/^\.|\.$/g, ''));
    else isOpen = true;
  }
  return { has: (name) => isOpen || exact.has(name) };
}

/** The name's own records on a server, and whether names hang below it; the name itself is left out. */
function recordsAt(reader: Reader, server: string, name: DnsName): string {
  const sets = reader.by('recordSet', 'name', `${server}|${name}`);
  const own = sets.map(
    ({ value: r }) =>
      `${r.view ?? ''} ${r.zone} ${r.type} ${r.ttlSeconds} ${r.isProxied ?? ''} ${r.values.join()}`,
  );
  return `${own.join(';')}${reader.by('recordSet', 'under', `${server}|${name}`).length > 0 ? ` above ${name}` : ''}`;
}

function routesAt(reader: Reader, name: DnsName, backends: Map<string, string>): string {
  const routes = reader.by('route', 'host', name).map(({ value: r }) => {
    const path = r.match.path === undefined ? '' : `${r.match.path.type}${r.match.path.value}`;
    const rule = r.match.isComplete ? '' : (r.match.rule ?? '');
    const how = `${r.from} ${r.entryPoints.join()} ${r.middlewares.join()} ${r.tls} ${r.ingressClass ?? ''} ${path}${rule}`;
    return `${how} ${r.match.hosts.length > 1} ${backendState(reader, `${r.cluster}/${r.backend?.service ?? ''}`, r.backend?.port, backends)}`;
  });
  return routes.join(';');
}

/** Whether an application is there: its Service's type, its port, and endpoints or none. */
function backendState(
  reader: Reader,
  id: string,
  port: number | string | undefined,
  kept: Map<string, string>,
): string {
  const key = `${id}:${port ?? ''}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const service = reader.get('service', id)?.value;
  const slices = reader.by('endpointSlice', 'service', id);
  const ready = slices.some((s) => s.value.endpoints.some((e) => e.ready ?? true));
  const hasPort = service?.ports.some((p) => p.port === port || p.name === port) ?? false;
  const state = `${service?.type ?? 'none'} ${hasPort} ${ready} ${slices.length > 0}`;
  kept.set(key, state);
  return state;
}

const tunnelNames = new WeakMap<Reader, ReadonlyMap<string, string>>();

/** Rules of tunnels for the name itself; wildcards are the same for all names of a parent. */
function tunnelAt(reader: Reader, name: DnsName): string {
  const known = tunnelNames.get(reader) ?? readTunnels(reader);
  return known.get(name) ?? '';
}

function readTunnels(reader: Reader): ReadonlyMap<string, string> {
  const byName = new Map<string, string>();
  for (const { value: r } of reader.all('tunnelRule')) {
    if (r.hostname === undefined) continue;
    const text = `${r.tunnel} ${r.service} ${r.path ?? ''} ${r.originServerName ?? ''} ${r.httpHostHeader ?? ''}`;
    byName.set(r.hostname, `${byName.get(r.hostname) ?? ''};${text}`);
  }
  tunnelNames.set(reader, byName);
  return byName;
}
