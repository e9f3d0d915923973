/* What proofs of plans for one estate share: views, kept walks and the flows. A second proof reuses what the first walked. */
import type { Flow } from '#dataplane/flow.ts';
import { isPrivate } from '#dataplane/route.ts';
import type { Estate, Reader } from '#estate/estate.ts';
import type { FactKey } from '#estate/fact.ts';
import type { ProtectedEndpoint } from '#estate/settings.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import type { World } from '#plan/world.ts';
import { carriedFrom } from './carried.ts';
import { classesOf, type NameClass } from './classes.ts';
import type { Role } from './invariant.ts';
import { Known } from './known.ts';
import { flowKey, Memo } from './memo.ts';
import { Moves } from './moves.ts';
import { Views } from './view.ts';

export interface CheckedFlow {
  /** Its number among the flows of the session. */
  readonly id: number;
  readonly flow: Flow;
  readonly key: string;
  readonly role: Role;
  /** Flows of its class, itself first, with the facts that are their names' own; undefined: it stands for itself only. */
  readonly members?: readonly Member[];
}

export interface Member {
  readonly flow: CheckedFlow;
  readonly name: DnsName;
  readonly own: readonly FactKey[];
}

export interface Session {
  readonly world: World;
  readonly estate: Estate;
  readonly views: Views;
  readonly memo: Memo;
  readonly flows: readonly CheckedFlow[];
  readonly classes: ReadonlyMap<DnsName, NameClass>;
  /** What came out in states that were looked at. */
  readonly known: Known;
  readonly moves: Moves;
}

/** Begins proofs about the estate. What an earlier session found and an edit of the estate leaves alone is taken over. */
export function makeSession(world: World, estate: Estate, earlier?: Session): Session {
  const views = new Views(estate, earlier?.views);
  const { reader } = views.base;
  const flows = [
    ...world.flowsOf(reader).map((flow) => checked(flow, byName)),
    ...protectedFlows(reader),
    ...ownFlows(reader),
  ].map((flow, id): CheckedFlow => ({ ...flow, id }));
  const names = new Set(flows.flatMap((f) => ('name' in f.flow.to ? [f.flow.to.name] : [])));
  return {
    world,
    estate,
    views,
    memo: new Memo(world, earlier?.memo),
    flows,
    classes: classesOf(reader, names),
    known: new Known(views, world, earlier && carriedFrom(earlier, estate, flows)),
    moves: new Moves(world),
  };
}

/** One flow for each class; a name is a class of its own where one of its own facts is written. */
export function flowClasses(session: Session, written: ReadonlySet<FactKey>): readonly CheckedFlow[] {
  const groups = new Map<string, CheckedFlow[]>();
  for (const flow of session.flows) {
    const key = classKey(session, flow, written);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [flow]);
    else group.push(flow);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [CheckedFlow, ...CheckedFlow[]];
    const members = group.flatMap((flow) => memberOf(session, flow) ?? []);
    return members.length === 0 ? first : { ...first, members };
  });
}

function memberOf(session: Session, flow: CheckedFlow): Member | undefined {
  const { to } = flow.flow;
  return 'name' in to ? { flow, name: to.name, own: session.classes.get(to.name)?.own ?? [] } : undefined;
}

function classKey(session: Session, { flow, key, role }: CheckedFlow, written: ReadonlySet<FactKey>): string {
  // the same flow may be protected and be a name's: windows excuse the one and not the other
  if (role.kind !== 'name') return `${role.kind} ${role.name}\n${key}`;
  if (!('name' in flow.to) || flow.headers !== undefined) return key;
  const of = session.classes.get(flow.to.name);
  if (of === undefined || of.own.some((k) => written.has(k))) return key;
  const host = flow.host === undefined || flow.host === flow.to.name ? '' : flow.host;
  const rest = `${flow.from} ${flow.family} ${flow.port}/${flow.protocol} ${flow.path ?? ''} ${host} ${flow.source ?? ''}`;
  return `class ${rest}\n${of.signature}`;
}

const byName: Role = { kind: 'name' };

type Unnumbered = Omit<CheckedFlow, 'id'>;

function checked(flow: Flow, role: Role): Unnumbered {
  return { flow, key: flowKey(flow), role };
}

function protectedFlows(reader: Reader): readonly Unnumbered[] {
  return reader.all('protectedEndpoint').flatMap(({ value }) => {
    const role: Role = { kind: 'protected', name: value.name, why: value.why };
    const { port, protocol } = value;
    return addressesOf(reader, value).flatMap((ip) =>
      vantagePointsOf(reader, value.from, ip).flatMap((from) =>
        dialledFrom(reader, from, ip).map((to) =>
          checked({ from, family: familyOf(ip), to: { ip: to }, port, protocol }, role),
        ),
      ),
    );
  });
}

/** From the Internet nobody dials a private address: there it is one of the public ones. */
function dialledFrom(reader: Reader, from: string, ip: Ip): readonly Ip[] {
  if (reader.get('vantagePoint', from)?.value.kind !== 'internet' || !isPrivate(ip)) return [ip];
  const outside = reader.all('publicAddress').map((p) => p.value.ip);
  return outside.filter((p) => familyOf(p) === familyOf(ip));
}

/** The addresses that clients of the endpoint dial today. */
function addressesOf(reader: Reader, endpoint: ProtectedEndpoint): readonly Ip[] {
  if (endpoint.ip !== undefined) return [endpoint.ip];
  const service = reader.all('service').find(({ value: s }) => {
    const isCluster = endpoint.cluster === undefined || endpoint.cluster === s.cluster;
    return isCluster && `${s.namespace}/${s.name}` === endpoint.service;
  })?.value;
  if (service === undefined) return [];
  return service.vips.length > 0 ? service.vips.map((v) => v.ip) : service.clusterIps;
}

function vantagePointsOf(reader: Reader, from: readonly string[], ip: Ip): readonly string[] {
  if (from.length > 0) return from;
  const all = reader.all('vantagePoint').map((v) => v.value);
  return all.filter((v) => v.clients.some((c) => familyOf(c) === familyOf(ip))).map((v) => v.id);
}

function ownFlows(reader: Reader): readonly Unnumbered[] {
  return reader.all('ownInvariant').flatMap(({ value }) => {
    const ip = parseIp(value.to);
    const name = parseName(value.to);
    const to = ip !== undefined ? { ip } : name !== undefined ? { name } : undefined;
    const role: Role = { kind: 'own', name: value.name, expects: value.expects };
    if (to === undefined) return [];
    const family = ip === undefined ? 4 : familyOf(ip);
    const { port, protocol } = value;
    return value.from.map((from) => checked({ from, family, to, port, protocol }, role));
  });
}
