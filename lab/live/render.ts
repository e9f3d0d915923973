/*
 * What a Terraform stack of the lab states about the cluster: manifests as they are written, and of Helm's releases those of
 * the chart traefik (v39: service, additionalServices, ports.*.expose, publishedService). Partial: only what values decide.
 */
import type { Leaf } from '#adapters/repository/leaf.ts';
import { SightlineError } from '#estate/error.ts';
import type { Json, Named } from '../stand-ins/kubernetes.ts';

export interface Rendered {
  readonly named: Named;
  /** As whom the provider writes. */
  readonly manager: string;
  readonly object: Json;
}

/** The object as the cluster has it now: types and chart labels are taken from there. */
export type Live = (named: Named) => Json | undefined;

/** By the address of a resource, and the object's name where a release has several. */
export function render(leaves: readonly Leaf[], live: Live): ReadonlyMap<string, Rendered> {
  const found = new Map<string, Rendered>();
  for (const address of new Set(leaves.map((l) => l.resource))) {
    const own = leaves.filter((l) => l.resource === address);
    if (address.startsWith('kubernetes_manifest.')) found.set(address, manifest(own, live));
    else if (address.startsWith('helm_release.'))
      for (const r of release(own, live)) found.set(`${address} ${r.named.kind}/${r.named.name}`, r);
    else found.set(address, opaque(address, own));
  }
  return found;
}

/** Compared and never written: a change of it is refused. */
function opaque(address: string, leaves: readonly Leaf[]): Rendered {
  const object = Object.fromEntries(leaves.map((l) => [l.path, l.value]));
  return { named: { kind: 'unknown', name: address }, manager: '', object };
}

function manifest(leaves: readonly Leaf[], live: Live): Rendered {
  const text = (path: string) => leaves.find((l) => l.path === `manifest.${path}`)?.value ?? '';
  const named = { kind: text('kind'), namespace: text('metadata.namespace'), name: text('metadata.name') };
  const there = live(named);
  const object: Json = {};
  for (const path of new Set(leaves.map((l) => l.path))) {
    const steps = stepsOf(path).slice(1);
    const values = leaves.filter((l) => l.path === path).map((l) => l.value);
    put(object, steps, typedAs(valueAt(there, steps), values));
  }
  return { named, manager: 'Terraform', object };
}

const chart = 'traefik';
const helmManager = 'terraform-provider-helm_v3.1.1_x5';
const published = '--providers.kubernetesingress.ingressendpoint.publishedservice';
const renders = [
  /^service\.(annotations|spec|type|additionalServices)\b/,
  /^ports\.\w+\.expose\./,
  /^providers\.kubernetesIngress\.publishedService\.pathOverride$/,
];

function release(leaves: readonly Leaf[], live: Live): readonly Rendered[] {
  const text = (path: string) => leaves.find((l) => l.path === path)?.value;
  const [name = '', kind = ''] = [text('name'), text('chart')];
  const address = leaves[0]?.resource ?? '';
  if (kind !== chart) return [opaque(address, leaves)];
  const values: Json = {};
  const rest: Leaf[] = [];
  for (const leaf of leaves) {
    const path = leaf.path.replace(/^values\./, '');
    if (leaf.path === path || !renders.some((r) => r.test(path))) rest.push(leaf);
    else put(values, stepsOf(path), scalar(leaf.value));
  }
  const namespace = name; // the chart's namespace of the example: a resource of the same stack names it
  const main = { kind: 'Service', namespace, name };
  const service = map(values.service);
  const object = {
    metadata: { annotations: map(service.annotations) },
    spec: { type: service.type ?? 'LoadBalancer', ...map(service.spec) },
  };
  const additional = Object.entries(map(service.additionalServices)).map(([key, own]) =>
    additionalService({ namespace, name: `${name}-${key}` }, key, map(own), map(values.ports), live(main)),
  );
  return [
    { named: main, manager: helmManager, object },
    ...additional,
    { named: { kind: 'Deployment', namespace, name }, manager: helmManager, object: flags(values, main) },
    opaque(address, rest),
  ];
}

function flags(
  values: Json,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Json {
  const override = map(map(map(values.providers).kubernetesIngress).publishedService).pathOverride;
  return { flags: { [published]: override ?? `${namespace}/${name}` } };
}

/** One Service for TCP and UDP (`single`), with the ports that are exposed on it. */
function additionalService(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  key: string,
  own: Json,
  ports: Json,
  main: Json | undefined,
): Rendered {
  if (own.single !== true)
    throw new SightlineError('lab-terraform', `additionalServices.${key} must be single`);
  const metadata = map(main?.metadata);
  const spec = map(main?.spec);
  const isExposed = (port: string) => map(map(ports[port]).expose)[key] === true;
  const all = (spec.ports ?? []) as readonly Json[];
  const exposed = all.filter((p) => isExposed(String(p.name).replace(/-http3$/, '')));
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: metadata.labels,
      annotations: { ...helmMarks(map(metadata.annotations)), ...map(own.annotations) },
    },
    spec: {
      type: own.type ?? 'LoadBalancer',
      selector: spec.selector,
      ports: exposed.map(({ nodePort: _, ...port }) => port),
      ...map(own.spec),
    },
  };
  return { named: { kind: 'Service', namespace, name }, manager: helmManager, object };
}

function helmMarks(annotations: Json): Json {
  return Object.fromEntries(Object.entries(annotations).filter(([k]) => k.startsWith('meta.helm.sh/')));
}

/** A merge patch from one to the other; undefined: they are alike. */
export function differenceOf(before: unknown, after: unknown): unknown {
  if (JSON.stringify(before) === JSON.stringify(after)) return undefined;
  if (!isMap(before) || !isMap(after)) return after ?? null;
  const patch: Json = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const difference = differenceOf(before[key], after[key]);
    if (difference !== undefined) patch[key] = difference;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** `a.b["c.d/e"]` as its steps. */
function stepsOf(path: string): readonly string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

function put(object: Json, steps: readonly string[], value: unknown): void {
  const [first = '', ...rest] = steps;
  if (rest.length === 0) object[first] = value;
  else {
    object[first] = map(object[first]);
    put(object[first] as Json, rest, value);
  }
}

function valueAt(object: Json | undefined, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((at, step) => map(at)[step], object);
}

/** Lists and numbers as the cluster has them; what is new is text. */
function typedAs(there: unknown, values: readonly string[]): unknown {
  if (Array.isArray(there) || values.length > 1) return values;
  return typeof there === 'string' ? values[0] : scalar(values[0] ?? '');
}

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function map(value: unknown): Json {
  return isMap(value) ? value : {};
}
