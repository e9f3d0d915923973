/*
 * A way: one packet on its way in, with what happened to it so far. Stages are pure functions from a way at a place
 * to the ways and places that follow; `path.ts` runs them until each way has ended.
 */
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Ip } from '#net/ip.ts';
import type { Disposition, Hop, Identity, Packet, Reached, Step } from './trace.ts';

/** Whom the packet's present source address stands for, and why. */
export interface Peer {
  readonly is: Identity['is'];
  readonly says: string;
  readonly because: readonly Evidence[];
}

/** What a host remembers of the flow, so that it can undo its translations on the answer. */
export interface Session {
  readonly host: string;
  readonly before: Packet;
  readonly after: Packet;
  readonly because: readonly Evidence[];
  /** Firewalls: interfaces of the way in. */
  readonly inside?: { readonly firewall: string; readonly in: string; readonly out?: string };
}

/** The choice among endpoints that a Service made for this way. */
export interface Choice {
  readonly endpoints: readonly Reached[];
  readonly affinitySeconds?: number;
}

export interface Mtu {
  readonly bytes: number;
  readonly where: string;
  readonly because: readonly Evidence[];
}

export interface Way {
  readonly packet: Packet;
  readonly hops: readonly Hop[];
  readonly gaps: readonly Gap[];
  readonly sessions: readonly Session[];
  readonly peer: Peer;
  readonly mtu?: Mtu;
  readonly choice?: Choice;
  /** A bridge tells the next hop the client by PROXY protocol. */
  readonly proxyClient?: Ip;
  /** The source address shown from here on is not known (pod network not known). */
  readonly isSourceUnknown?: boolean;
  /** Hosts that it may still visit; 0 ends the way as a loop. */
  readonly hopsLeft: number;
}

/** Where a packet is about to be handled. */
export type Place =
  | { readonly kind: 'internet' }
  | { readonly kind: 'firewall'; readonly firewall: string; readonly interface: string }
  /** Delivered by ARP or NDP on one network. */
  | { readonly kind: 'link' }
  | {
      readonly kind: 'node';
      readonly cluster: string;
      readonly node: string;
      readonly origin: 'network' | 'pod' | 'process';
    };

export interface Ended {
  readonly kind: 'ended';
  readonly way: Way;
  readonly disposition: Disposition;
  readonly reached?: Reached;
}

export type Next = Ended | { readonly kind: 'on'; readonly way: Way; readonly place: Place };

export function on(way: Way, place: Place): Next {
  return { kind: 'on', way, place };
}

export function ended(way: Way, disposition: Disposition, reached?: Reached): Ended {
  return { kind: 'ended', way, disposition, ...(reached && { reached }) };
}

/** Ends the way as unknown because of the gap. */
export function unknownAt(way: Way, host: string, stage: Step['stage'], gap: Gap): Ended {
  const because = gap.evidence ? [gap.evidence] : [];
  const stepped = withStep(way, host, { stage, says: `Not known: ${gap.what}`, because });
  return ended({ ...stepped, gaps: [...stepped.gaps, gap] }, 'unknown');
}

/** The way with one more step; steps at the same host in a row share a hop. */
export function withStep(way: Way, host: string, step: Step): Way {
  return { ...way, hops: addStep(way.hops, host, step) };
}

export function addStep(hops: readonly Hop[], host: string, step: Step): readonly Hop[] {
  const last = hops.at(-1);
  if (last?.host !== host) return [...hops, { host, steps: [step] }];
  return [...hops.slice(0, -1), { host, steps: [...last.steps, step] }];
}

/** The way with its packet rewritten by a step, which shows both. */
export function rewritten(way: Way, host: string, after: Packet, step: Omit<Step, 'before' | 'after'>): Way {
  return { ...withStep(way, host, { ...step, before: way.packet, after }), packet: after };
}

export function withMtu(way: Way, mtu: Mtu | undefined): Way {
  return mtu === undefined || (way.mtu && way.mtu.bytes <= mtu.bytes) ? way : { ...way, mtu };
}

/** A gap that the walk itself names, because no fact says what it needs. */
export function missing(id: string, kind: Gap['kinds'][number], what: string, system?: string): Gap {
  return { id, kinds: [kind], what, ...(system && { system }) };
}

export function packetText(p: Packet): string {
  return `${p.source} → ${p.destination}:${p.port}/${p.protocol}`;
}
