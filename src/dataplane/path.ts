/*
 * The path stage: from a vantage point to the socket that an address leads to, and back. It knows no names, so its
 * answers are shared by every name with the same address; the prover memoises it.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Family, Ip } from '#net/ip.ts';
import type { Protocol } from '#net/port.ts';
import { atFirewall } from './firewall.ts';
import { inInternet } from './internet.ts';
import { onLink } from './link.ts';
import { atNode } from './node.ts';
import { returnPath } from './return-path.ts';
import type { Disposition, Hop, Packet, Reached, ReturnPath } from './trace.ts';
import { sourceAt, startAt, type Vantage, vantageOf } from './vantage.ts';
import {
  addStep,
  type Choice,
  type Ended,
  ended,
  type Mtu,
  missing,
  type Next,
  type Peer,
  type Way,
} from './way.ts';

/** Longest way that is followed; more is a loop. */
const maxHops = 24;

export interface PathInput {
  /** Vantage point id, or `pod/<cluster>/<ns>/<name>`. */
  readonly vantage: string;
  /** undefined: the vantage point's first client of the family. */
  readonly source?: Ip | undefined;
  readonly family: Family;
  readonly ip: Ip;
  readonly port: number;
  readonly protocol: Protocol;
}

export interface PathTrace {
  readonly input: PathInput;
  readonly hops: readonly Hop[];
  readonly disposition: Disposition;
  readonly reached?: Reached;
  /** The client's own address; undefined: the vantage point has none of the family. */
  readonly client?: Ip;
  /** Source address as the socket sees it; undefined: not delivered, or not known. */
  readonly seenAs?: Ip;
  readonly peer: Peer;
  readonly choice?: Choice;
  readonly mtu?: Mtu;
  readonly proxyClient?: Ip;
  readonly returnPath?: ReturnPath;
  readonly gaps: readonly Gap[];
}

/** A path that ends at a socket. */
export type Arrived = PathTrace & { readonly reached: Reached };

export function hasArrived(path: PathTrace): path is Arrived {
  return path.reached !== undefined;
}

/** Every way that a packet to the address may go, in a stable order; never empty. */
export function walkAddress(reader: Reader, input: PathInput): readonly PathTrace[] {
  const vantage = vantageOf(reader, input.vantage);
  if (vantage === undefined) return [nowhere(reader, input)];
  const source = input.source ?? sourceAt(reader, vantage, input.family);
  if (source === undefined) return [sourceless(reader, input, vantage)];
  const packet: Packet = { source, destination: input.ip, port: input.port, protocol: input.protocol };
  const begin: Way = {
    packet,
    hops: [],
    gaps: [],
    sessions: [],
    peer: { is: 'client', says: 'nothing on the way changes the source', because: [] },
    hopsLeft: maxHops,
    ...(vantage.point.mtu !== undefined && {
      mtu: { bytes: vantage.point.mtu, where: vantage.host, because: vantage.because },
    }),
  };
  const first = startAt(reader, vantage, {
    ...begin,
    hops: [{ host: vantage.host, steps: [startStep(vantage, packet)] }],
  });
  return run(reader, first).map((end) => finish(reader, input, vantage, packet, end));
}

function startStep(vantage: Vantage, packet: Packet) {
  const says = `${packet.source} dials ${packet.destination}:${packet.port}/${packet.protocol}.`;
  return { stage: 'route' as const, says, because: vantage.because, after: packet };
}

/** Depth first in the order that stages give, so that traces come out in a stable order. */
function run(reader: Reader, first: Next): readonly Ended[] {
  const out: Ended[] = [];
  const stack: Next[] = [first];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.kind === 'ended') out.push(next);
    else stack.push(...[...advance(reader, next)].reverse());
  }
  return out;
}

function advance(reader: Reader, next: Exclude<Next, Ended>): readonly Next[] {
  if (next.way.hopsLeft === 0) return [looped(next.way)];
  const way = { ...next.way, hopsLeft: next.way.hopsLeft - 1 };
  switch (next.place.kind) {
    case 'internet':
      return [inInternet(reader, way)];
    case 'firewall':
      return atFirewall(reader, way, next.place);
    case 'link':
      return onLink(reader, way);
    case 'node':
      return atNode(reader, way, next.place);
    default:
      return next.place satisfies never;
  }
}

function looped(way: Way): Ended {
  const says = 'The packet has been here before: it goes round in a loop.';
  const host = way.hops.at(-1)?.host ?? 'internet';
  return ended({ ...way, hops: addStep(way.hops, host, { stage: 'route', says, because: [] }) }, 'loop');
}

function finish(reader: Reader, input: PathInput, vantage: Vantage, dialled: Packet, end: Ended): PathTrace {
  const { way } = end;
  const known = { input, hops: way.hops, client: dialled.source, peer: way.peer };
  const choice = { ...(way.choice && { choice: way.choice }), ...(way.mtu && { mtu: way.mtu }) };
  if (end.reached === undefined) return { ...known, ...choice, disposition: end.disposition, gaps: way.gaps };
  const back = returnPath(reader, vantage, way, dialled, end.reached);
  return {
    ...known,
    ...choice,
    disposition: back.path.disposition,
    reached: end.reached,
    ...(!way.isSourceUnknown && { seenAs: way.packet.source }),
    ...(way.proxyClient && { proxyClient: way.proxyClient }),
    returnPath: back.path,
    gaps: back.gap ? [...way.gaps, back.gap] : way.gaps,
  };
}

function nowhere(reader: Reader, input: PathInput): PathTrace {
  const isPod = input.vantage.startsWith('pod/');
  const what = `there is no vantage point ${input.vantage} in the snapshot`;
  const kind = isPod ? 'pod' : 'vantagePoint';
  const gap = reader.gap(kind) ?? missing(`vantage/${input.vantage}`, kind, what);
  return {
    input,
    hops: [],
    disposition: 'unknown',
    peer: { is: 'unknown', says: what, because: [] },
    gaps: [gap],
  };
}

/** No address of the family, or none known because the node or pod itself was not read. */
function sourceless(reader: Reader, input: PathInput, vantage: Vantage): PathTrace {
  const { kind, cluster, node, pod } = vantage.point;
  if (kind !== 'node' && kind !== 'pod') return familyless(input, vantage);
  const id = kind === 'node' ? node : pod;
  if (cluster && id && reader.get(kind, `${cluster}/${id}`)) return familyless(input, vantage);
  const what = `${kind} ${id ?? vantage.point.id} of vantage point ${vantage.point.id} is not in the snapshot`;
  const known = reader.gap(kind, cluster && `cluster/${cluster}`);
  const gap = known ?? missing(`vantage/${vantage.point.id}`, kind, what);
  return {
    input,
    hops: [],
    disposition: 'unknown',
    peer: { is: 'unknown', says: what, because: [] },
    gaps: [gap],
  };
}

function familyless(input: PathInput, vantage: Vantage): PathTrace {
  const says = `${vantage.point.id} has no IPv${input.family} address.`;
  const hops = [{ host: vantage.host, steps: [{ stage: 'route' as const, says, because: vantage.because }] }];
  return { input, hops, disposition: 'no-route', peer: { is: 'none', says, because: [] }, gaps: [] };
}
