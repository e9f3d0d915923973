/*
 * How Services become rules: kube-proxy or Cilium, from ConfigMaps, DaemonSets and the arguments of k3s nodes. What is
 * concluded from the absence of something needs that kind to be complete.
 */
import { fact } from '#estate/fact.ts';
import type { ServiceProxy } from '#estate/kubernetes.ts';
import { type Prefix, parsePrefix } from '#net/prefix.ts';
import { type Cluster, clusterGap, configMapNamed } from './cluster.ts';
import { imageOf, parseImage } from './image.ts';
import type { KubeObject } from './object.ts';
import { flagAt, given, isMap, mapAt, type Raw, textAt, textsAt } from './raw.ts';
import { listed } from './routes.ts';
import { containersOf, podTemplateOf } from './workloads.ts';
import { parseYaml } from './yaml.ts';

interface Found {
  readonly value: ServiceProxy;
  readonly evidence: KubeObject['evidence'];
}

/** Adds `serviceProxy`, or the gap that there is none to be seen. */
export async function serviceProxy(cluster: Cluster): Promise<void> {
  const found = ciliumProxy(cluster) ?? (await kubeProxy(cluster)) ?? k3sProxy(cluster);
  if (found !== undefined) cluster.facts.push(fact('serviceProxy', found.value, found.evidence));
  else
    cluster.gaps.push(
      clusterGap(
        cluster,
        'service-proxy',
        ['serviceProxy'],
        `nothing in cluster ${cluster.name} says how Services become rules on its nodes`,
        "kube-proxy's DaemonSet and ConfigMap, Cilium's ConfigMap, or k3s nodes with their arguments",
      ),
    );
}

function ciliumProxy(cluster: Cluster): Found | undefined {
  const config = configMapNamed(cluster, 'cilium-config');
  const replacement = config?.value.data['kube-proxy-replacement'];
  if (config === undefined || (replacement !== 'true' && replacement !== 'strict')) return undefined;
  const image = imageOf(cluster.workloads, /(^|\/)cilium$/);
  return {
    evidence: { ...config.evidence, field: 'data.kube-proxy-replacement', value: replacement },
    value: {
      ...proxyDefaults(cluster),
      program: 'cilium',
      mode: 'unknown',
      ...given('version', image?.version),
    },
  };
}

function proxyDefaults(cluster: Cluster): ServiceProxy {
  const { podCidrs, serviceCidrs } = cidrsOf(cluster);
  return {
    cluster: cluster.name,
    program: 'unknown',
    mode: 'unknown',
    clusterCidrs: podCidrs,
    serviceCidrs,
    masqueradeAll: false,
    strictArp: false,
  };
}

async function kubeProxy(cluster: Cluster): Promise<Found | undefined> {
  const daemon = cluster.workloads.find((o) => o.kind === 'DaemonSet' && /^kube-proxy/.test(o.name));
  const pod = cluster.pods.find((p) =>
    p.value.containers.some((c) => parseImage(c.image).name === 'kube-proxy'),
  );
  const config = configMapNamed(cluster, 'kube-proxy', 'kube-system');
  const evidence = config?.evidence ?? daemon?.evidence ?? pod?.evidence;
  const containers = daemon ? containersOf(podTemplateOf(daemon)) : (pod?.value.containers ?? []);
  const container = containers.find((c) => parseImage(c.image).name === 'kube-proxy');
  if (evidence === undefined || container === undefined) return undefined;
  const text = config?.value.data['config.conf'];
  const parsed = text === undefined ? undefined : await parseYaml(text);
  const settings = parsed?.ok === true && isMap(parsed.value) ? parsed.value : undefined;
  const value = kubeProxyValue(cluster, container.args, settings, parseImage(container.image).version);
  return { evidence: { ...evidence, ...(settings && { field: 'data.config.conf' }) }, value };
}

