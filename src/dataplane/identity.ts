/*
 * Whom each consumer at the ingress takes the client for (Traefik v3.7; other programs only as far as the socket),
 * and what it does with that: pass, refuse, share one bucket, ban.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Listener } from '#estate/ingress.ts';
import { parseIp } from '#net/ip.ts';
import { banIdentities } from './ban.ts';
import { type Arrival, firstAddress, type Headers, readHeaders } from './headers.ts';
import { keyedIdentities } from './keyed-identity.ts';
import type { Identity } from './trace.ts';
import { missing } from './way.ts';

export interface IdentityInput {
  readonly ingress: Fact<'ingress'>;
  readonly listener: Listener;
  readonly middlewares: readonly Fact<'middleware'>[];
  readonly arrival: Arrival;
}

/** The belief of the socket alone, for endpoints that are no ingress. */
export function socketIdentity(arrival: Arrival): Identity {
  const { seenAs, peerIs, peerSays, because } = arrival;
  if (seenAs === undefined) {
    const gap = missing('identity/peer', 'podNetwork', 'the address that the socket sees is not known');
    return {
      consumer: 'socket',
      is: 'unknown',
      says: `The address that the socket sees is not known: ${peerSays}.`,
      because,
      gap,
    };
  }
  const says =
    peerIs === 'client'
      ? `The socket sees the client itself, ${seenAs}: ${peerSays}.`
      : `The socket sees ${seenAs}: ${peerSays}.`;
  return { consumer: 'socket', client: seenAs, is: peerIs, says, because };
}

/** Every consumer's belief at the ingress, in a fixed order. */
export function identitiesOf(reader: Reader, input: IdentityInput): readonly Identity[] {
  const { ingress, listener, arrival } = input;
  const socket = socketIdentity(arrival);
  if (ingress.value.program !== 'traefik') return [socket, foreign(ingress)];
  const headers = readHeaders(listener, arrival);
  return [
    socket,
    ...proxyIdentity(listener, arrival, headers, ingress.evidence),
    forwardedFor(listener, arrival, headers, ingress.evidence),
    realIp(headers, ingress.evidence),
    cfConnectingIp(arrival, headers, ingress.evidence),
    ...accessLog(ingress, headers),
    ...banIdentities(reader, ingress.value, headers),
    ...input.middlewares.flatMap((m) => keyedIdentities(reader, m, headers)),
  ];
}

function foreign(ingress: Fact<'ingress'>): Identity {
  const { program, cluster, namespace, name } = ingress.value;
  const what = `what ${program} makes of forwarding headers is not modelled`;
  const gap = missing(
    `ingress/${cluster}/${namespace}/${name}/headers`,
    'ingress',
    what,
    `cluster/${cluster}`,
  );
  return {
    consumer: 'x-forwarded-for',
    who: program,
    is: 'unknown',
    says: `${what}.`,
    because: [ingress.evidence],
    gap,
  };
}

function proxyIdentity(
  listener: Listener,
  arrival: Arrival,
  headers: Headers,
  evidence: Evidence,
): readonly Identity[] {
  const base = { consumer: 'proxy-protocol' as const, because: [evidence] };
  switch (headers.proxyRead) {
    case 'not-sent':
      return listener.proxyProtocol
        ? [
            {
              ...base,
              is: 'none',
              says: `Entry point ${listener.name} reads PROXY headers; none is sent on this way.`,
            },
          ]
        : [];
    case 'read':
      return [
        {
          ...base,
          ...(headers.remote && { client: headers.remote }),
          is: headers.remoteIs,
          says: 'The PROXY header of a trusted peer tells whom it speaks for.',
        },
      ];
    case 'not-on-udp':
      return [{ ...base, is: 'none', says: 'PROXY headers are read on TCP only, so HTTP/3 shows the peer.' }];
    case 'not-trusted':
      return [
        {
          ...base,
          is: 'none',
          says: `The PROXY header is dropped: ${arrival.seenAs ?? 'the peer'} is not trusted by ${listener.name}.`,
        },
      ];
    case 'not-configured':
      return [
        {
          ...base,
          is: 'none',
          says: `A PROXY header is sent, but ${listener.name} does not read them: the request is broken.`,
        },
      ];
    default:
      return headers.proxyRead satisfies never;
  }
}

