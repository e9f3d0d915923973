/*
 * The objects of the Kubernetes stand-in with one resourceVersion over all, what changed lately for watches, and the
 * addresses and ports that Services were given.
 */
import { canonical, copy, isMap, type Json, listOf, mapOf, need, textOf } from './json.ts';
import { apiVersionOf, guessResource, knownResources, type Resource } from './resources.ts';
import { type Allocations, portsOf } from './service.ts';

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: Resource;
  readonly object: Json;
  readonly version: number;
}

export interface Place {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

const kept = 2_000;

export class Store {
  readonly resources: Resource[] = [...knownResources];
  readonly #objects = new Map<string, Json>();
  readonly #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #version = 1_000;

  /** Puts objects as they are in a snapshot: lists are taken apart, nothing is defaulted. */
  seed(objects: readonly unknown[]): void {
    for (const object of objects) {
      if (!isMap(object)) continue;
      if (textOf(object.kind).endsWith('List') && Array.isArray(object.items)) this.seed(object.items);
      else this.#seedOne(copy(object));
    }
  }

  #seedOne(object: Json): void {
    const metadata = need(object, 'metadata');
    const isNamespaced = textOf(metadata.namespace) !== '';
    const resource = this.resourceOf(textOf(object.apiVersion), textOf(object.kind), isNamespaced);
    const version = Number(metadata.resourceVersion);
    if (Number.isFinite(version)) this.#version = Math.max(this.#version, version);
    else metadata.resourceVersion = String(this.#version);
    metadata.uid ??= crypto.randomUUID();
    metadata.creationTimestamp ??= '2026-01-01T00:00:00Z';
    this.#objects.set(keyOf(placeOf(resource, object)), object);
  }

  /** The resource of a kind; one that nobody knew becomes a custom resource. */
  resourceOf(apiVersion: string, kind: string, isNamespaced: boolean): Resource {
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    const known = this.resources.find((r) => r.kind === kind && r.group === group);
    if (known !== undefined) return known;
    const made = guessResource(apiVersion, kind, isNamespaced);
    this.resources.push(made);
    return made;
  }

  get version(): number {
    return this.#version;
  }

  get(place: Place): Json | undefined {
    return this.#objects.get(keyOf(place));
  }

  /** All of a resource, by namespace and name; namespace '' for every one. */
  list(resource: Resource, namespace = ''): readonly Json[] {
    const prefix = `${resource.group}/${resource.plural}/${namespace === '' ? '' : `${namespace}/`}`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix));
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  all(): readonly Json[] {
    return [...this.#objects.values()];
  }

  /** Stores it with the next version; equal content but for the version leaves everything as it is. */
  put(resource: Resource, object: Json): Json {
    const place = placeOf(resource, object);
    const live = this.get(place);
    if (live !== undefined && canonical(withoutVersion(live)) === canonical(withoutVersion(object)))
      return live;
    this.#version += 1;
    const stored = {
      ...object,
      metadata: { ...mapOf(object.metadata), resourceVersion: String(this.#version) },
    };
    this.#objects.set(keyOf(place), stored);
    this.#tell({
      type: live === undefined ? 'ADDED' : 'MODIFIED',
      resource,
      object: stored,
      version: this.#version,
    });
    return stored;
  }

  remove(place: Place): void {
    const live = this.get(place);
    if (live === undefined) return;
    this.#version += 1;
    this.#objects.delete(keyOf(place));
    const last = { ...live, metadata: { ...mapOf(live.metadata), resourceVersion: String(this.#version) } };
    this.#tell({ type: 'DELETED', resource: place.resource, object: last, version: this.#version });
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Changes after the version; undefined: too long ago. */
  since(version: number): readonly Change[] | undefined {
    const oldest = this.#history[0]?.version ?? this.#version + 1;
    if (this.#history.length === kept && version < oldest - 1) return undefined;
    return this.#history.filter((c) => c.version > version);
  }

  /** What Services hold, and the ranges of kubeadm's defaults. */
  allocations(): Allocations {
    const services = this.all().filter((o) => o.kind === 'Service');
    const ips = new Set(services.map((s) => textOf(mapOf(s.spec).clusterIP)));
    const ports = new Set<unknown>(
      services.flatMap((s) => [
        ...portsOf(mapOf(s.spec)).map((p) => p.nodePort),
        mapOf(s.spec).healthCheckNodePort,
      ]),
    );
    const range = rangeOf([...ips]);
    return {
      clusterIp: () => firstFree((n) => `${range}.${n >> 8}.${n & 255}`, 258, 65_534, ips),
      nodePort: () => firstFree((n) => n, 30_000, 32_767, ports),
      isNodePortFree: (port) => !ports.has(port),
    };
  }

  #tell(change: Change): void {
    this.#history.push(change);
    if (this.#history.length > kept) this.#history.shift();
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** First two numbers of the addresses that Services have. */
function rangeOf(ips: readonly string[]): string {
  const some = ips.find((ip) => /^\d+\.\d+\.\d+\.\d+$/.test(ip));
  return (some ?? '10.96.0.1').split('.').slice(0, 2).join('.');
}

function firstFree<T>(make: (n: number) => T, from: number, to: number, taken: Set<T> | Set<unknown>): T {
  for (let n = from; n <= to; n++) {
    const one = make(n);
    if (taken.has(one)) continue;
    (taken as Set<unknown>).add(one);
    return one;
  }
  throw new Error('the range is used up');
}

export function placeOf(resource: Resource, object: Json): Place {
  const metadata = mapOf(object.metadata);
  return { resource, namespace: textOf(metadata.namespace), name: textOf(metadata.name) };
}

function keyOf({ resource, namespace, name }: Place): string {
  return `${resource.group}/${resource.plural}/${namespace}/${name}`;
}

function withoutVersion(object: Json): Json {
  return { ...object, metadata: { ...mapOf(object.metadata), resourceVersion: '' } };
}

/** A List as the server sends it. */
export function listObject(resource: Resource, items: readonly Json[], version: number): Json {
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: { resourceVersion: String(version) },
    items: listOf(items).map((i) => ({ ...(i as Json) })),
  };
}
