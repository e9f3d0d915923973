/*
 * Who points at an address, a name or a Service, and what becomes of it when the address is left: the one list that
 * `sightline who`, the planner's re-pointing and the findings share.
 */
import type { Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Protocol } from '#net/port.ts';
import { rangeHas } from '#net/prefix.ts';
import type { Reader } from './estate.ts';
import type { Evidence, Owner } from './evidence.ts';
import type { Fact, FactKey } from './fact.ts';
import { kindTable } from './kind-table.ts';
import type { Kind, Kinds } from './kinds.ts';
import {
  addressesIn,
  dialled,
  type Place,
  placesOf,
  type ReferenceClass,
  referringKinds,
  statesIp,
} from './reference-places.ts';

export type { ReferenceClass } from './reference-places.ts';

/** What is asked about. `service` is `cluster/ns/name`. */
export type ReferenceTarget =
  | { readonly kind: 'ip'; readonly ip: Ip }
  | { readonly kind: 'name'; readonly name: DnsName }
  | { readonly kind: 'service'; readonly service: string };

/** already-broken: points where nothing answers today; would-break: the leaving takes its answer away. */
export type ReferenceState = 'already-broken' | 'would-break' | 'unaffected';

export interface Reference {
  readonly class: ReferenceClass;
  readonly fact: FactKey;
  readonly kind: Kind;
  /** System that holds the fact, such as `dns/technitium`; undefined: sightline.yaml. */
  readonly system?: string;
  readonly field: string;
  /** The text that states it, shortened to the line that does. */
  readonly text: string;
  readonly port?: number;
  readonly protocol?: Protocol;
  /** Alias through which it is stated, when not literally. */
  readonly via?: string;
  readonly owner?: Owner;
  readonly evidence: Evidence;
  readonly state: ReferenceState;
  readonly because: string;
}

export interface ReferenceOptions {
  /** Services (`cluster/ns/name`) that leave the address; undefined: everything on it does. */
  readonly leaving?: readonly string[];
}

/** Every fact that states the target, ordered by class (producer first), then by key and field. */
export function referencesTo(
  reader: Reader,
  target: ReferenceTarget,
  options: ReferenceOptions = {},
): readonly Reference[] {
  const states = matcherOf(reader, target);
  const found: Reference[] = [];
  for (const kind of referringKinds()) {
    for (const fact of reader.all(kind)) {
      for (const place of placesOf(reader, fact)) {
        const via = states(fact, place);
        if (via !== undefined) found.push(referenceOf(reader, target, options, fact, place, via));
      }
    }
  }
  return withoutEchoes(found).sort(compareReferences);
}

/** '' when the place states the target itself, an alias name when it does so by an alias, undefined when not. */
type Matcher = (fact: Fact, place: Place) => string | undefined;

function matcherOf(reader: Reader, target: ReferenceTarget): Matcher {
  switch (target.kind) {
    case 'ip':
      return ipMatcher(reader, target.ip);
    case 'name':
      return (_, place) => (statesName(place.text, target.name) ? '' : undefined);
    case 'service':
      return (fact, place) => (statesService(fact, place, target.service) ? '' : undefined);
  }
}

function ipMatcher(reader: Reader, ip: Ip): Matcher {
  const aliases = aliasesHolding(reader, ip);
  return (fact, place) => {
    if (place.range !== undefined) return rangeHas(place.range, ip) ? '' : undefined;
    if (statesIp(place.text, ip)) return '';
    const onFirewall = (fact.value as { firewall?: string }).firewall;
    const isByAlias = onFirewall !== undefined && aliases.has(`${onFirewall}/${place.text}`);
    return isByAlias ? place.text : undefined;
  };
}

/** `firewall/alias` of every alias that holds the address, directly or through nested aliases. */
function aliasesHolding(reader: Reader, ip: Ip): ReadonlySet<string> {
  const held = new Set<string>();
  const aliases = reader.all('alias').map((f) => f.value);
  for (let before = -1; before !== held.size; ) {
    before = held.size;
    for (const a of aliases) {
      if (a.entries.some((e) => e === ip || held.has(`${a.firewall}/${e}`)))
        held.add(`${a.firewall}/${a.name}`);
    }
  }
  return held;
}

function statesName(text: string, name: DnsName): boolean {
  const lower = text.toLowerCase();
  if (lower === name || dialled(lower)?.host === name) return true;
  const at = lower.indexOf(name);
  if (at < 0) return false;
  const around = `${lower[at - 1] ?? ' '}${lower[at + name.length] ?? ' '}`;
  return !/[a-z0-9.-]/.test(around.replace(/\.$/, ' '));
}

function statesService(fact: Fact, place: Place, service: string): boolean {
  const [cluster = '', namespace = '', name = ''] = service.split('/');
  if (fact.key === `service:${service}`) return place.field.startsWith('status');
  const inCluster = (fact.value as { cluster?: string }).cluster;
  if (inCluster !== undefined && inCluster !== cluster) return false;
  if (place.text === `${namespace}/${name}`) return fact.kind !== 'helmRelease';
  const host = dialled(place.text)?.host ?? '';
  return host === `${name}.${namespace}` || host.startsWith(`${name}.${namespace}.svc`);
}

