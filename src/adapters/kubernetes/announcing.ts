/* Which program hands out VIPs and answers for them: MetalLB, Cilium, kube-vip or k3s's Klipper. */
import { type Fact, fact } from '#estate/fact.ts';
import type { Container } from '#estate/kubernetes.ts';
import type { Announcing } from '#estate/metallb.ts';
import { type Cluster, clusterGap, configMapNamed } from './cluster.ts';
import { parseImage } from './image.ts';
import type { KubeObject } from './object.ts';
import { given } from './raw.ts';
import { containersOf, podTemplateOf } from './workloads.ts';

type Found = { readonly value: Announcing; readonly evidence: KubeObject['evidence'] };

/** Adds `announcing`; without any sign of a program it is `none` only where every workload was collected. */
export function announcing(cluster: Cluster): void {
  const found =
    metallb(cluster) ?? kubeVip(cluster) ?? cilium(cluster) ?? klipper(cluster) ?? nothing(cluster);
  if (found !== undefined) cluster.facts.push(fact('announcing', found.value, found.evidence));
  else
    cluster.gaps.push(
      clusterGap(
        cluster,
        'announcing',
        ['announcing'],
        `nothing in cluster ${cluster.name} says which program announces its VIPs`,
        'all Deployments, DaemonSets and Pods, listed as complete in snapshot.json',
      ),
    );
}

function metallb(cluster: Cluster): Found | undefined {
  const controller = withContainer(cluster, /metallb\/controller$|metallb-controller$/);
  const speaker = withContainer(cluster, /metallb\/speaker$|metallb-speaker$/);
  const seen = speaker ?? controller;
  if (seen === undefined) return undefined;
  const flags = [...(controller?.c.args ?? []), ...(speaker?.c.args ?? [])];
  const lbClass = flags.map((a) => /^--lb-class=(.+)$/.exec(a)?.[1]).find((c) => c !== undefined);
  const version = parseImage(seen.c.image).version;
  return {
    evidence: seen.o.evidence,
    value: {
      cluster: cluster.name,
      program: 'metallb',
      ...given('version', version),
      ...given('loadBalancerClass', lbClass),
      ignoreExcludeLabel: flags.some((a) => /^--ignore-exclude-lb(=true)?$/.test(a)),
      ...given('speakerNodes', nodesRunning(cluster, /metallb\/speaker$|metallb-speaker$/)),
      ...(speaker && {
        isMemberlistDisabled: speaker.c.env.METALLB_ML_BIND_ADDR === undefined && !hasMlLabels(speaker),
      }),
    },
  };
}

/** The address comes from the pod itself (a field reference), so its variable has no value here; its labels do. */
function hasMlLabels(speaker: { readonly c: Container }): boolean {
  return Object.keys(speaker.c.env).some((name) => name.startsWith('METALLB_ML_'));
}

function withContainer(cluster: Cluster, path: RegExp): { o: KubeObject; c: Container } | undefined {
  for (const o of cluster.workloads) {
    for (const c of containersOf(podTemplateOf(o))) if (path.test(parseImage(c.image).path)) return { o, c };
  }
  return undefined;
}

/** Nodes of the running pods; undefined: not all pods were collected. */
function nodesRunning(cluster: Cluster, path: RegExp): readonly string[] | undefined {
  if (!cluster.has('Pod')) return undefined;
  const runs = (p: Fact<'pod'>) =>
    p.value.phase === 'Running' && p.value.containers.some((c) => path.test(parseImage(c.image).path));
  return [...new Set(cluster.pods.filter(runs).flatMap((p) => p.value.node ?? []))].sort();
}

function kubeVip(cluster: Cluster): Found | undefined {
  const isKubeVip = /(^|\/)kube-vip$/;
  const seen = withContainer(cluster, isKubeVip);
  const pod = cluster.pods.find((p) =>
    p.value.containers.some((c) => isKubeVip.test(parseImage(c.image).path)),
  );
  const container = seen?.c ?? pod?.value.containers.find((c) => isKubeVip.test(parseImage(c.image).path));
  const evidence = seen?.o.evidence ?? pod?.evidence;
  if (container === undefined || evidence === undefined || container.env.svc_enable !== 'true')
    return undefined;
  return {
    evidence,
    value: {
      cluster: cluster.name,
      program: 'kube-vip',
      ...given('version', parseImage(container.image).version),
      ...given('loadBalancerClass', classOf(container)),
      ignoreExcludeLabel: false,
      ...given('speakerNodes', nodesRunning(cluster, isKubeVip)),
      ...kubeVipMeans(container),
    },
  };
}

