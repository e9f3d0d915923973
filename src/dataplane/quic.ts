/*
 * HTTP/3 along a path. quic-go advertises the port that the listener binds unless told another (Traefik v3.7:
 * server_entrypoint_tcp_http3.go); the handshake is an ordinary UDP flow, pinned by conntrack, so a policy alone never
 * breaks it; 1280-byte payloads need 1308 bytes on IPv4 and 1328 on IPv6.
 */
import type { Evidence } from '#estate/evidence.ts';
import type { Listener } from '#estate/ingress.ts';
import type { Family } from '#net/ip.ts';
import type { PathTrace } from './path.ts';
import type { Quic } from './trace.ts';
import type { Mtu } from './way.ts';

export interface QuicInput {
  readonly listener: Listener;
  readonly family: Family;
  readonly because: readonly Evidence[];
  /** UDP to the advertised port on the same address, and whether each way ends at an HTTP/3 listener; never empty. */
  readonly walkUdp: (port: number) => readonly { readonly path: PathTrace; readonly isHttp3: boolean }[];
}

/** Smallest path MTU in bytes over which quic-go's first packets pass. */
export function quicMtu(family: Family): number {
  return family === 4 ? 1308 : 1328;
}

/** The limit of the path that HTTP/3's first packets do not pass; undefined: they pass, or none is known. */
export function tooNarrow({ mtu, input }: PathTrace): Mtu | undefined {
  return mtu !== undefined && mtu.bytes < quicMtu(input.family) ? mtu : undefined;
}

/** What a client that came by TCP is offered, and whether it gets there. */
export function quicOf(input: QuicInput): Quic {
  const { listener, because } = input;
  if (!listener.http3) {
    const says = `${listener.name} does not offer HTTP/3.`;
    return { isOffered: false, completes: 'no', onRebinding: 'unknown', says, because };
  }
  const advertisedPort = listener.http3.advertisedPort ?? listener.port;
  const ways = input.walkUdp(advertisedPort);
  const completes = completion(ways);
  const says = [
    portSays(listener, advertisedPort),
    pathSays(ways, advertisedPort, completes),
    rebindingSays(ways),
  ].join(' ');
  const evidence = [...because, ...ways.flatMap((w) => w.path.mtu?.because ?? [])];
  return {
    advertisedPort,
    isOffered: true,
    completes,
    onRebinding: rebinding(ways),
    says,
    because: evidence,
  };
}

type Ways = ReturnType<QuicInput['walkUdp']>;

function completion(ways: Ways): Quic['completes'] {
  if (ways.some((w) => w.path.disposition === 'unknown')) return 'unknown';
  const isThrough = (w: Ways[number]) =>
    w.path.disposition === 'delivered' && w.isHttp3 && !tooNarrow(w.path);
  return ways.every(isThrough) ? 'yes' : 'no';
}

function rebinding(ways: Ways): Quic['onRebinding'] {
  const choices = ways.map((w) => w.path.choice?.endpoints.length);
  if (ways.some((w) => w.path.disposition !== 'delivered')) return 'unknown';
  if (choices.every((n) => n === undefined || n === 1)) return 'survives';
  return 'at-risk';
}

function portSays(listener: Listener, port: number): string {
  const how =
    listener.http3?.advertisedPort === undefined
      ? `, the port it binds, because no advertised port is set`
      : '';
  return `Alt-Svc of ${listener.name} tells port ${port}${how}.`;
}

function pathSays(ways: Ways, port: number, completes: Quic['completes']): string {
  if (completes === 'yes') return `UDP ${port} arrives at it on this address.`;
  const narrow = ways.filter((w) => w.path.disposition === 'delivered').map((w) => tooNarrow(w.path));
  const limit = narrow.find((mtu) => mtu !== undefined);
  if (limit) return `The path carries ${limit.bytes} bytes at ${limit.where}: less than HTTP/3 needs.`;
  const failing = ways.find((w) => w.path.disposition !== 'delivered') ?? ways.find((w) => !w.isHttp3);
  const last = failing?.path.hops.at(-1)?.steps.at(-1)?.says ?? '';
  const how =
    failing && failing.path.disposition === 'delivered'
      ? 'arrives, but not at an HTTP/3 listener'
      : `ends as ${failing?.path.disposition ?? 'unknown'}`;
  return `UDP ${port} ${how}. ${last}`.trim();
}

function rebindingSays(ways: Ways): string {
  const choice = ways.find((w) => (w.path.choice?.endpoints.length ?? 0) > 1)?.path.choice;
  if (!choice) return '';
  const keeps = choice.affinitySeconds
    ? `; session affinity keeps a client that changes only its port for ${choice.affinitySeconds} s`
    : '';
  return `A client whose address or port changes may reach another of ${choice.endpoints.length} endpoints${keeps}.`;
}
