/*
 * The answer's way back. Each host undoes what its own session says; where the answer passes no such host, or meets a
 * firewall that never saw the question, there is no session and the client gets nothing it would accept.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import { gatewaySaid, nodeAddress } from './node-out.ts';
import { defaultGateway, networksAround } from './route.ts';
import type { Disposition, Hop, Packet, Reached, ReturnPath } from './trace.ts';
import type { Vantage } from './vantage.ts';
import { addStep, missing, type Session, type Way } from './way.ts';

/** `port` is the answering side's port. */
interface Answer {
  readonly at: string;
  readonly packet: Packet;
  readonly sessions: readonly Session[];
  readonly hops: readonly Hop[];
  /** Interface that it came in by, at a firewall. */
  readonly by?: string;
}

type Move =
  | { readonly to: Answer }
  | { readonly end: Disposition; readonly answer: Answer; readonly gap?: Gap };

interface Trip {
  readonly reader: Reader;
  readonly vantage: Vantage;
  readonly way: Way;
  readonly dialled: Packet;
}

const maxMoves = 32;

/** The return path of a delivered way, to who `dialled`. */
export function returnPath(
  reader: Reader,
  vantage: Vantage,
  way: Way,
  dialled: Packet,
  reached: Reached,
): { readonly path: ReturnPath; readonly gap?: Gap } {
  const trip: Trip = { reader, vantage, way, dialled };
  const packet = { ...way.packet, source: reached.ip, destination: way.packet.source, port: reached.port };
  const at = startHost(way, reached);
  let answer: Answer = { at, packet, sessions: way.sessions, hops: [] };
  for (let i = 0; i < maxMoves; i++) {
    const move = step(trip, answer);
    if ('end' in move) return ending(trip, move);
    answer = move.to;
  }
  return ending(trip, { end: 'loop', answer });
}

function startHost(way: Way, reached: Reached): string {
  if (reached.node) return `node/${reached.cluster}/${reached.node}`;
  return way.sessions.at(-1)?.host ?? 'internet';
}

function step(trip: Trip, answer: Answer): Move {
  const undone = undo(answer);
  if (undone.at.startsWith('firewall/')) return fromFirewall(trip, answer, undone);
  if (undone.at.startsWith('node/')) return fromNode(trip, undone);
  return towardsPrevious(trip, undone);
}

/** Reverses the newest session of this host that the answer belongs to. */
function undo(answer: Answer): Answer {
  const index = answer.sessions.findLastIndex((s) => s.host === answer.at && belongs(s, answer.packet));
  const session = answer.sessions[index];
  if (session === undefined) return answer;
  const packet = {
    ...answer.packet,
    source: session.before.destination,
    destination: session.before.source,
    port: session.before.port,
  };
  return {
    ...said(answer, undoneSays(answer.packet, packet), session.because, packet),
    packet,
    sessions: answer.sessions.slice(0, index),
  };
}

function undoneSays(came: Packet, after: Packet): string {
  const isChanged = after.source !== came.source || after.destination !== came.destination;
  return isChanged
    ? `The session here turns the answer back into ${after.source} → ${after.destination}.`
    : 'The session here lets the answer pass.';
}

function belongs(s: Session, packet: Packet): boolean {
  return (
    s.after.source === packet.destination &&
    s.after.destination === packet.source &&
    s.after.port === packet.port
  );
}

function said(answer: Answer, says: string, because: readonly Evidence[], after?: Packet): Answer {
  const step = { stage: 'return' as const, says, because, before: answer.packet, ...(after && { after }) };
  return { ...answer, hops: addStep(answer.hops, answer.at, step) };
}

function fromNode(trip: Trip, answer: Answer): Move {
  if (isStart(trip, answer.at) && answer.packet.destination === trip.dialled.source)
    return arrive(trip, said(answer, 'The answer is back where the question began.', []));
  const previous = answer.sessions.at(-1);
  if (previous?.host.startsWith('node/') && isAtNode(trip, previous, answer))
    return go(answer, previous.host, 'The pod network carries the answer there.');
  const owner = nodeOf(trip.reader, answer.packet.destination);
  if (owner === answer.at) return arrive(trip, answer);
  if (owner) return go(answer, owner, 'The answer goes to a host of the cluster.');
  if (previous?.host.startsWith('unmanaged/') && belongs(previous, answer.packet))
    return go(answer, previous.host, 'The answer goes back as it came.');
  return outOfNode(trip, answer);
}

/** The address that the answer goes to is one that this node's masquerade made up. */
function isAtNode(trip: Trip, session: Session, answer: Answer): boolean {
  if (!belongs(session, answer.packet)) return false;
  return session.before.source !== session.after.source || trip.way.isSourceUnknown === true;
}

function outOfNode(trip: Trip, answer: Answer): Move {
  const { reader } = trip;
  const [, cluster = '', name = ''] = answer.at.split('/');
  const node = reader.get('node', `${cluster}/${name}`);
  const own = node && nodeAddress(node, familyOf(answer.packet.destination));
  if (!own)
    return unknown(
      answer,
      reader.gap('node', `cluster/${cluster}`) ??
        missing(answer.at, 'node', `the addresses of node ${name} are not in the snapshot`),
    );
  const direct = onSameNetwork(trip, own, answer.packet.destination);
  if (direct)
    return overLink(
      trip,
      answer,
      `${answer.packet.destination} is on ${name}'s own network: the answer goes there directly.`,
      [direct],
    );
  const gateway = defaultGateway(reader, own, gatewaySaid({ reader, cluster, node: name }));
  if ('gap' in gateway) return unknown(answer, gateway.gap);
  const { firewall, name: by } = gateway.out.value;
  const next = said(answer, `${name} sends the answer to its default gateway ${firewall}/${by}.`, [
    gateway.out.evidence,
  ]);
  return { to: { ...next, at: `firewall/${firewall}`, by } };
}

