/*
 * k3s ServiceLB: a pod of klipper-lb on each node takes the port of the Service as host port, translates to the Service
 * and masquerades, so that the pod stands in for the client. Packets for an address in the Service's status never come
 * here, because the service proxy translates them first (k3s #6633, #8809); those for other addresses of a node do.
 * Sources: k3s pkg/cloudprovider/servicelb.go (0821db5a), klipper-lb entry (06a59bf9), klipper-lb #20 and #54.
 */
import type { Fact } from '#estate/fact.ts';
import type { Container } from '#estate/kubernetes.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import type { Spot } from './node-out.ts';
import { isAtLeast } from './version.ts';
import { missing, type Next, on, rewritten, unknownAt, type Way } from './way.ts';

const nameLabel = 'svccontroller.k3s.cattle.io/svcname';
/** Entries of SRC_RANGES that leave nobody out. */
const everyone = new Set(['0.0.0.0/0', '::/0']);

interface Target {
  readonly ip: Ip;
  readonly port: number;
}

/** A pod that has the host port, its address of the packet's family, and its node. */
interface Holder {
  readonly pod: Fact<'pod'>;
  readonly own: Ip;
  readonly node: Fact<'node'>;
}

/** What a pod of ServiceLB does with a packet for its host port; undefined: the pod is none. */
export function throughServiceLb(spot: Spot, way: Way, { pod, own, node }: Holder): Next | undefined {
  if (pod.value.labels[nameLabel] === undefined) return undefined;
  const { protocol, port } = way.packet;
  const container = pod.value.containers.find(
    (c) => c.env.SRC_PORT === String(port) && c.env.DEST_PROTO?.toLowerCase() === protocol,
  );
  if (!container) return notKnown(spot, way, pod, 'the rules of its container are not known');
  const target = targetOf(way, container, node);
  return typeof target === 'string'
    ? notKnown(spot, way, pod, target)
    : forwarded(spot, way, pod, own, target);
}

/** Where its rules lead, or why that is not known. */
function targetOf(way: Way, { env, image }: Container, node: Fact<'node'>): Target | string {
  const ranges = words(env.SRC_RANGES);
  if (ranges.some((r) => !everyone.has(r))) return `it lets only ${ranges.join(', ')} pass`;
  const port = /^[1-9]\d*$/.exec(String(env.DEST_PORT))?.[0];
  if (port === undefined) return 'the port that it translates to is not known';
  const ips = env.DEST_IPS ?? env.DEST_IP;
  if (ips === undefined && !dropsNothing(image))
    return 'klipper-lb before 0.4.4 drops what it translates to a node port, and its release is that or not known';
  const ip = oneOf(ips === undefined ? node.value.internalIps : words(ips), way);
  if (ip === undefined) return `it has no target of IPv${familyOf(way.packet.destination)}`;
  return ip === way.packet.source ? `it leaves packets from ${ip} as they are` : { ip, port: Number(port) };
}

/** Under Local the target is the address of its own node, a reference that has no value in the pod's variables. */
function dropsNothing(image: string): boolean {
  return isAtLeast(/klipper-lb:v?(\d+(?:\.\d+)+)/.exec(image)?.[1], '0.4.4') === true;
}

function oneOf(ips: readonly string[], way: Way): Ip | undefined {
  const all = ips.flatMap((text) => parseIp(text) ?? []);
  return all.find((a) => familyOf(a) === familyOf(way.packet.destination));
}

function words(text: string | undefined): readonly string[] {
  return (text ?? '').split(/[\s,]+/).filter((w) => w !== '');
}

/** One session for host port, translation and masquerade, so that the answer is turned back in one place. */
function forwarded(spot: Spot, way: Way, pod: Fact<'pod'>, own: Ip, target: Target): Next {
  const { cluster, namespace, name } = pod.value;
  const because = [pod.evidence];
  const before = way.packet;
  const after = { ...before, source: own, destination: target.ip, port: target.port };
  const step = {
    stage: 'service' as const,
    says: `Host port ${before.port} leads to ${name} of k3s ServiceLB, which passes it on to ${target.ip}:${target.port} and shows its own address.`,
    because,
    rule: 'CNI portmap, klipper-lb MASQUERADE',
  };
  const next = rewritten(way, `pod/${cluster}/${namespace}/${name}`, after, step);
  const session = { host: spot.host, before, after, because };
  const peer = { is: 'pod' as const, says: `${name} of k3s ServiceLB stands in for the client`, because };
  const passed = { ...next, peer, sessions: [...next.sessions, session] };
  return on(passed, { kind: 'node', cluster, node: spot.node, origin: 'pod' });
}

function notKnown(spot: Spot, way: Way, pod: Fact<'pod'>, why: string): Next {
  const { cluster, namespace, name } = pod.value;
  const what = `what ${namespace}/${name} of k3s ServiceLB does with port ${way.packet.port}: ${why}`;
  const gap = missing(`service-lb/${cluster}/${namespace}/${name}`, 'pod', what, `cluster/${cluster}`);
  return unknownAt(way, spot.host, 'service', { ...gap, evidence: pod.evidence });
}
