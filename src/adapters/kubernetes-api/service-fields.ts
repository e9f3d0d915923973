/*
 * Fields of the `service` fact and where they stand in the object: read from it, and put into a copy of it. Annotations of
 * MetalLB keep the spelling that the object already uses; a new one is written in the present spelling.
 */
import type { Service, ServicePort } from '#estate/kubernetes.ts';
import { addressAnnotations, policyName, spellingIn } from '#estate/service-manifest.ts';
import { parseIp } from '#net/ip.ts';
import { parsePrefix } from '#net/prefix.ts';
import { type Json, mapOf, mapsOf, textOf } from './decode.ts';
import { valueAt, withValue } from './diff.ts';

type Field = keyof Service;
type Path = readonly string[];

interface FieldMap {
  /** Where it stands, besides what the server changes along with it. */
  readonly paths: (object: Json) => readonly Path[];
  readonly read: (object: Json) => unknown;
  readonly put: (object: Json, value: never) => Json;
  /** Paths that the API server clears or fills when this one is written. */
  readonly dependents?: readonly Path[];
}

const spec = (name: string): Path => ['spec', name];
const annotations = ['metadata', 'annotations'];

/** A field of spec that is the same in both; `missing` is what its absence means. */
function plain(
  name: string,
  missing?: unknown,
  map = (v: unknown): unknown => v,
  back = (v: unknown): unknown => v,
): FieldMap {
  return {
    paths: () => [spec(name)],
    read: (o) => map(valueAt(o, spec(name)) ?? missing),
    put: (o, value) => withValue(o, spec(name), value === undefined ? undefined : back(value)),
  };
}

/** An annotation with several spellings, the one to write where none is there first. */
function annotation(keys: readonly string[]): FieldMap {
  const present = (o: Json) => keys.filter((k) => mapOf(valueAt(o, annotations))[k] !== undefined);
  const spelling = (o: Json) => spellingIn(Object.keys(mapOf(valueAt(o, annotations))), keys);
  return {
    paths: (o) => (present(o).length > 0 ? present(o) : [spelling(o)]).map((k) => [...annotations, k]),
    read: (o) => mapOf(valueAt(o, annotations))[present(o)[0] ?? ''],
    put: (o, value: string | undefined) => {
      const there = present(o);
      const written = there.length > 0 ? there : [spelling(o)];
      const put = written.reduce((made, k) => withValue(made, [...annotations, k], value), o);
      const isEmpty = Object.keys(mapOf(valueAt(put, annotations))).length === 0;
      return isEmpty && valueAt(o, annotations) !== undefined ? withValue(put, annotations, undefined) : put;
    },
  };
}

const capital = (value: unknown) => policyName(value === 'local' ? 'local' : 'cluster');
const lower = (value: unknown) => (value === 'Local' ? 'local' : 'cluster');
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Every field that can be written. */
export const serviceFields: { readonly [F in Field]?: FieldMap } = {
  type: {
    ...plain('type', 'ClusterIP'),
    dependents: [
      'externalTrafficPolicy',
      'healthCheckNodePort',
      'allocateLoadBalancerNodePorts',
      'loadBalancerClass',
      'ports',
    ].map(spec),
  },
  externalPolicy: {
    ...plain('externalTrafficPolicy', 'Cluster', lower, capital),
    dependents: [spec('healthCheckNodePort')],
  },
  internalPolicy: plain('internalTrafficPolicy', 'Cluster', lower, capital),
  selector: plain('selector'),
  loadBalancerIp: plain('loadBalancerIP', undefined, (v) => v || undefined),
  loadBalancerClass: plain('loadBalancerClass'),
  allocateNodePorts: plain('allocateLoadBalancerNodePorts', true),
  trafficDistribution: plain('trafficDistribution'),
  ipFamilyPolicy: plain('ipFamilyPolicy', 'SingleStack'),
  externalIps: plain('externalIPs', [], (v) => texts(v).map((t) => parseIp(t) ?? t), nonEmpty),
  sourceRanges: plain(
    'loadBalancerSourceRanges',
    [],
    (v) => texts(v).map((t) => parsePrefix(t.trim()) ?? t),
    nonEmpty,
  ),
  ports: {
    paths: () => [spec('ports')],
    read: (o) => mapsOf(valueAt(o, spec('ports'))).map(portOf),
    put: putPorts,
  },
  requestedIps: annotation(addressAnnotations.requestedIps),
  requestedPool: annotation(addressAnnotations.requestedPool),
  sharingKey: annotation(addressAnnotations.sharingKey),
};

function nonEmpty(value: unknown): unknown {
  return texts(value).length === 0 ? undefined : value;
}

function portOf(p: Json): ServicePort {
  const target = p.targetPort ?? p.port;
  return {
    ...(textOf(p.name) !== '' && { name: textOf(p.name) }),
    port: Number(p.port),
    protocol: (textOf(p.protocol) || 'TCP').toLowerCase() as ServicePort['protocol'],
    targetPort:
      typeof target === 'string' && /^\d+$/.test(target) ? Number(target) : (target as number | string),
    ...(typeof p.nodePort === 'number' && p.nodePort > 0 && { nodePort: p.nodePort }),
  };
}

/** Each port keeps its node port and whatever else the object says of it; found by port and protocol, never by port alone. */
function putPorts(object: Json, ports: readonly ServicePort[]): Json {
  const live = mapsOf(valueAt(object, spec('ports')));
  const wanted = ports.map((p) => {
    const same = live.find(
      (l) => l.port === p.port && (textOf(l.protocol) || 'TCP').toLowerCase() === p.protocol,
    );
    return { ...same, ...rawPort(p) };
  });
  return withValue(object, spec('ports'), wanted);
}

function rawPort({ protocol, ...port }: ServicePort): Json {
  return { ...port, protocol: protocol.toUpperCase() };
}

/** Ports that stand twice, by number and protocol. */
export function foldedPorts(object: Json): readonly string[] {
  const keys = mapsOf(valueAt(object, spec('ports'))).map((p) => `${p.port}/${textOf(p.protocol) || 'TCP'}`);
  return keys.filter((k, i) => keys.indexOf(k) !== i);
}

/** Numbers and protocols of all ports, ordered: to see that a write lost none. */
export function portKeys(object: Json): readonly string[] {
  return mapsOf(valueAt(object, spec('ports')))
    .map((p) => `${p.port}/${textOf(p.protocol) || 'TCP'}`)
    .sort();
}