/** Evidence that the two addresses share a network; undefined: they do not. */
function onSameNetwork(trip: Trip, own: Ip, other: Ip): Evidence | undefined {
  const shared = networksAround(trip.reader, own).find((n) => contains(n.network, other));
  if (shared) return shared.out.evidence;
  const { point, because } = trip.vantage;
  const isOne = point.kind === 'lan' || point.kind === 'vpn';
  return isOne && point.networks.some((n) => contains(n, own) && contains(n, other)) ? because[0] : undefined;
}

/** Over one network to whoever has the destination: a firewall, a bridge, or the client itself. */
function overLink(trip: Trip, answer: Answer, says: string, because: readonly Evidence[]): Move {
  const next = said(answer, says, because);
  const { destination } = answer.packet;
  const i = trip.reader.by('firewallInterface', 'ip', destination)[0];
  if (i) return { to: { ...next, at: `firewall/${i.value.firewall}`, by: i.value.name } };
  const virtual = trip.reader.by('virtualIp', 'ip', destination)[0];
  if (virtual)
    return { to: { ...next, at: `firewall/${virtual.value.firewall}`, by: virtual.value.interface } };
  const bridge = trip.reader.by('unmanagedHop', 'ip', destination)[0];
  if (bridge) return { to: { ...next, at: `unmanaged/${bridge.value.id}` } };
  return arrive(trip, next);
}

function fromFirewall(trip: Trip, came: Answer, answer: Answer): Move {
  if (came === answer) {
    const says = 'This firewall never saw the question, so it has no session for the answer and drops it.';
    return { end: 'no-session', answer: said(answer, says, []) };
  }
  const session = came.sessions[answer.sessions.length];
  const expected = session?.inside?.out;
  if (came.by !== undefined && came.by !== expected) {
    const id = `${came.at}/asymmetric`;
    const what = `whether ${came.at} accepts an answer by ${came.by} to a question that left by ${expected} is not known`;
    return unknown(
      said(answer, `The answer comes in by ${came.by}, the question left by ${expected}.`, []),
      missing(id, 'firewall', what),
    );
  }
  return towardsPrevious(trip, answer);
}

/** Back to the host that handed the question on, or to the client where none did. */
function towardsPrevious(trip: Trip, answer: Answer): Move {
  const previous = answer.sessions.at(-1);
  if (previous && belongs(previous, answer.packet))
    return go(answer, previous.host, 'The answer goes back as the question came.');
  return arrive(trip, answer);
}

function arrive(trip: Trip, answer: Answer): Move {
  const { dialled } = trip;
  const { packet } = answer;
  const isFor = packet.destination === dialled.source;
  if (isFor && packet.source === dialled.destination && packet.port === dialled.port)
    return { end: 'delivered', answer };
  const host = trip.vantage.host;
  const says = isFor
    ? `The answer comes from ${packet.source}:${packet.port}, but ${dialled.destination}:${dialled.port} was asked: the client refuses it.`
    : `The answer for ${packet.destination} finds nobody who asked.`;
  return { end: 'no-session', answer: { ...said({ ...answer, at: host }, says, []), at: host } };
}

function ending(
  trip: Trip,
  move: Extract<Move, { end: Disposition }>,
): { readonly path: ReturnPath; readonly gap?: Gap } {
  const { hops } = move.answer;
  const path = { hops, disposition: move.end, isAsymmetric: isAsymmetric(trip.way.hops, hops) };
  return { path, ...(move.gap && { gap: move.gap }) };
}

const counted = /^(firewall|unmanaged|node)\//;

/** Hosts that translate or filter, in order: the way back must pass the same ones the other way round. */
function isAsymmetric(forward: readonly Hop[], back: readonly Hop[]): boolean {
  const hostsOf = (hops: readonly Hop[]) => [
    ...new Set(hops.map((h) => h.host).filter((h) => counted.test(h))),
  ];
  return hostsOf(forward).reverse().join() !== hostsOf(back).join();
}

/** The client's own node; it may also be one that only forwards, and then the answer is for another yet. */
function isStart(trip: Trip, host: string): boolean {
  const { kind, cluster, node } = trip.vantage.point;
  return (kind === 'pod' || kind === 'node') && host === `node/${cluster}/${node}`;
}

function nodeOf(reader: Reader, address: Ip): string | undefined {
  const node = reader.by('node', 'ip', address)[0];
  if (node) return `node/${node.value.cluster}/${node.value.name}`;
  const pod = reader.by('pod', 'ip', address)[0];
  return pod?.value.node && `node/${pod.value.cluster}/${pod.value.node}`;
}

function go(answer: Answer, at: string, says: string): Move {
  return { to: { ...said(answer, says, []), at } };
}

function unknown(answer: Answer, gap: Gap): Move {
  return {
    end: 'unknown',
    answer: said(answer, `Not known: ${gap.what}`, gap.evidence ? [gap.evidence] : []),
    gap,
  };
}
