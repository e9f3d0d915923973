/*
 * What may happen to an estate by itself: a node is lost, a pod is moved. Each with what the cluster then does about it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Node, Pod } from '#estate/kubernetes.ts';
import { familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { prefixFamily, prefixToRange } from '#net/prefix.ts';
import type { EstateLab } from './estate-lab.ts';
import { hostName, portDev } from './names.ts';
import { segmentOf } from './segments.ts';

/** How long a pod that was told to go still serves what is open (terminationGracePeriodSeconds is 30 in life). */
const graceMs = 3000;

export interface LostNode {
  /** Resolves when memberlist and the node controller have both noticed. */
  readonly noticed: Promise<unknown>;
}

/** Pulls a node's cable; memberlist and the node controller notice after their own times. */
export async function loseNode(lab: EstateLab, name: string): Promise<LostNode> {
  const node = lab.store.reader.all('node').find((n) => n.value.name === name)?.value;
  const [first] = node?.internalIps ?? [];
  const segment = first && segmentOf(lab.compiled.segments, first);
  if (!node || !segment) return { noticed: Promise.resolve() };
  const host = hostName('node', name);
  await lab.lab.ip(segment.name, [`link set ${portDev(`${host} eth0`)} down`]);
  const noticed = Promise.all([
    sleep(lab.delays.nodeLost).then(() => lab.controllers.setLost(name, true)),
    sleep(lab.delays.nodeNotReady).then(() => noteNotReady(lab, node)),
  ]);
  return { noticed };
}

/** The pods of a node that is not ready are not ready either, nor are endpoints whose pods nobody has read. */
function noteNotReady(lab: EstateLab, node: Node): void {
  const { store } = lab;
  store.put('node', { ...node, isReady: false });
  for (const { value: pod } of store.reader.by('pod', 'node', `${node.cluster}/${node.name}`))
    store.put('pod', { ...pod, isReady: false });
  for (const { value: slice } of store.reader.all('endpointSlice')) {
    if (slice.cluster !== node.cluster || !slice.endpoints.some((e) => e.node === node.name)) continue;
    const endpoints = slice.endpoints.map((e) => (e.node === node.name ? { ...e, ready: false } : e));
    store.put('endpointSlice', { ...slice, endpoints });
  }
}

/** Ends a pod with grace and starts its successor on another node that runs none of its kind, if there is one. */
export async function movePod(lab: EstateLab, pod: Pod): Promise<string | undefined> {
  const { store, servers } = lab;
  const target = otherNode(lab, pod);
  if (!target) return undefined;
  const successor = await addPod(lab, pod, target);
  store.put('pod', { ...pod, phase: 'Terminating' });
  const key = `pod:${pod.cluster}/${pod.namespace}/${pod.name}` as const;
  await servers.start(store.reader, successor);
  store.put('pod', { ...successor, isReady: true });
  void servers.stop(pod, graceMs).then(() => store.remove(key));
  return target.name;
}

function otherNode(lab: EstateLab, pod: Pod): Node | undefined {
  const { reader } = lab.store;
  const taken = new Set(
    reader
      .by('pod', 'cluster', pod.cluster)
      .filter((p) => p.value.ownedBy !== undefined && p.value.ownedBy === pod.ownedBy)
      .map((p) => p.value.node),
  );
  const nodes = reader
    .by('node', 'cluster', pod.cluster)
    .map((n) => n.value)
    .filter((n) => n.isReady && n.isSchedulable && n.name !== pod.node);
  const workers = nodes.filter(
    (n) => !('node-role.kubernetes.io/control-plane' in n.labels) && !lab.controllers.lost.has(n.name),
  );
  return workers.find((n) => !taken.has(n.name)) ?? workers[0];
}

/** A pod of the same kind with addresses of its own on the node, not ready yet. */
async function addPod(lab: EstateLab, pod: Pod, node: Node): Promise<Pod> {
  const { store } = lab;
  const ips = pod.ips.flatMap((ip) => freeIp(lab, node, ip) ?? []);
  const host = hostName('pods', node.name);
  await lab.lab.ip(
    host,
    ips.map((ip) => `address add ${alone(ip)} dev eth0`),
  );
  await lab.lab.ip(
    hostName('node', node.name),
    ips.map((ip) => `route replace ${alone(ip)} dev pods`),
  );
  const successor = { ...pod, name: `${pod.name}-2`, node: node.name, ips, isReady: false };
  store.put('pod', successor);
  return successor;
}

function freeIp(lab: EstateLab, node: Node, like: Ip): Ip | undefined {
  const range = node.podCidrs.find((p) => prefixFamily(p) === familyOf(like));
  if (!range) return undefined;
  const used = new Set(lab.store.reader.by('pod', 'cluster', node.cluster).flatMap((p) => p.value.ips));
  const { first } = prefixToRange(range);
  for (let at = 250n; at > 1n; at--) {
    const ip = numberToIp(ipToNumber(first) + at, familyOf(like));
    if (!used.has(ip)) return ip;
  }
  return undefined;
}

function alone(ip: Ip): string {
  return familyOf(ip) === 4 ? `${ip}/32` : `${ip}/128`;
}
