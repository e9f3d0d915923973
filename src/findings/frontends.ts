/* The Services that lead clients to an ingress program, with their addresses: what most rules start from. */
import { type Announcement, announcerOf } from '#dataplane/announce.ts';
import { masqueradeAddress } from '#dataplane/masquerade.ts';
import type { Reached } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { idOf } from './compose.ts';

/** A LoadBalancer Service whose pods are an ingress. */
export interface Frontend {
  readonly id: string;
  readonly service: Fact<'service'>;
  readonly ingress: Fact<'ingress'>;
  readonly vips: readonly Ip[];
}

const kept = new WeakMap<Reader, readonly Frontend[]>();

/** Every Service of type LoadBalancer that selects the pods of an ingress; found once for a reader. */
export function frontendsOf(reader: Reader): readonly Frontend[] {
  const known = kept.get(reader);
  if (known !== undefined) return known;
  const found = findFrontends(reader);
  kept.set(reader, found);
  return found;
}

function findFrontends(reader: Reader): readonly Frontend[] {
  const ingresses = reader.all('ingress');
  return reader.all('service').flatMap((service) => {
    if (service.value.type !== 'LoadBalancer') return [];
    const ingress = ingresses.find((i) => selects(service.value, i.value));
    if (ingress === undefined) return [];
    return [{ id: idOf(service.value), service, ingress, vips: service.value.vips.map((v) => v.ip) }];
  });
}

function selects(service: Fact<'service'>['value'], ingress: Fact<'ingress'>['value']): boolean {
  if (service.cluster !== ingress.cluster || service.namespace !== ingress.namespace) return false;
  const wanted = Object.entries(service.selector ?? {});
  return wanted.length > 0 && wanted.every(([k, v]) => ingress.podLabels[k] === v);
}

/** Endpoints of a Service, as its slices list them. */
export function endpointsOf(reader: Reader, service: string): readonly Reached[] {
  const cluster = service.split('/')[0] ?? '';
  return reader.by('endpointSlice', 'service', service).flatMap((slice) =>
    slice.value.endpoints
      .filter((e) => (e.ready ?? true) || e.serving === true)
      .flatMap((e) =>
        e.addresses.map((ip) => ({
          cluster,
          service,
          ip,
          port: slice.value.ports[0]?.port ?? 0,
          ...(e.node !== undefined && { node: e.node }),
          ...(e.pod !== undefined && { pod: `${cluster}/${e.pod}` }),
        })),
      ),
  );
}

/** Nodes with an endpoint of the Service, each with the number of its endpoints. */
export function nodesWith(reader: Reader, service: string): ReadonlyMap<string, number> {
  const nodes = new Map<string, number>();
  for (const e of endpointsOf(reader, service)) {
    if (e.node !== undefined) nodes.set(e.node, (nodes.get(e.node) ?? 0) + 1);
  }
  return nodes;
}

/** What endpoints see instead of clients while the policy is Cluster, and who announces. */
export interface Mask {
  readonly vip: Ip;
  readonly announcement: Announcement;
  readonly seenAs: readonly Ip[];
}

/** undefined: policy Local, no address, or nothing that announces it is known. */
export function maskOf(reader: Reader, frontend: Frontend, vip: Ip): Mask | undefined {
  if (frontend.service.value.externalPolicy === 'local') return undefined;
  const announcement = announcerOf(reader, vip);
  const node = announcement?.nodes[0];
  if (announcement === undefined || node === undefined) return undefined;
  const { cluster } = frontend.service.value;
  const seen = endpointsOf(reader, frontend.id)
    .filter((e) => familyOf(e.ip) === familyOf(vip))
    .flatMap((e) => masqueradeAddress(reader, cluster, node, e).ip ?? []);
  return { vip, announcement, seenAs: [...new Set(seen)] };
}
