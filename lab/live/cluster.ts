/*
 * One cluster of the lab behind a Kubernetes API: objects as the snapshot has them, and MetalLB's side of a Service (its
 * status, and the pool that the address is from) written back as the lab's own controller decides.
 */
import type { FactKey } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import { rangeHas } from '#net/prefix.ts';
import type { LabStore } from '../estate/store.ts';
import { type Json, type KubernetesStandIn, startKubernetes } from '../stand-ins/kubernetes.ts';
import type { NativeFiles } from './follower.ts';
import { objectStates, withOwners } from './state.ts';

export interface LiveCluster {
  readonly name: string;
  readonly kube: KubernetesStandIn;
  /** All objects as one file of a snapshot. */
  files(): NativeFiles;
  state(): readonly (readonly [string, string])[];
  stop(): Promise<void>;
}

const fromPool = 'metallb.io/ip-allocated-from-pool';

/** `changed` is told of every write through the API. */
export async function startCluster(
  name: string,
  objects: readonly unknown[],
  store: LabStore,
  changed: () => void,
): Promise<LiveCluster> {
  const kube = await startKubernetes({ objects });
  kube.onChange(changed);
  store.watch((keys) => {
    for (const id of servicesAmong(keys, name)) writeStatus(kube, store, id);
  });
  const path = `cluster/${name}/objects.json`;
  const owned = withOwners(kube.objects());
  return {
    name,
    kube,
    files: () => ({ [path]: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: kube.objects() }) }),
    state: () => objectStates(name, kube.objects(), owned),
    stop: () => kube.stop(),
  };
}

function servicesAmong(keys: readonly FactKey[], cluster: string): readonly string[] {
  const prefix = `service:${cluster}/`;
  return keys.filter((k) => k.startsWith(prefix)).map((k) => k.slice('service:'.length));
}

/** What MetalLB's controller writes once it has given or taken an address. */
function writeStatus(kube: KubernetesStandIn, store: LabStore, id: string): void {
  const service = store.reader.get('service', id)?.value;
  if (service === undefined) return;
  const named = { kind: 'Service', namespace: service.namespace, name: service.name };
  const live = kube.get(named);
  if (live === undefined || ipsOf(live) === service.vips.map((v) => v.ip).join()) return;
  const ingress = service.vips.map((v) => ({ ip: v.ip, ipMode: 'VIP' }));
  const status = { loadBalancer: ingress.length === 0 ? {} : { ingress } };
  kube.write(named, (o) => ({ ...o, status }), { subresource: 'status' });
  kube.write(named, (o) => (o === undefined ? null : withPool(o, poolOf(store, service))));
}

function ipsOf(live: Json): string {
  const status = live.status as { loadBalancer?: { ingress?: readonly { ip?: string }[] } } | undefined;
  return (status?.loadBalancer?.ingress ?? []).map((i) => i.ip).join();
}

function poolOf(store: LabStore, service: Service): string | undefined {
  const [vip] = service.vips;
  if (vip === undefined) return undefined;
  const pools = store.reader.by('pool', 'cluster', service.cluster);
  return pools.find((p) => p.value.ranges.some((r) => rangeHas(r, vip.ip)))?.value.name;
}

function withPool(object: Json, pool: string | undefined): Json {
  const metadata = object.metadata as Json;
  const { [fromPool]: _, ...others } = (metadata.annotations ?? {}) as Json;
  const annotations = pool === undefined ? others : { ...others, [fromPool]: pool };
  return { ...object, metadata: { ...metadata, annotations } };
}
