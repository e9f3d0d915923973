/*
 * Whom each consumer at the ingress takes the client for (Traefik v3.7; other programs only as far as the socket),
 * and what it does with that: pass, refuse, share one bucket, ban.
 */
import type { Reader } from '#estate/estate.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Listener } from '#estate/ingress.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { contains, parseRange, rangeHas } from '#net/prefix.ts';
import { banIdentities } from './ban.ts';
import { type Arrival, firstAddress, type Headers, type isTrustedBy, readHeaders } from './headers.ts';
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
    ...input.middlewares.flatMap((m) => keyed(reader, m, headers)),
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
          ...(arrival.proxyClient && { client: arrival.proxyClient }),
          is: 'client',
          says: 'The PROXY header of a trusted peer tells the client.',
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
  if (!headers.isTrusted) {
    const dropped = arrival.sent['x-forwarded-for'] ? 'The list that it came with is deleted: ' : '';
    return {
      consumer,
      client: headers.remote,
      is: headers.remoteIs,
      says: `${dropped}${listener.name} does not trust ${headers.remote}, so the list holds that peer alone.`,
      because,
    };
  }
  if (headers.forwardedFor === '') {
    const says = `${listener.name} trusts ${headers.remote}: the list holds that peer, and any list that a client sends itself would be believed.`;
    return { consumer, client: headers.remote, is: headers.remoteIs, says, because };
  }
  const first = firstAddress(headers.forwardedFor);
  const says = `${listener.name} trusts ${headers.remote} and keeps "${headers.forwardedFor}"; applications commonly take the first entry.`;
  return first
    ? { consumer, client: first, is: headers.isOf(first), says, because }
    : { consumer, is: 'unknown', says, because };
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

/** Verdict of a middleware that looks at the client's address; others have none. */
function keyed(reader: Reader, m: Fact<'middleware'>, headers: Headers): readonly Identity[] {
  const { rule } = m.value;
  const who = `${m.value.namespace}/${m.value.name}`;
  switch (rule.kind) {
    case 'ip-allow-list':
      return [allowList(m, who, rule.ranges, rule.depth, headers)];
    case 'rate-limit':
    case 'in-flight':
      return [bucket(m, who, rule.depth, headers)];
    case 'ban-list':
      return [banPlugin(reader, m, who, headers)];
    case 'chain':
    case 'other':
      return [];
    default:
      return rule satisfies never;
  }
}

interface Key {
  readonly client?: Ip;
  readonly is: Identity['is'];
  readonly says: string;
  readonly gap?: Gap;
}

/** Traefik ip.Strategy: depth 0 is the peer, n the n-th entry of the list from the right. */
function keyOf(depth: number, headers: Headers): Key {
  if (headers.remote === undefined) {
    const gap = missing('identity/peer', 'podNetwork', 'the address that the ingress sees is not known');
    return { is: 'unknown', says: 'the peer is not known', gap };
  }
  if (depth === 0)
    return { client: headers.remote, is: headers.remoteIs, says: `the peer ${headers.remote}` };
  const list = headers.forwardedFor.split(',').map((p) => p.trim());
  const client = parseIp(list[list.length - depth] ?? '');
  if (!client)
    return { is: 'none', says: `entry ${depth} from the right of an X-Forwarded-For that has none` };
  return {
    client,
    is: headers.isOf(client),
    says: `entry ${depth} from the right of X-Forwarded-For, ${client}`,
  };
}

function allowList(
  m: Fact<'middleware'>,
  who: string,
  ranges: Parameters<typeof isTrustedBy>[0]['from'],
  depth: number,
  headers: Headers,
): Identity {
  const key = keyOf(depth, headers);
  const base = {
    consumer: 'allowlist' as const,
    who,
    ...(key.client && { client: key.client }),
    is: key.is,
    because: [m.evidence],
  };
  if (key.gap)
    return {
      ...base,
      verdict: 'unknown',
      says: `Not known whether ${who} passes it: ${key.says}.`,
      gap: key.gap,
    };
  const passes =
    key.client !== undefined && ranges.some((r) => key.client !== undefined && contains(r, key.client));
  const says = passes
    ? `${who} looks at ${key.says}, and its list holds it.`
    : `${who} looks at ${key.says}, and its list does not hold it.`;
  return { ...base, verdict: passes ? 'pass' : 'refuse', says };
}

