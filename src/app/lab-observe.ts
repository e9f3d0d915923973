/*
 * Real flows in the lab: each flow of the model asked of the kernel, so that both answers can stand side by side. Nothing
 * of the model is used here; the name is resolved by the lab's own name servers.
 */
import type { Flow } from '#dataplane/flow.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { type StartPoint, sourceOf, startPointOf } from '#lab/estate/start-points.ts';
import type { IngressAnswer } from '#lab/hosts/ingress-types.ts';
import { edgeHeaders, originOf } from '#lab/systems/tunnel.ts';
import type { Attempt, AttemptProtocol, AttemptTarget } from '#lab/traffic/attempt.ts';
import { familyOf, parseIp } from '#net/ip.ts';

/** How a flow ended in the kernel. */
export type KernelVerdict =
  /** A whole answer came from an endpoint. */
  | 'delivered'
  /** The connection was refused, by a reset or an ICMP message. */
  | 'refused'
  | 'silent'
  | 'no-name'
  /** The lab cannot start such a flow. */
  | 'not-built';

/** One attempt of one flow. */
export interface Observation {
  readonly verdict: KernelVerdict;
  readonly cause?: string;
  readonly status?: number;
  /** `ns/name` of the pod that answered. */
  readonly pod?: string;
  /** The peer that the endpoint's socket saw. */
  readonly socket?: string;
  /** What a believed PROXY header said. */
  readonly proxy?: string;
  readonly xff?: string;
  readonly xRealIp?: string;
  readonly cfConnectingIp?: string;
  readonly altSvc?: string;
  readonly dialled?: string;
}

export interface ObserveOptions {
  readonly protocol: AttemptProtocol;
  readonly timeoutMs?: number;
  /** Instead of the flow's. */
  readonly port?: number;
}

/** Asks the kernel for one flow, once, from a fresh port. */
export async function observe(lab: EstateLab, flow: Flow, options: ObserveOptions): Promise<Observation> {
  const { reader } = lab.store;
  const start = startPointOf(reader, flow.from);
  if (!start || !lab.lab.topology.hosts.some((h) => h.name === start.host)) return { verdict: 'not-built' };
  const throughEdge = start.tunnel === undefined ? await edgeFor(lab, flow, start) : start;
  const target = throughEdge
    ? await edge(lab, flow, throughEdge, options)
    : direct(lab, flow, start, options);
  if ('verdict' in target) return target;
  const asker = await lab.lab.agent((throughEdge ?? start).host);
  return toObservation(await asker.ask('attempt', target));
}

/** The attempt of a client that resolves and dials for itself. */
function direct(
  lab: EstateLab,
  flow: Flow,
  start: StartPoint,
  options: ObserveOptions,
): AttemptTarget | Observation {
  const source = flow.source ?? sourceOf(start, flow.family);
  if (source === undefined) return { verdict: 'not-built', cause: `no IPv${flow.family} address` };
  const name = 'name' in flow.to ? flow.to.name : undefined;
  if (name !== undefined && start.resolver === undefined)
    return { verdict: 'not-built', cause: 'no resolver' };
  return {
    protocol: options.protocol,
    address: 'ip' in flow.to ? flow.to.ip : '',
    port: options.port ?? flow.port,
    serverName: flow.host ?? name ?? ('ip' in flow.to ? flow.to.ip : ''),
    ...(name !== undefined &&
      start.resolver !== undefined && {
        resolver: {
          address: start.resolver,
          recordType: flow.family === 4 ? ('A' as const) : ('AAAA' as const),
        },
      }),
    ...(flow.source !== undefined && { localAddress: source }),
    ...shared(lab, flow, options),
  };
}