function referenceOf(
  reader: Reader,
  target: ReferenceTarget,
  options: ReferenceOptions,
  fact: Fact,
  place: Place,
  via: string,
): Reference {
  const system = systemOf(fact);
  const judged = target.kind === 'ip' ? judge(reader, target.ip, options, fact, place) : unaffected;
  return {
    class: place.class,
    fact: fact.key,
    kind: fact.kind,
    ...(system !== undefined && { system }),
    field: place.field,
    text: shorten(place.text, target),
    ...(place.port !== undefined && { port: place.port }),
    ...(place.protocol !== undefined && { protocol: place.protocol }),
    ...(via !== '' && { via }),
    ...(fact.owner && { owner: fact.owner }),
    evidence: { ...fact.evidence, field: place.field },
    ...judged,
  };
}

interface Judged {
  readonly state: ReferenceState;
  readonly because: string;
}

const unaffected: Judged = { state: 'unaffected', because: 'the name or Service itself stays' };

function judge(reader: Reader, ip: Ip, options: ReferenceOptions, fact: Fact, place: Place): Judged {
  const on = reader.by('service', 'vip', ip);
  const isLeaving = (id: string) => options.leaving === undefined || options.leaving.includes(id);
  if (place.range !== undefined)
    return { state: 'unaffected', because: 'it states a range, not this address alone' };
  if (fact.kind === 'service') {
    const id = fact.key.slice('service:'.length);
    return isLeaving(id)
      ? { state: 'would-break', because: 'the Service itself leaves the address' }
      : { state: 'unaffected', because: 'the Service stays on the address' };
  }
  if (on.length === 0) return offVip(reader, ip, place);
  return place.port === undefined ? judgeWhole(on, isLeaving) : judgePort(on, isLeaving, place);
}

function offVip(reader: Reader, ip: Ip, place: Place): Judged {
  const isHost = reader.by('node', 'ip', ip).length + reader.by('firewallInterface', 'ip', ip).length > 0;
  if (isHost) return { state: 'unaffected', because: 'the address belongs to a host' };
  if (place.class === 'prose') return { state: 'unaffected', because: 'it only mentions the address' };
  return { state: 'already-broken', because: 'no Service and no host in the snapshot has the address' };
}

function judgePort(on: readonly Fact<'service'>[], isLeaving: (id: string) => boolean, place: Place): Judged {
  const protocol = place.protocol ?? 'tcp';
  const says = `${place.port}/${protocol}`;
  const serving = on.find((s) => s.value.ports.some((p) => p.port === place.port && p.protocol === protocol));
  if (serving === undefined)
    return { state: 'already-broken', because: `nothing serves ${says} on the address` };
  const id = kindTable.service.id(serving.value);
  return isLeaving(id)
    ? { state: 'would-break', because: `${id} serves ${says} there and leaves` }
    : { state: 'unaffected', because: `${id} serves ${says} there and stays` };
}

function judgeWhole(on: readonly Fact<'service'>[], isLeaving: (id: string) => boolean): Judged {
  const ids = on.map((s) => kindTable.service.id(s.value));
  const leaving = ids.filter(isLeaving);
  if (leaving.length === 0) return { state: 'unaffected', because: 'no Service leaves the address' };
  const staying = ids.length - leaving.length;
  const rest = staying > 0 ? `; which port is meant is not stated, and ${staying} stay` : '';
  return { state: 'would-break', because: `${leaving.join(', ')} leaves the address${rest}` };
}

/** A mention at the place of a stated setting is the same text twice: the setting is kept. */
function withoutEchoes(found: readonly Reference[]): Reference[] {
  const stated = new Set<string>();
  for (const r of found)
    if (r.kind === 'statedSetting') stated.add(`${r.evidence.file}:${r.evidence.line ?? 0}`);
  return found.filter(
    (r) => r.kind !== 'mention' || !stated.has(`${r.evidence.file}:${r.evidence.line ?? -1}`),
  );
}

const order: readonly ReferenceClass[] = ['producer', 'consumer', 'assertion', 'prose'];

function compareReferences(a: Reference, b: Reference): number {
  const classes = order.indexOf(a.class) - order.indexOf(b.class);
  if (classes !== 0) return classes;
  const left = `${a.fact} ${a.field}`;
  const right = `${b.fact} ${b.field}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

function systemOf(fact: Fact): string | undefined {
  const system = kindTable[fact.kind].system as (value: Kinds[Kind]) => string | undefined;
  return system(fact.value);
}

/** The one line that states it: whole configuration files are never printed. */
function shorten(text: string, target: ReferenceTarget): string {
  const needle = target.kind === 'ip' ? target.ip : target.kind === 'name' ? target.name : target.service;
  const line = text.split('\n').find((l) => l.includes(needle)) ?? text.split('\n')[0] ?? '';
  return line.trim().slice(0, 200);
}

export { addressesIn };