function notKnown(consumer: Identity['consumer'], evidence: Evidence): Identity {
  const gap = missing('identity/peer', 'podNetwork', 'the address that the ingress sees is not known');
  return {
    consumer,
    is: 'unknown',
    says: 'The peer is not known, so whether its headers are believed is not either.',
    because: [evidence],
    gap,
  };
}

function forwardedFor(listener: Listener, arrival: Arrival, headers: Headers, evidence: Evidence): Identity {
  const consumer = 'x-forwarded-for' as const;
  const because = [evidence];
  if (headers.remote === undefined) return notKnown(consumer, evidence);
  if (headers.forwardedFor === '') {
    const says = peerAloneSays(listener, arrival, headers);
    return { consumer, client: headers.remote, is: headers.remoteIs, says, because };
  }
  const first = firstAddress(headers.forwardedFor);
  const says = `${listener.name} trusts ${headers.remote} and keeps "${headers.forwardedFor}"; applications commonly take the first entry.`;
  return first
    ? { consumer, client: first, is: headers.isOf(first), says, because }
    : { consumer, is: 'unknown', says, because };
}

function peerAloneSays(listener: Listener, arrival: Arrival, { isTrusted, remote }: Headers): string {
  if (isTrusted)
    return `${listener.name} trusts ${remote}: the list holds that peer, and any list that a client sends itself would be believed.`;
  const dropped = arrival.sent['x-forwarded-for'] ? 'The list that it came with is deleted: ' : '';
  return `${dropped}${listener.name} does not trust ${remote}, so the list holds that peer alone.`;
}

function realIp(headers: Headers, evidence: Evidence): Identity {
  if (headers.remote === undefined) return notKnown('x-real-ip', evidence);
  const client = parseIp(headers.realIp.trim());
  const says =
    headers.isTrusted && client !== headers.remote
      ? 'Kept as sent, because the peer is trusted.'
      : 'Set to the peer.';
  return {
    consumer: 'x-real-ip',
    ...(client && { client }),
    is: client ? headers.isOf(client) : 'unknown',
    says,
    because: [evidence],
  };
}

function cfConnectingIp(arrival: Arrival, headers: Headers, evidence: Evidence): Identity {
  const client = parseIp(headers.cfConnectingIp.trim());
  const base = { consumer: 'cf-connecting-ip' as const, because: [evidence] };
  if (!client)
    return {
      ...base,
      is: 'none',
      says: 'Not sent on this way. The ingress would pass on whatever a client sends.',
    };
  const isForged = arrival.forged['cf-connecting-ip'] !== undefined;
  const says = isForged
    ? 'The client wrote it itself, and the ingress passes it on untouched.'
    : 'The edge sets it to the client.';
  return { ...base, client, is: isForged ? 'forged' : headers.isOf(client), says };
}

function accessLog(ingress: Fact<'ingress'>, headers: Headers): readonly Identity[] {
  const log = ingress.value.accessLog;
  const because = [ingress.evidence];
  if (!log) return [{ consumer: 'access-log', is: 'none', says: 'No access log is written.', because }];
  if (headers.remote === undefined) return [notKnown('access-log', ingress.evidence)];
  const host = firstAddress(headers.logged);
  const clientHost: Identity = {
    consumer: 'access-log',
    who: 'ClientHost',
    ...(host && { client: host }),
    is: host ? headers.isOf(host) : 'unknown',
    says: headers.forwardedFor
      ? `ClientHost is the forwarded list "${headers.forwardedFor}".`
      : 'ClientHost is the peer: no forwarded list is kept.',
    because,
  };
  if (log.format !== 'json') return [clientHost];
  const says = 'ClientAddr is the peer, after a PROXY header that is read.';
  return [
    {
      consumer: 'access-log',
      who: 'ClientAddr',
      client: headers.remote,
      is: headers.remoteIs,
      says,
      because,
    },
    clientHost,
  ];
}
