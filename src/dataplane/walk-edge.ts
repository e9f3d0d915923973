/*
 * A proxied name: the edge ends the client's connection (so HTTP/3 towards the client is the edge's own), and the
 * flow goes on from a connector inside, or from the edge to the origin's public address. The edge adds
 * CF-Connecting-IP and appends the client to X-Forwarded-For (Cloudflare documentation, HTTP headers).
 */
import type { Evidence, Gap } from '#estate/evidence.ts';
import { familyOf, type Ip, ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { joined, type Stages, traceOf } from './assemble.ts';
import type { Flow } from './flow.ts';
import type { IngressRequest } from './ingress.ts';
import type { Hop, Step, Trace } from './trace.ts';
import { chooseRule, chooseTunnel, connectorPods, type Origin, type TunnelChoice } from './tunnel.ts';
import { sourceAt, vantageOf } from './vantage.ts';
import { missing } from './way.ts';

export interface EdgeInput {
  readonly hops: readonly Hop[];
  readonly host: DnsName;
  /** Tunnel of the vantage point, where the flow starts at an edge. */
  readonly tunnel?: string | undefined;
  readonly edge?: EdgeRecord;
}

/** Record that the edge answered for. */
interface EdgeRecord {
  readonly value: string;
  readonly evidence: Evidence;
}

type Chosen = Extract<TunnelChoice, { kind: 'rule' }>;

/** Addresses from which the edge dials an origin that no tunnel leads to (published ranges, first of each family). */
const edgeAddress = { 4: ip('173.245.48.1'), 6: ip('2400:cb00::1') };

/** Every way of a flow that an edge takes. */
export function walkEdge(stages: Stages, flow: Flow, input: EdgeInput): readonly Trace[] {
  if (flow.port !== 443 && flow.port !== 80)
    return [
      ends(flow, input.hops, 'no-listener', `The edge serves HTTP only, not ${flow.port}/${flow.protocol}.`),
    ];
  const dialled = input.edge && dialledByEdge(stages, flow, input, input.edge);
  if (dialled) return dialled;
  const path = flow.path ?? '/';
  const choice = input.tunnel
    ? chooseRule(stages.reader, input.tunnel.replace(/^tunnel\//, ''), input.host, path)
    : chooseTunnel(stages.reader, input.host, path);
  if (choice.kind === 'gap') return [unknown(flow, input.hops, choice.gap)];
  if (choice.kind === 'rule') return throughRule(stages, flow, input, choice);
  const what = `no tunnel in the snapshot takes ${input.host}`;
  return [unknown(flow, input.hops, missing(`tunnel/${input.host}`, 'tunnel', what))];
}

/** What the edge dials itself, an address or a name; undefined: a tunnel leads on. */
function dialledByEdge(
  stages: Stages,
  flow: Flow,
  input: EdgeInput,
  edge: EdgeRecord,
): readonly Trace[] | undefined {
  const origin = parseIp(edge.value);
  if (origin) return fromEdge(stages, flow, input, edge, origin);
  const behind = parseName(edge.value);
  return behind && !behind.endsWith('.cfargotunnel.com')
    ? fromEdgeName(stages, flow, input, edge, behind)
    : undefined;
}

function throughRule(stages: Stages, flow: Flow, input: EdgeInput, choice: Chosen): readonly Trace[] {
  const { rule, name, origin } = choice;
  const says = `Tunnel ${name}, rule ${rule.value.position} (${rule.value.hostname ?? 'any host'}), leads to ${rule.value.service}.`;
  const hops = joined(input.hops, [{ host: `tunnel/${name}`, steps: [tunnelStep(says, [rule.evidence])] }]);
  if (origin.kind === 'status')
    return [ends(flow, hops, 'rejected', `The connector answers ${origin.code} itself.`)];
  if (origin.kind === 'other')
    return [
      unknown(
        flow,
        hops,
        missing(
          `tunnel/${name}/origin/${origin.text}`,
          'tunnelRule',
          `what the origin ${origin.text} leads to is not modelled`,
        ),
      ),
    ];
  const pods = connectorPods(stages.reader, choice.tunnel, name);
  if (!isList(pods)) return [unknown(flow, hops, pods)];
  return pods.flatMap((pod) => fromConnector(stages, flow, input, { choice, origin, pod, hops }));
}

function isList(pods: readonly string[] | Gap): pods is readonly string[] {
  return Array.isArray(pods);
}

interface Connector {
  readonly choice: Chosen;
  readonly origin: Extract<Origin, { kind: 'address' }>;
  readonly pod: string;
  readonly hops: readonly Hop[];
}

function fromConnector(stages: Stages, flow: Flow, input: EdgeInput, c: Connector): readonly Trace[] {
  const peer = {
    is: 'tunnel' as const,
    says: `the connector of tunnel ${c.choice.name} dials for the client`,
  };
  const host = parseName(c.choice.rule.value.httpHostHeader ?? '') || input.host;
  const request = edgeRequest(stages, flow, host, peer);
  if ('ip' in c.origin.host) return dial(stages, flow, c, c.origin.host.ip, request, c.hops);
  const name = searched(stages, c.pod, c.origin.host.name);
  const all = stages.resolve(c.pod, name, 4);
  const answers = all.some((r) => r.disposition === 'found') ? all : stages.resolve(c.pod, name, 6);
  return answers.flatMap((r) => {
    const hops = joined(c.hops, [{ host: c.pod, steps: r.steps }]);
    if (r.ip) return dial(stages, flow, c, r.ip, request, hops);
    const disposition = r.disposition === 'found' ? 'unknown' : r.disposition;
    const gaps =
      disposition === 'unknown' && r.gaps.length === 0
        ? [missing(`tunnel/${c.choice.name}/origin`, 'tunnelRule', `the origin ${name} is proxied itself`)]
        : r.gaps;
    return [{ flow, hops, disposition, identities: [], gaps }];
  });
}

/** Pods complete short names by their search list: `traefik.traefik` is a Service where there is one. */
function searched(stages: Stages, pod: string, name: DnsName): DnsName {
  const [, cluster, namespace] = pod.split('/');
  const [service, ns, ...rest] = name.split('.');
  const isSvc = rest.length === 0 || (rest.length === 1 && rest[0] === 'svc');
  if (!isSvc) return name;
  const found = stages.reader.get('service', `${cluster}/${ns ?? namespace}/${service}`);
  return found ? (`${service}.${ns ?? namespace}.svc.cluster.local` as DnsName) : name;
}

function dial(
  stages: Stages,
  flow: Flow,
  c: Connector,
  to: Ip,
  request: IngressRequest,
  hops: readonly Hop[],
): readonly Trace[] {
  const paths = stages.path({
    vantage: c.pod,
    family: familyOf(to),
    ip: to,
    port: c.origin.port,
    protocol: 'tcp',
  });
  return paths.map((path) => withoutQuic(traceOf(stages, flow, path, request, hops)));
}

function fromEdgeName(
  stages: Stages,
  flow: Flow,
  input: EdgeInput,
  edge: EdgeRecord,
  behind: DnsName,
): readonly Trace[] {
  return stages.resolve(flow.from, behind, flow.family).flatMap((r) => {
    const hops = joined(input.hops, [{ host: 'edge/cloudflare', steps: r.steps }]);
    if (r.ip) return fromEdge(stages, flow, { ...input, hops }, edge, r.ip);
    return r.disposition === 'found'
      ? [ends(flow, hops, 'loop', 'The name behind the edge is proxied again.')]
      : [{ flow, hops, disposition: r.disposition, identities: [], gaps: r.gaps }];
  });
}

/** No tunnel: the edge itself dials the origin's public address. */
function fromEdge(
  stages: Stages,
  flow: Flow,
  input: EdgeInput,
  edge: EdgeRecord,
  origin: Ip,
): readonly Trace[] {
  const internet = stages.reader.all('vantagePoint').find((v) => v.value.kind === 'internet')?.value.id;
  const says = `The edge dials the origin ${origin} from an address of its own.`;
  const step = tunnelStep(says, [edge.evidence]);
  const hops = joined(input.hops, [{ host: 'edge/cloudflare', steps: [step] }]);
  if (!internet)
    return [
      unknown(
        flow,
        hops,
        missing('vantage/internet', 'vantagePoint', 'no vantage point of kind internet is told'),
      ),
    ];
  const family = familyOf(origin);
  const request = edgeRequest(stages, flow, input.host, {
    is: 'tunnel',
    says: 'the edge dials for the client',
  });
  const paths = stages.path({
    vantage: internet,
    source: edgeAddress[family],
    family,
    ip: origin,
    port: flow.port,
    protocol: 'tcp',
  });
  return paths.map((path) => withoutQuic(traceOf(stages, flow, path, request, hops)));
}

/** Headers as the edge hands them on: the client's own list is kept in front, the client is appended. */
function edgeRequest(
  stages: Stages,
  flow: Flow,
  host: DnsName,
  peer: IngressRequest['peer'],
): IngressRequest {
  const vantage = vantageOf(stages.reader, flow.from);
  const client =
    flow.source ??
    (vantage &&
      (sourceAt(stages.reader, vantage, flow.family) ??
        sourceAt(stages.reader, vantage, flow.family === 4 ? 6 : 4)));
  const { 'cf-connecting-ip': _, ...kept } = flow.headers ?? {};
  const list = kept['x-forwarded-for'];
  const told = client
    ? { 'x-forwarded-for': list ? `${list}, ${client}` : client, 'cf-connecting-ip': client }
    : {};
  return {
    host,
    path: flow.path ?? '/',
    headers: { ...kept, ...told },
    forged: kept,
    protocol: 'tcp',
    client,
    peer,
  };
}

/** HTTP/3 towards the client is the edge's; what stands behind it is another connection. */
function withoutQuic(trace: Trace): Trace {
  const { quic: _, ...rest } = trace;
  return rest;
}

function tunnelStep(says: string, because: readonly Evidence[]): Step {
  return { stage: 'tunnel', says, because };
}

function ends(flow: Flow, hops: readonly Hop[], disposition: Trace['disposition'], says: string): Trace {
  return {
    flow,
    hops: joined(hops, [{ host: 'edge/cloudflare', steps: [tunnelStep(says, [])] }]),
    disposition,
    identities: [],
    gaps: [],
  };
}

function unknown(flow: Flow, hops: readonly Hop[], gap: Gap): Trace {
  const step = tunnelStep(`Not known: ${gap.what}`, gap.evidence ? [gap.evidence] : []);
  return {
    flow,
    hops: joined(hops, [{ host: 'edge/cloudflare', steps: [step] }]),
    disposition: 'unknown',
    identities: [],
    gaps: [gap],
  };
}
