/*
 * What answers at endpoints: an ingress in every ingress pod, an echo for every other port that a slice lists. Each pod
 * has servers of its own, so that it can stop, move and come back alone.
 */
import { SightlineError } from '#estate/error.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Ingress } from '#estate/ingress.ts';
import type { Pod } from '#estate/kubernetes.ts';
import type { Identity } from '../hosts/certificate.ts';
import type { EchoListener } from '../hosts/echo.ts';
import type { AccessLogLine, BanListPolling, IngressConfig, IngressRouter } from '../hosts/ingress-types.ts';
import type { Lab } from '../kernel/lab.ts';
import { entryPointsOf, ingressPods, routersOf } from './ingress-config.ts';
import { hostOfPod } from './node-hosts.ts';

interface Running {
  readonly host: string;
  readonly ids: readonly string[];
  /** The ingress among them. */
  readonly ingress?: { readonly id: string; readonly of: FactKey };
}

/** Ports of pods that something else in the lab answers: `ip port protocol`. */
export type TakenPorts = ReadonlySet<string>;

/** Where the bouncers of an ingress pod ask. */
export type BanListOf = (pod: Pod) => Promise<BanListPolling>;

export class EndpointServers {
  private readonly lab: Lab;
  private readonly identity: Identity;
  private readonly taken: TakenPorts;
  private readonly banListOf: BanListOf | undefined;
  private readonly running = new Map<string, Running>();
  /** What the pods of an ingress route by now. */
  private readonly routes = new Map<string, string>();

  constructor(lab: Lab, identity: Identity, taken: TakenPorts, banListOf?: BanListOf) {
    this.banListOf = banListOf;
    this.lab = lab;
    this.identity = identity;
    this.taken = taken;
  }

  /** Starts what every pod with an endpoint answers with. */
  async startAll(reader: Reader): Promise<void> {
    const pods = reader.all('pod').map((p) => p.value);
    await Promise.all(pods.map((pod) => this.start(reader, pod)));
  }

  /** Starts one pod's servers, on the node where the pod is now. */
  async start(reader: Reader, pod: Pod): Promise<void> {
    const ingress = ingressOf(reader, pod);
    const plain = ingress && ingressConfig(reader, ingress.value, pod, this.identity);
    const banList = plain && (await this.banListOf?.(pod));
    const config = plain && { ...plain, ...(banList && { banList }) };
    const listeners = echoListeners(reader, pod, this.taken, config);
    if ((!config && listeners.length === 0) || pod.node === undefined) return;
    const host = hostOfPod(reader, pod);
    const agent = await this.lab.agent(host);
    const started = await Promise.all([
      config && agent.ask('ingress.start', config),
      listeners.length > 0 ? agent.ask('echo.start', { listeners }) : undefined,
    ]);
    const ids = started.flatMap((one) => (one ? [one.id] : []));
    const [own] = started;
    if (own && config) this.routes.set(own.id, canonical(config.routers));
    this.running.set(keyOf(pod), {
      host,
      ids,
      ...(own && ingress && { ingress: { id: own.id, of: ingress.key } }),
    });
  }

  /** Gives every running ingress the routes as they are now. */
  async reroute(reader: Reader): Promise<void> {
    const wanted = new Map(reader.all('ingress').map((i) => [i.key, routersOf(reader, i.value)]));
    await Promise.all([...this.running.values()].map((one) => this.rerouteOne(one, wanted)));
  }

  private async rerouteOne(
    { host, ingress }: Running,
    wanted: ReadonlyMap<FactKey, readonly IngressRouter[]>,
  ): Promise<void> {
    const routers = ingress && wanted.get(ingress.of);
    if (!routers || this.routes.get(ingress.id) === canonical(routers)) return;
    this.routes.set(ingress.id, canonical(routers));
    await (await this.lab.agent(host)).ask('ingress.routes', { id: ingress.id, routers });
  }

  /** Stops one pod's servers; open connections last as long as the grace. */
  async stop(pod: Pod, graceMs = 0): Promise<void> {
    const found = this.running.get(keyOf(pod));
    if (!found) return;
    this.running.delete(keyOf(pod));
    const agent = await this.lab.agent(found.host);
    await Promise.all(found.ids.map((id) => agent.ask('server.stop', { id, graceMs })));
  }

  /** Access log lines of every ingress pod since the last call. */
  async log(): Promise<readonly AccessLogLine[]> {
    const all = [...this.running.values()].map(async ({ host, ingress }) => {
      if (ingress === undefined) return [];
      return (await this.lab.agent(host)).ask('ingress.log', { id: ingress.id });
    });
    return (await Promise.all(all)).flat();
  }
}

/** The ingress that a pod belongs to. */
export function ingressOf(reader: Reader, pod: Pod): Fact<'ingress'> | undefined {
  return reader
    .by('ingress', 'cluster', pod.cluster)
    .find((i) => ingressPods(reader, i.value).some((p) => keyOf(p) === keyOf(pod)));
}

function ingressConfig(reader: Reader, ingress: Ingress, pod: Pod, identity: Identity): IngressConfig {
  return {
    pods: [{ name: `${pod.namespace}/${pod.name}`, addresses: pod.ips }],
    identity,
    entryPoints: entryPointsOf(ingress),
    routers: routersOf(reader, ingress),
  };
}

/** Ports that slices list for the pod and that nothing else answers. */
function echoListeners(
  reader: Reader,
  pod: Pod,
  taken: TakenPorts,
  config: IngressConfig | undefined,
): readonly EchoListener[] {
  const name = `${pod.namespace}/${pod.name}`;
  const slices = reader.all('endpointSlice').filter((e) => e.value.cluster === pod.cluster);
  const listeners = new Map<string, EchoListener>();
  for (const { value: slice } of slices) {
    for (const endpoint of slice.endpoints.filter((e) => e.pod === name)) {
      for (const { port, protocol } of slice.ports) {
        if (port === undefined || protocol === 'sctp' || answersAlready(config, port, protocol)) continue;
        for (const address of endpoint.addresses) {
          const key = `${address} ${port} ${protocol}`;
          if (!taken.has(key)) listeners.set(key, { protocol, address, port, pod: name });
        }
      }
    }
  }
  return [...listeners.values()];
}

function answersAlready(config: IngressConfig | undefined, port: number, protocol: 'tcp' | 'udp'): boolean {
  return config?.entryPoints.some((e) => e.port === port && (protocol === 'tcp' || e.http3)) ?? false;
}

function keyOf(pod: Pod): string {
  return `${pod.cluster}/${pod.namespace}/${pod.name}`;
}

/** Names that the lab's certificate must hold; names below one parent share a wildcard, which keeps handshakes short. */
export function certificateNames(reader: Reader): readonly string[] {
  const hosts = reader.all('route').flatMap((r) => r.value.match.hosts);
  const valid = hosts
    .map((h) => h.replace(/\.$/, '').toLowerCase())
    .filter((h) => /^[a-z0-9*.-]+$/.test(h) && h !== '*');
  const names = new Set(valid.map(wildcardOf));
  if (names.size > 2000)
    throw new SightlineError('lab-certificate', `${names.size} names are too many for one certificate`);
  return names.size === 0 ? ['lab.invalid'] : [...names];
}

/** `*.example.org` for `app.example.org`; a name directly below a top-level domain stays itself. */
function wildcardOf(name: string): string {
  const parent = name.slice(name.indexOf('.') + 1);
  return parent.includes('.') ? `*.${parent}` : name;
}