/** Without its configuration file the arguments must name the mode; kube-proxy's own default is iptables. */
function kubeProxyValue(
  cluster: Cluster,
  args: readonly string[],
  settings: Raw | undefined,
  version: string | undefined,
): ServiceProxy {
  const flag = (name: string) => args.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3);
  const readsFile = args.some((a) => a.startsWith('--config'));
  const s = settings ?? {};
  const stated = flag('proxy-mode') ?? textAt(s, 'mode');
  const cidrs = [...listed(textAt(s, 'clusterCIDR') ?? flag('cluster-cidr'))].flatMap(
    (t) => parsePrefix(t) ?? [],
  );
  const defaults = proxyDefaults(cluster);
  const addresses = textsAt(s, 'nodePortAddresses');
  return {
    ...defaults,
    program: 'kube-proxy',
    mode: settings === undefined && readsFile ? 'unknown' : modeOf(stated),
    ...given('version', version),
    clusterCidrs: cidrs.length > 0 ? cidrs : defaults.clusterCidrs,
    ...given('detectLocalMode', textAt(s, 'detectLocalMode') || flag('detect-local-mode')),
    masqueradeAll:
      flagAt(mapAt(s, 'iptables'), 'masqueradeAll') ?? flagAt(mapAt(s, 'nftables'), 'masqueradeAll') ?? false,
    strictArp: flagAt(mapAt(s, 'ipvs'), 'strictARP') ?? false,
    ...(addresses.length > 0 && { nodePortAddresses: addresses }),
  };
}

function modeOf(text: string | undefined): ServiceProxy['mode'] {
  if (text === undefined || text === '' || text === 'iptables') return 'iptables';
  return text === 'nftables' || text === 'ipvs' ? text : 'unknown';
}

/** k3s runs kube-proxy inside itself; the arguments stand in an annotation of each node. */
function k3sProxy(cluster: Cluster): Found | undefined {
  const node = cluster.nodes.find((n) => /\+k3s|\+rke2/.test(n.value.kubeletVersion ?? ''));
  const args = k3sArgs(cluster);
  if (node === undefined || args === undefined || !cluster.has('ConfigMap')) return undefined;
  if (args.some((a) => a.startsWith('--disable-kube-proxy'))) return undefined;
  const proxyArgs = args.filter(
    (a, i) => args[i - 1] === '--kube-proxy-arg' || a.startsWith('--kube-proxy-arg='),
  );
  const mode = proxyArgs.map((a) => /proxy-mode=(\w+)/.exec(a)?.[1]).find((m) => m !== undefined);
  const version = node.value.kubeletVersion?.replace(/^v/, '');
  return {
    evidence: { ...node.evidence, field: 'metadata.annotations.k3s.io/node-args' },
    value: {
      ...proxyDefaults(cluster),
      program: 'kube-proxy',
      mode: modeOf(mode),
      ...given('version', version),
    },
  };
}

/** Arguments of the k3s servers, and of the agents where no server states any; undefined: none states any. */
export function k3sArgs(cluster: Cluster): readonly string[] | undefined {
  const lists = cluster.nodes.flatMap((n) => {
    const text = n.value.annotations['k3s.io/node-args'] ?? n.value.annotations['rke2.io/node-args'];
    return text === undefined ? [] : [argsFromJson(text)];
  });
  return lists.find((a) => a[0] === 'server') ?? lists[0];
}

function argsFromJson(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}

function cidrsOf(cluster: Cluster): { podCidrs: readonly Prefix[]; serviceCidrs: readonly Prefix[] } {
  const kubeadm = configMapNamed(cluster, 'kubeadm-config')?.value.data.ClusterConfiguration ?? '';
  const stated = (field: string) => new RegExp(`^\\s*${field}:\\s*["']?([^"'\\s#]+)`, 'm').exec(kubeadm)?.[1];
  const apiServer = cluster.pods.find((p) => p.value.labels.component === 'kube-apiserver');
  const flag = apiServer?.value.containers
    .flatMap((c) => c.args)
    .find((a) => a.startsWith('--service-cluster-ip-range='));
  const k3s = k3sArgs(cluster);
  const isK3s = cluster.nodes.some((n) => /\+k3s/.test(n.value.kubeletVersion ?? ''));
  return {
    podCidrs: prefixesOf(
      stated('podSubnet') ?? argAfter(k3s, '--cluster-cidr') ?? (isK3s && k3s ? '10.42.0.0/16' : ''),
    ),
    serviceCidrs: prefixesOf(
      stated('serviceSubnet') ??
        flag?.split('=')[1] ??
        argAfter(k3s, '--service-cidr') ??
        (isK3s && k3s ? '10.43.0.0/16' : ''),
    ),
  };
}

function prefixesOf(text: string): readonly Prefix[] {
  return listed(text).flatMap((t) => parsePrefix(t) ?? []);
}

function argAfter(args: readonly string[] | undefined, name: string): string | undefined {
  const at = args?.findIndex((a) => a === name || a.startsWith(`${name}=`)) ?? -1;
  const arg = args?.[at];
  return arg === undefined ? undefined : arg.includes('=') ? arg.slice(name.length + 1) : args?.[at + 1];
}
