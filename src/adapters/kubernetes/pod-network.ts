/* How pods are connected (the CNI), because it decides which address a masqueraded packet shows. */
import { fact } from '#estate/fact.ts';
import type { PodNetwork } from '#estate/kubernetes.ts';
import { type Cluster, clusterGap, configMapNamed } from './cluster.ts';
import { imageOf, parseImage } from './image.ts';
import type { KubeObject } from './object.ts';
import { flagAt, given, mapAt, mapsAt, numberAt, type Raw, textAt } from './raw.ts';
import { containersOf, podTemplateOf } from './workloads.ts';

interface Found {
  readonly value: PodNetwork;
  readonly evidence: KubeObject['evidence'];
}

/** Adds `podNetwork`, or the gap that there is none to be seen. */
export function podNetwork(cluster: Cluster): void {
  const found = calico(cluster) ?? cilium(cluster) ?? flannel(cluster) ?? weave(cluster);
  if (found !== undefined) cluster.facts.push(fact('podNetwork', found.value, found.evidence));
  if (found === undefined || found.value.encapsulation === 'unknown')
    cluster.gaps.push(
      clusterGap(
        cluster,
        'pod-network',
        ['podNetwork'],
        found === undefined
          ? `nothing in cluster ${cluster.name} says which CNI connects its pods`
          : `how ${found.value.program} carries packets between the nodes of ${cluster.name} is not to be seen`,
        "the CNI's DaemonSet with its ConfigMap, and Calico's IPPool objects",
      ),
    );
}

function daemonSet(cluster: Cluster, path: RegExp): KubeObject | undefined {
  return cluster.workloads.find(
    (o) =>
      o.kind === 'DaemonSet' &&
      containersOf(podTemplateOf(o)).some((c) => path.test(parseImage(c.image).path)),
  );
}

function calico(cluster: Cluster): Found | undefined {
  const daemon = daemonSet(cluster, /(^|\/)(mirrored-)?(calico-)?calico[/-]node$|(^|\/)calico-node$/);
  const pools = cluster.others.get('IPPool')?.filter((p) => p.apiVersion.includes('projectcalico'));
  const evidence = pools?.[0]?.evidence ?? daemon?.evidence;
  if (evidence === undefined || (daemon === undefined && pools === undefined)) return undefined;
  const mtu = Number(configMapNamed(cluster, 'calico-config')?.value.data.veth_mtu) || undefined;
  const container =
    daemon && containersOf(podTemplateOf(daemon)).find((c) => /node$/.test(parseImage(c.image).path));
  const isWireguard = cluster.others
    .get('FelixConfiguration')
    ?.some((f) => flagAt(f.spec, 'wireguardEnabled') === true);
  return {
    evidence,
    value: {
      cluster: cluster.name,
      program: 'calico',
      encapsulation: isWireguard === true ? 'wireguard' : calicoEncapsulation(cluster, pools, container?.env),
      ...given('version', container && parseImage(container.image).version),
      ...given('mtu', mtu),
    },
  };
}

/** IPPools decide; without them the variables that made the first pool, then the operator's Installation. */
function calicoEncapsulation(
  cluster: Cluster,
  pools: readonly KubeObject[] | undefined,
  env: Readonly<Record<string, string>> | undefined,
): PodNetwork['encapsulation'] {
  const enabled = (pools ?? []).filter((p) => flagAt(p.spec, 'disabled') !== true);
  const v4 = enabled.filter((p) => textAt(p.spec, 'cidr')?.includes('.'));
  const ways = new Set((v4.length > 0 ? v4 : enabled).map((p) => calicoPool(p.spec)));
  if (ways.size > 0) return ways.size === 1 ? ([...ways][0] ?? 'unknown') : 'unknown';
  const operator = cluster.others
    .get('Installation')
    ?.flatMap((i) => mapsAt(mapAt(i.spec, 'calicoNetwork'), 'ipPools'));
  const stated = operator?.map((p) => textAt(p, 'encapsulation')).find((e) => e !== undefined);
  if (stated !== undefined) return calicoOperator(stated);
  const ipip = env?.CALICO_IPV4POOL_IPIP;
  const vxlan = env?.CALICO_IPV4POOL_VXLAN;
  if (ipip === undefined && vxlan === undefined) return 'unknown';
  return calicoModes(ipip ?? 'Never', vxlan ?? 'Never');
}