function classOf({ env }: Container): string | undefined {
  return env.lb_class_only === 'true' ? (env.lb_class_name ?? 'kube-vip.io/kube-vip-class') : undefined;
}

/** ARP needs a leader, of all Services or of each; without either set, releases differ in what they do. */
function kubeVipMeans({ env }: Container): Pick<Announcing, 'means' | 'commonLease'> {
  const isOn = (name: string) => env[name] === 'true';
  const hasRoutes = ['bgp_enable', 'vip_routingtable', 'vip_wireguard'].some(isOn);
  const hasLease = isOn('vip_arp') && (isOn('svc_election') || isOn('vip_leaderelection'));
  if (!hasRoutes && !hasLease) return {};
  return {
    means: [...(hasLease ? (['lease'] as const) : []), ...(hasRoutes ? (['routes'] as const) : [])],
    ...(hasLease && !isOn('svc_election') && { commonLease: env.svc_leasename || 'plndr-svcs-lock' }),
  };
}

function cilium(cluster: Cluster): Found | undefined {
  const pool = cluster.others.get('CiliumLoadBalancerIPPool')?.[0];
  const policy = cluster.others.get('CiliumL2AnnouncementPolicy')?.[0];
  const config = configMapNamed(cluster, 'cilium-config');
  const isOn = ['enable-l2-announcements', 'enable-bgp-control-plane'].some(
    (k) => config?.value.data[k] === 'true',
  );
  const evidence = pool?.evidence ?? policy?.evidence ?? (isOn ? config?.evidence : undefined);
  if (evidence === undefined) return undefined;
  const seen = withContainer(cluster, /(^|\/)cilium$/);
  return {
    evidence,
    value: {
      cluster: cluster.name,
      program: 'cilium',
      ...given('version', seen && parseImage(seen.c.image).version),
      ignoreExcludeLabel: false,
      ...given('means', config && ciliumMeans(cluster, config.value.data)),
    },
  };
}

/** undefined: it announces by leases, but not what its policies say to be for LoadBalancer addresses. */
function ciliumMeans(cluster: Cluster, data: Readonly<Record<string, string>>): Announcing['means'] {
  const policies = cluster.others.get('CiliumL2AnnouncementPolicy') ?? [];
  const isForVips = policies.length > 0 && policies.every((p) => p.spec.loadBalancerIPs === true);
  const hasLease = data['enable-l2-announcements'] === 'true';
  if (hasLease && !isForVips) return undefined;
  const hasRoutes = data['enable-bgp-control-plane'] === 'true';
  return [...(hasLease ? (['lease'] as const) : []), ...(hasRoutes ? (['routes'] as const) : [])];
}

function klipper(cluster: Cluster): Found | undefined {
  const isKlipper = /klipper-lb$/;
  const seen = withContainer(cluster, isKlipper);
  const pod = cluster.pods.find((p) =>
    p.value.containers.some((c) => isKlipper.test(parseImage(c.image).path)),
  );
  const evidence = seen?.o.evidence ?? pod?.evidence;
  if (evidence === undefined) return undefined;
  const image = seen?.c.image ?? pod?.value.containers[0]?.image ?? '';
  return {
    evidence,
    value: {
      cluster: cluster.name,
      program: 'klipper',
      ...given('version', parseImage(image).version),
      ignoreExcludeLabel: false,
      ...given('speakerNodes', nodesRunning(cluster, isKlipper)),
    },
  };
}

function nothing(cluster: Cluster): Found | undefined {
  const isComplete = ['Deployment', 'DaemonSet', 'Pod', 'ConfigMap'].every((k) => cluster.has(k));
  const evidence = cluster.workloads[0]?.evidence;
  if (!isComplete || evidence === undefined) return undefined;
  const { file } = evidence;
  return {
    evidence: { file, object: 'all workloads' },
    value: { cluster: cluster.name, program: 'none', ignoreExcludeLabel: false },
  };
}