function bucket(m: Fact<'middleware'>, who: string, depth: number, headers: Headers): Identity {
  const key = keyOf(depth, headers);
  const base = {
    consumer: 'rate-limit' as const,
    who,
    ...(key.client && { client: key.client }),
    is: key.is,
    because: [m.evidence],
  };
  if (key.gap)
    return { ...base, verdict: 'unknown', says: `Not known how ${who} counts: ${key.says}.`, gap: key.gap };
  const isOwn = key.is === 'client' || key.is === 'forged';
  const says = isOwn
    ? `${who} counts ${key.says}.`
    : `${who} counts ${key.says}: everybody who comes this way shares one bucket.`;
  return { ...base, verdict: isOwn ? 'per-client' : 'one-bucket', says };
}

function banPlugin(reader: Reader, m: Fact<'middleware'>, who: string, headers: Headers): Identity {
  const rule = m.value.rule.kind === 'ban-list' ? m.value.rule : undefined;
  const base = { consumer: 'ban-list' as const, who, because: [m.evidence] };
  if (headers.remote === undefined || !rule) {
    const gap = missing('identity/peer', 'podNetwork', 'the address that the ingress sees is not known');
    return { ...base, is: 'unknown', verdict: 'unknown', says: 'The peer is not known.', gap };
  }
  const { remote } = headers;
  const isTrusted = rule.trustedPeers.some((p) => contains(p, remote));
  const told = isTrusted ? toldClient(rule.header, headers) : undefined;
  const client = told ?? remote;
  const how = told
    ? `believes ${rule.header ?? 'X-Forwarded-For'} of the trusted peer ${remote}`
    : `looks at the peer, since ${remote} is ${isTrusted ? 'sending no such header' : 'no trusted peer'}`;
  if (rule.exemptClients?.some((p) => contains(p, client))) {
    const says = `${who} ${how}; clients of that range are never looked up, so nobody behind ${client} is refused.`;
    return { ...base, client, is: headers.isOf(client), verdict: 'pass', says };
  }
  const banned = bannedBy(reader, client);
  if (!banned.decision && banned.gap)
    return {
      ...base,
      client,
      is: headers.isOf(client),
      verdict: 'unknown',
      says: `${who} ${how}; ${banned.gap.what}`,
      gap: banned.gap,
    };
  const verdict = banned.decision ? 'refuse' : 'pass';
  const because = banned.decision ? [m.evidence, banned.decision.evidence] : [m.evidence];
  return {
    ...base,
    client,
    is: headers.isOf(client),
    verdict,
    because,
    says: `${who} ${how}: ${client} is ${banned.decision ? '' : 'not '}banned.`,
  };
}

/** The plugin takes the last entry of a list that is no trusted peer; for one entry that is the entry. */
function toldClient(header: string | undefined, headers: Headers): Ip | undefined {
  const name = (header ?? 'x-forwarded-for').toLowerCase();
  if (name === 'cf-connecting-ip') return parseIp(headers.cfConnectingIp.trim());
  if (name === 'x-real-ip') return parseIp(headers.realIp.trim());
  return parseIp((headers.forwardedFor.split(',').at(-1) ?? '').trim());
}

/** Decisions by value; the index is kept for as long as the list of decisions is the same object. */
const decisionIndexes = new WeakMap<
  readonly Fact<'banDecision'>[],
  { exact: Map<string, Fact<'banDecision'>>; ranges: readonly Fact<'banDecision'>[] }
>();

function bannedBy(
  reader: Reader,
  client: Ip,
): { readonly decision?: Fact<'banDecision'>; readonly gap?: Gap } {
  const all = reader.all('banDecision');
  const gap = reader.gap('banDecision');
  const index = decisionIndexes.get(all) ?? indexDecisions(all);
  const decision = index.exact.get(client) ?? index.ranges.find((d) => covers(d, client));
  return { ...(decision && { decision }), ...(gap && { gap }) };
}

function indexDecisions(all: readonly Fact<'banDecision'>[]) {
  const exact = new Map(
    all.filter((d) => d.value.scope.toLowerCase() === 'ip').map((d) => [d.value.value, d] as const),
  );
  const index = { exact, ranges: all.filter((d) => d.value.scope.toLowerCase() === 'range') };
  decisionIndexes.set(all, index);
  return index;
}

function covers(decision: Fact<'banDecision'>, client: Ip): boolean {
  const range = parseRange(decision.value.value);
  return range !== undefined && rangeHas(range, client);
}