/** The connector that answers for a client whose resolver gives the name an address of the tunnel's edge. */
async function edgeFor(lab: EstateLab, flow: Flow, start: StartPoint): Promise<StartPoint | undefined> {
  const { reader } = lab.store;
  const point = reader.all('vantagePoint').find((v) => v.value.kind === 'tunnel-edge')?.value;
  const isTaken = reader
    .all('recordSet')
    .some((r) => r.value.isProxied === true && 'name' in flow.to && r.value.name === flow.to.name);
  if (!point || !isTaken || !('name' in flow.to) || start.resolver === undefined) return undefined;
  const agent = await lab.lab.agent(start.host);
  const asked = await agent.ask('attempt', {
    protocol: 'dns',
    address: start.resolver,
    port: 53,
    serverName: flow.to.name,
    recordType: flow.family === 4 ? 'A' : 'AAAA',
    timeoutMs: 2000,
  });
  const isEdge = asked.resolved?.some((ip) => point.clients.some((c) => c === ip));
  return isEdge ? startPointOf(reader, point.id) : undefined;
}

/** The attempt of a connector on behalf of a client at the edge. */
async function edge(
  lab: EstateLab,
  flow: Flow,
  start: StartPoint,
  options: ObserveOptions,
): Promise<AttemptTarget | Observation> {
  const name = flow.host ?? ('name' in flow.to ? flow.to.name : '');
  const origin = originOf(lab.store.reader, start.tunnel ?? '', name, flow.path);
  if (origin.kind !== 'dial')
    return { verdict: 'refused', cause: origin.kind === 'status' ? `status ${origin.status}` : 'no rule' };
  const address = parseIp(origin.host) ?? (await clusterAddress(lab, start, origin.host));
  if (address === undefined) return { verdict: 'no-name', cause: origin.host };
  const clients = lab.store.reader.get('vantagePoint', flow.from)?.value.clients ?? [];
  const client = flow.source ?? clients.find((ip) => familyOf(ip) === flow.family) ?? '';
  return {
    protocol: origin.protocol,
    address,
    port: origin.port,
    serverName: origin.serverName,
    ...shared(lab, { ...flow, headers: { ...flow.headers, ...edgeHeaders(client) } }, options),
  };
}

/** A Service's cluster address, asked of the cluster's own name server from the connector's pod. */
async function clusterAddress(lab: EstateLab, start: StartPoint, name: string): Promise<string | undefined> {
  const dns = lab.store.reader
    .all('resolver')
    .find((r) => r.value.serves.some((s) => s.startsWith('cluster/')))?.value.address;
  if (dns === undefined) return undefined;
  const agent = await lab.lab.agent(start.host);
  const asked = await agent.ask('attempt', {
    protocol: 'dns',
    address: dns,
    port: 53,
    serverName: name,
    timeoutMs: 2000,
  });
  return asked.resolved?.[0];
}

function shared(lab: EstateLab, flow: Flow, options: ObserveOptions) {
  return {
    ca: lab.authority.cert,
    timeoutMs: options.timeoutMs ?? 2000,
    ...(flow.path !== undefined && { path: flow.path }),
    ...(flow.headers && { headers: flow.headers }),
  };
}

function toObservation(attempt: Attempt): Observation {
  const { answer, cause } = attempt;
  const web = answer && 'socketPeer' in answer ? (answer satisfies IngressAnswer) : undefined;
  return {
    verdict: verdictOf(attempt),
    ...(cause !== undefined && { cause }),
    ...(attempt.status !== undefined && { status: attempt.status }),
    ...(attempt.pod !== undefined && { pod: attempt.pod }),
    ...(answer && { socket: 'peer' in answer ? answer.peer : answer.socketPeer }),
    ...(web?.proxyPeer !== undefined && { proxy: web.proxyPeer }),
    ...(web && { xff: web.xff, xRealIp: web.xRealIp }),
    ...(web?.cfConnectingIp !== undefined && { cfConnectingIp: web.cfConnectingIp }),
    ...(attempt.altSvc !== undefined && { altSvc: attempt.altSvc }),
    ...(attempt.resolved?.[0] !== undefined && { dialled: attempt.resolved[0] }),
  };
}

/** A name server that says no has been reached. */
function isDnsCode(cause: string | undefined): boolean {
  return cause === 'NXDOMAIN' || cause === 'SERVFAIL' || cause === 'REFUSED' || cause === 'no address';
}

function verdictOf({ ok, cause }: Attempt): KernelVerdict {
  if (ok || isDnsCode(cause)) return 'delivered';
  if (cause?.startsWith('dns ')) return 'no-name';
  return cause === 'ECONNREFUSED' || cause === 'ECONNRESET' ? 'refused' : 'silent';
}
