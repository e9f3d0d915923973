/*
 * Who announces a VIP where MetalLB does not: the node itself whose address it is (k3s ServiceLB), or the node that holds
 * a Lease (Cilium, kube-vip). A Lease tells of the moment of the snapshot only; what it does not tell is `unknown`.
 * Sources: k3s pkg/cloudprovider/servicelb.go (0821db5a); cilium pkg/l2announcer/l2announcer.go (00cfe9e8), #27800,
 * #27976; kube-vip pkg/manager/worker (0667b343), pkg/manager/manager_arp.go (1559b21c), pkg/lease/lease.go (018c5d9f).
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { type Announcement, base, maybeRouted, type Question, unknown } from './announcement.ts';
import { type LeaseName, leaseNameOf, routesOf } from './announcer-lease.ts';
import { clusterGap } from './cluster-gap.ts';

/** The announcer by the rules of another program than MetalLB. */
export function announcedOtherwise(reader: Reader, vip: Ip, q: Question): Announcement {
  switch (q.announcing.value.program) {
    case 'none':
      return nobody(q);
    case 'klipper':
      return byItself(reader, vip, q);
    case 'cilium':
    case 'kube-vip':
      return byLeases(reader, vip, q);
    default:
      return routed(q, 'the program that announces addresses is not known');
  }
}

function nobody(q: Question): Announcement {
  const says = `nothing in ${q.cluster} announces addresses`;
  return { ...base(q.services, says, [q.announcing.evidence]), nodes: [], candidates: [] };
}

/** The status lists addresses that nodes have anyway; each answers for its own, and no other node takes it over. */
function byItself(reader: Reader, vip: Ip, q: Question): Announcement {
  const node = reader.by('node', 'ip', vip).find((n) => n.value.cluster === q.cluster);
  if (node === undefined) {
    const what = `k3s ServiceLB gives addresses of nodes, and ${vip} is not the InternalIP of one in the snapshot`;
    return unknown(q.services, reader.gap('node', `cluster/${q.cluster}`) ?? gapOf(q, what));
  }
  const { name } = node.value;
  const says = `${vip} is ${name}’s own address, and k3s ServiceLB announces no other`;
  const because = [node.evidence, q.announcing.evidence];
  return { ...base(q.services, says, because), nodes: [name], candidates: [name], rule: 'k3s ServiceLB' };
}

type Held = { readonly lease: Fact<'lease'> } | { readonly gap: Gap };

/** Every Service by its own Lease, so Services on one address may be announced from different nodes. */
function byLeases(reader: Reader, vip: Ip, q: Question): Announcement {
  const leases: Fact<'lease'>[] = [];
  for (const service of q.services) {
    const routes = routesOf(q.announcing.value, service.value);
    if (routes !== undefined) return routed(q, `${programOf(q)}: ${routes}`);
    const held = heldBy(reader, vip, q, service);
    if ('gap' in held) return unknown(q.services, held.gap);
    leases.push(held.lease);
  }
  const nodes = [...new Set(leases.map((l) => l.value.holder))].sort();
  const names = [...new Set(leases.map((l) => l.value.name))].join(', ');
  const says =
    nodes.length === 1
      ? `${nodes[0]} announces it: it held the lease ${names} when the snapshot was taken`
      : `the Services on it have leases held by different nodes: ${nodes.join(', ')}`;
  const rule = `${programOf(q)} ${q.announcing.value.version ?? 'any version'}: the holder of the lease`;
  const because = [...leases.map((l) => l.evidence), q.announcing.evidence];
  return { ...base(q.services, says, because), nodes, candidates: nodes, rule };
}

function heldBy(reader: Reader, vip: Ip, q: Question, service: Fact<'service'>): Held {
  if (q.announcing.value.program === 'cilium' && familyOf(vip) === 6)
    return { gap: gapOf(q, 'whether Cilium answers NDP for an IPv6 address depends on its release') };
  const wanted = leaseNameOf(q.announcing.value, service.value);
  const [lease, other] = reader
    .by('lease', 'name', `${q.cluster}/${wanted.name}`)
    .filter((l) => wanted.namespace === undefined || l.value.namespace === wanted.namespace);
  if (lease === undefined || other !== undefined) return { gap: absent(reader, q, wanted) };
  const doubt = doubtOf(reader, q, lease);
  return doubt === undefined ? { lease } : { gap: doubt };
}

/** Why the holder may not announce although the Lease names it. */
function doubtOf(reader: Reader, q: Question, lease: Fact<'lease'>): Gap | undefined {
  const { holder, name, isExpired } = lease.value;
  const { speakerNodes } = q.announcing.value;
  const node = reader.get('node', `${q.cluster}/${holder}`);
  const why = isExpired
    ? 'which had not renewed it in time'
    : node?.value.isReady !== true
      ? 'which is not Ready'
      : speakerNodes !== undefined && !speakerNodes.includes(holder)
        ? `on which ${programOf(q)} does not run`
        : undefined;
  return why === undefined
    ? undefined
    : leaseGap(q, `the lease ${name} is held by ${holder}, ${why}: who takes it over is not known`);
}

function absent(reader: Reader, q: Question, { namespace, name }: LeaseName): Gap {
  const what = `${programOf(q)} announces it from the holder of the lease ${name}, and no node is known to hold it`;
  const where = namespace === undefined ? '-A' : `-n ${namespace}`;
  const expected = `kubectl get leases.coordination.k8s.io ${where} -o yaml, with ${name} in it`;
  return reader.gap('lease', `cluster/${q.cluster}`) ?? leaseGap(q, what, expected);
}

/** Not known, and routers may have been told. */
function routed(q: Question, what: string): Announcement {
  return maybeRouted(q.services, gapOf(q, what, 'announcement in layer 2 only'));
}

function programOf(q: Question): string {
  return q.announcing.value.program === 'cilium' ? 'Cilium' : 'kube-vip';
}

function leaseGap(q: Question, what: string, expected?: string): Gap {
  return { ...gapOf(q, what, expected), kinds: ['announcing', 'lease'] };
}

function gapOf(q: Question, what: string, expected?: string): Gap {
  const { program } = q.announcing.value;
  const id = `announcer-${program}`;
  return clusterGap(id, q.cluster, ['announcing'], what, expected, q.announcing.evidence);
}