function calicoPool(spec: Raw): PodNetwork['encapsulation'] {
  return calicoModes(textAt(spec, 'ipipMode') ?? 'Never', textAt(spec, 'vxlanMode') ?? 'Never');
}

function calicoModes(ipip: string, vxlan: string): PodNetwork['encapsulation'] {
  if (ipip === 'CrossSubnet' || vxlan === 'CrossSubnet') return 'cross-subnet';
  if (ipip === 'Always') return 'ipip';
  return vxlan === 'Always' ? 'vxlan' : 'none';
}

function calicoOperator(stated: string): PodNetwork['encapsulation'] {
  const ways = { IPIP: 'ipip', VXLAN: 'vxlan', None: 'none' } as const;
  if (stated.endsWith('CrossSubnet')) return 'cross-subnet';
  return ways[stated as keyof typeof ways] ?? 'unknown';
}

function cilium(cluster: Cluster): Found | undefined {
  const config = configMapNamed(cluster, 'cilium-config');
  const daemon = daemonSet(cluster, /(^|\/)cilium$/);
  const evidence = config?.evidence ?? daemon?.evidence;
  if (evidence === undefined) return undefined;
  const image = imageOf(cluster.workloads, /(^|\/)cilium$/);
  return {
    evidence,
    value: {
      cluster: cluster.name,
      program: 'cilium',
      encapsulation: ciliumEncapsulation(config?.value.data),
      ...given('version', image?.version),
      ...given('mtu', Number(config?.value.data.mtu) || undefined),
    },
  };
}

/** routing-mode since 1.14; before it `tunnel: disabled` said native. Cilium's default is a VXLAN tunnel. */
function ciliumEncapsulation(
  data: Readonly<Record<string, string>> | undefined,
): PodNetwork['encapsulation'] {
  if (data === undefined) return 'unknown';
  if (data['enable-wireguard'] === 'true') return 'wireguard';
  if (data['routing-mode'] === 'native' || data.tunnel === 'disabled') return 'none';
  const protocol = data['tunnel-protocol'] ?? data.tunnel ?? 'vxlan';
  return protocol === 'vxlan' ? 'vxlan' : 'unknown';
}

function flannel(cluster: Cluster): Found | undefined {
  const daemon = daemonSet(cluster, /(^|\/)flannel(-cni)?$|flannel\/flannel$/);
  const config = configMapNamed(cluster, 'kube-flannel-cfg');
  const node = cluster.nodes.find(
    (n) => n.value.annotations['flannel.alpha.coreos.com/backend-type'] !== undefined,
  );
  const evidence = node?.evidence ?? config?.evidence ?? daemon?.evidence;
  if (evidence === undefined) return undefined;
  const stated =
    node?.value.annotations['flannel.alpha.coreos.com/backend-type'] ??
    /"Type"\s*:\s*"([\w-]+)"/.exec(config?.value.data['net-conf.json'] ?? '')?.[1];
  const ways = {
    vxlan: 'vxlan',
    'host-gw': 'none',
    wireguard: 'wireguard',
    extension: 'wireguard',
    ipip: 'ipip',
  };
  const encapsulation = (ways as Record<string, PodNetwork['encapsulation']>)[(stated ?? '').toLowerCase()];
  return {
    evidence,
    value: {
      cluster: cluster.name,
      program: 'flannel',
      encapsulation: encapsulation ?? 'unknown',
      ...given('version', imageOf(cluster.workloads, /flannel(\/flannel)?$/)?.version),
      ...given('mtu', mtuOf(config?.value.data['net-conf.json'])),
    },
  };
}

function mtuOf(netConf: string | undefined): number | undefined {
  const text = /"MTU"\s*:\s*(\d+)/.exec(netConf ?? '')?.[1];
  return text === undefined ? undefined : numberAt({ text }, 'text');
}

function weave(cluster: Cluster): Found | undefined {
  const daemon = daemonSet(cluster, /weave-kube$/);
  if (daemon === undefined) return undefined;
  return {
    evidence: daemon.evidence,
    value: { cluster: cluster.name, program: 'weave', encapsulation: 'unknown' },
  };
}
