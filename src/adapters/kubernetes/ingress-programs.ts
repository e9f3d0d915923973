/* Which ingress programs run in a cluster, from the images and arguments of their workloads. */
import { type Fact, fact } from '#estate/fact.ts';
import type { Ingress, Listener } from '#estate/ingress.ts';
import type { Container, Labels } from '#estate/kubernetes.ts';
import { parsePrefix } from '#net/prefix.ts';
import type { Cluster } from './cluster.ts';
import { type Image, parseImage } from './image.ts';
import type { KubeObject } from './object.ts';
import { given, mapAt, mapsAt, type Raw, textAt, textMapAt } from './raw.ts';
import { listed } from './routes.ts';
import {
  readStatic,
  type StaticSettings,
  settingsFromContainer,
  settingsFromFile,
} from './traefik-static.ts';
import { containersOf, podTemplateOf } from './workloads.ts';
import { parseYaml } from './yaml.ts';

type Program = Ingress['program'];

/** An `ingress` fact for each workload that is one; what cannot be read of it is a gap. */
export async function ingressPrograms(cluster: Cluster): Promise<void> {
  for (const o of cluster.workloads) {
    for (const c of containersOf(podTemplateOf(o))) {
      const image = parseImage(c.image);
      const program = programOf(image, c);
      if (program === undefined) continue;
      cluster.facts.push(await ingressOf(cluster, o, c, program, image));
      break;
    }
  }
}

function programOf(image: Image, c: Container): Program | undefined {
  if (/^(mirrored-library-)?traefik(ee)?$/.test(image.name)) return 'traefik';
  if (/ingress-nginx\/controller|nginx-ingress-controller$/.test(image.path)) return 'ingress-nginx';
  if (/^(caddytlshttps\/)?ingress$/.test(image.path) && /caddy/.test(image.path)) return 'caddy';
  if (/haproxytech\/kubernetes-ingress|jcmoraisjr\/haproxy-ingress/.test(image.path)) return 'haproxy';
  if (/^(envoy|proxyv2|gateway-dev|contour)$/.test(image.name) && c.ports.length > 0) return 'envoy';
  if (/^(nginx-ingress|kong|kubernetes-ingress-controller)$/.test(image.name)) return 'unknown';
  return undefined;
}

async function ingressOf(
  cluster: Cluster,
  o: KubeObject,
  c: Container,
  program: Program,
  image: Image,
): Promise<Fact<'ingress'>> {
  const version = image.version ?? o.labels['app.kubernetes.io/version'];
  const read = await configurationOf(cluster, o, c, program, version);
  const value: Ingress = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    program,
    ...given('version', version),
    ...given('chart', o.labels['helm.sh/chart']),
    podLabels: podLabelsOf(o),
    ...read.value,
  };
  for (const [i, what] of read.problems.entries()) {
    cluster.gaps.push({
      id: `ingress-configuration:${o.cluster}/${o.namespace}/${o.name}${i === 0 ? '' : `#${i + 1}`}`,
      system: `cluster/${o.cluster}`,
      kinds: ['ingress'],
      what: `${o.evidence.object}: ${what}`,
      expected:
        'a configuration that Sightline reads: Traefik by arguments, variables or file, or ingress-nginx',
      evidence: o.evidence,
    });
  }
  return fact('ingress', value, o.evidence, o.owner);
}

type Read = {
  readonly value: Pick<Ingress, 'listeners' | 'publishedService' | 'accessLog' | 'ingressClass'>;
  readonly problems: readonly string[];
};

async function configurationOf(
  cluster: Cluster,
  o: KubeObject,
  c: Container,
  program: Program,
  version: string | undefined,
): Promise<Read> {
  if (program === 'traefik') {
    const file = await traefikFile(cluster, o, c);
    if (file === 'missing')
      return portsOnly(c, 'its configuration lies in a file that is not in the snapshot');
    const { problems, ...value } = readStatic(file ?? settingsFromContainer(c), version);
    return { value, problems };
  }
  if (program === 'ingress-nginx') return nginx(cluster, o, c);
  return portsOnly(c, `the configuration of ${program === 'unknown' ? c.image : program} is not read`);
}

