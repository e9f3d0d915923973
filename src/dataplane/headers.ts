/*
 * What Traefik makes of the peer and of forwarding headers (v3.7: pkg/server/server_entrypoint_tcp.go for PROXY
 * protocol with policy USE for trusted peers, pkg/middlewares/forwardedheaders: headers of an untrusted peer are
 * deleted; X-Real-Ip is set to the peer; CF-Connecting-IP is no forwarding header and passes untouched).
 */
import type { Evidence } from '#estate/evidence.ts';
import type { Listener, Trust } from '#estate/ingress.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import type { Identity, Packet } from './trace.ts';

/** What arrives at the listener's socket. */
export interface Arrival {
  readonly client?: Ip | undefined;
  /** The socket's peer; undefined: not known. */
  readonly seenAs?: Ip | undefined;
  readonly peerIs: Identity['is'];
  readonly peerSays: string;
  readonly because: readonly Evidence[];
  /** Client in a PROXY header that a bridge sent; another address than the client's is that of a bridge before it. */
  readonly proxyClient?: Ip | undefined;
  readonly protocol: Packet['protocol'];
  /** Headers as they arrive; those that the client wrote by itself are in `forged`. */
  readonly sent: Readonly<Record<string, string>>;
  readonly forged: Readonly<Record<string, string>>;
}

export interface Headers {
  /** The peer as Traefik takes it, after PROXY protocol. */
  readonly remote?: Ip | undefined;
  readonly remoteIs: Identity['is'];
  /** true: the remote is not known, so nothing that depends on it is. */
  readonly isTrusted: boolean;
  /** X-Forwarded-For as middlewares see it; '': none. */
  readonly forwardedFor: string;
  readonly realIp: string;
  readonly cfConnectingIp: string;
  /** ClientHost in the access log. */
  readonly logged: string;
  readonly proxyRead: 'read' | 'not-trusted' | 'not-on-udp' | 'not-configured' | 'not-sent';
  /** What an address stands for on this flow. */
  readonly isOf: (address: Ip) => Identity['is'];
}

/** The client as each header tells it, once the listener's trust is applied. */
export function readHeaders(listener: Listener, arrival: Arrival): Headers {
  const proxyRead = proxyReading(listener, arrival);
  const isRead = proxyRead === 'read';
  const remote = isRead ? arrival.proxyClient : arrival.seenAs;
  const spokenFor = arrival.proxyClient === arrival.client ? 'client' : 'bridge';
  const remoteIs = isRead ? spokenFor : arrival.peerIs;
  const isTrusted = remote !== undefined && isTrustedBy(listener.forwardedHeaders, remote);
  const forwardedFor = isTrusted ? (arrival.sent['x-forwarded-for'] ?? '') : '';
  const realIp = (isTrusted && arrival.sent['x-real-ip']) || (remote ?? '');
  return {
    remote,
    remoteIs,
    isTrusted,
    forwardedFor,
    realIp,
    cfConnectingIp: arrival.sent['cf-connecting-ip'] ?? '',
    logged: forwardedFor || (remote ?? ''),
    proxyRead,
    isOf: (address) => standsFor(address, arrival, remote, remoteIs),
  };
}

export function isTrustedBy(trust: Trust, peer: Ip): boolean {
  return trust.everyone || trust.from.some((p) => contains(p, peer));
}

/** First address of a forwarding list, which applications commonly take; undefined: none or no address. */
export function firstAddress(list: string): Ip | undefined {
  return parseIp(list.replace(/,.*$/s, '').trim());
}

/** Last entry of a forwarding list. */
export function lastEntry(list: string): string {
  return list.slice(list.lastIndexOf(',') + 1).trim();
}

function proxyReading(listener: Listener, arrival: Arrival): Headers['proxyRead'] {
  if (arrival.proxyClient === undefined) return 'not-sent';
  if (arrival.protocol === 'udp') return 'not-on-udp';
  if (!listener.proxyProtocol) return 'not-configured';
  if (arrival.seenAs === undefined) return 'not-trusted';
  return isTrustedBy(listener.proxyProtocol, arrival.seenAs) ? 'read' : 'not-trusted';
}

function standsFor(
  address: Ip,
  arrival: Arrival,
  remote: Ip | undefined,
  remoteIs: Identity['is'],
): Identity['is'] {
  if (address === arrival.client) return 'client';
  const forged = Object.values(arrival.forged).some((v) =>
    v.split(',').some((part) => parseIp(part.trim()) === address),
  );
  if (forged) return 'forged';
  if (address === remote) return remoteIs;
  return address === arrival.seenAs ? arrival.peerIs : 'unknown';
}