/** Listeners from the ports that the container declares: whom it trusts is not known. */
function portsOnly(c: Container, problem: string): Read {
  const listeners = c.ports.map(
    (p): Listener => ({
      name: p.name ?? `${p.containerPort}-${p.protocol}`,
      port: p.containerPort,
      protocol: p.protocol,
      tls: p.name?.includes('https') === true || p.containerPort % 1000 === 443,
      forwardedHeaders: { from: [], everyone: false },
      middlewares: [],
    }),
  );
  return { value: { listeners }, problems: [problem] };
}

/** Settings from a mounted ConfigMap; undefined: no file is named; `missing`: named and not there. */
async function traefikFile(
  cluster: Cluster,
  o: KubeObject,
  c: Container,
): Promise<StaticSettings | 'missing' | undefined> {
  const named = c.args.map((a) => /^--configfile=(.+)$/i.exec(a)?.[1]).find((f) => f !== undefined);
  for (const name of mountedConfigMaps(podTemplateOf(o))) {
    const map = cluster.configMaps.find((m) => m.value.namespace === o.namespace && m.value.name === name);
    const key = Object.keys(map?.value.data ?? {}).find(
      (k) => /^traefik\.ya?ml$/.test(k) || named?.endsWith(`/${k}`),
    );
    const text = key === undefined ? undefined : map?.value.data[key];
    if (text === undefined) continue;
    const parsed = await parseYaml(text);
    return parsed.ok ? settingsFromFile(parsed.value) : 'missing';
  }
  return named === undefined ? undefined : 'missing';
}

function mountedConfigMaps(podSpec: Raw): readonly string[] {
  return mapsAt(podSpec, 'volumes').flatMap((v) => {
    const name = textAt(mapAt(v, 'configMap'), 'name');
    return name === undefined ? [] : [name];
  });
}

/** ingress-nginx: two listeners, and the trust that its ConfigMap states (user-guide/nginx-configuration/configmap). */
function nginx(cluster: Cluster, o: KubeObject, c: Container): Read {
  const flag = (name: string) => c.args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
  const reference = flag('configmap')?.replace('$(POD_NAMESPACE)', o.namespace);
  const [namespace, name] = reference?.split('/') ?? [];
  const map = cluster.configMaps.find((m) => m.value.namespace === namespace && m.value.name === name);
  const ports = { http: Number(flag('http-port') ?? 80), https: Number(flag('https-port') ?? 443) };
  const listeners = (['http', 'https'] as const).map((n) =>
    nginxListener(n, ports[n], map?.value.data ?? {}),
  );
  const problem =
    reference !== undefined && map === undefined ? [`its ConfigMap ${reference} is not in the snapshot`] : [];
  return {
    value: {
      listeners,
      ...given('publishedService', flag('publish-service')?.replace('$(POD_NAMESPACE)', o.namespace)),
      ingressClass: flag('ingress-class') ?? 'nginx',
      accessLog: {
        format: map?.value.data['log-format-upstream'] === undefined ? 'clf' : 'unknown',
        keepsHeaders: true,
      },
    },
    problems: problem,
  };
}

function nginxListener(name: string, port: number, data: Labels): Listener {
  const texts = listed(data['proxy-real-ip-cidr'] ?? '0.0.0.0/0');
  const from = texts.flatMap((t) => parsePrefix(t) ?? []);
  const trust = { from, everyone: texts.includes('0.0.0.0/0') };
  const isTrusting = data['use-forwarded-headers'] === 'true' || data['enable-real-ip'] === 'true';
  return {
    name,
    port,
    protocol: 'tcp',
    tls: name === 'https',
    forwardedHeaders: isTrusting ? trust : { from: [], everyone: false },
    ...(data['use-proxy-protocol'] === 'true' && { proxyProtocol: trust }),
    middlewares: [],
  };
}

function podLabelsOf(o: KubeObject): Labels {
  return textMapAt(mapAt(mapAt(o.spec, 'template'), 'metadata'), 'labels') ?? {};
}
