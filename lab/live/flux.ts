/*
 * A GitOps controller in the lab for repositories that are applied by themselves: what a file states is applied to the
 * cluster soon after it was changed, and what it states no longer is taken away. Of Helm releases it renders those of the
 * chart ingress-nginx: the Service of the controller, and which Service it publishes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { Json, KubernetesStandIn, Named } from '../stand-ins/kubernetes.ts';

/** Between two looks. */
const everyMs = 200;

export class LabFlux {
  readonly #root: string;
  readonly #kube: KubernetesStandIn;
  readonly #timer: NodeJS.Timeout;
  #applied: ReadonlyMap<string, Json>;
  #text: string;

  /** Manifests below the root count as applied at the start. */
  constructor(root: string, kube: KubernetesStandIn) {
    this.#root = root;
    this.#kube = kube;
    this.#text = this.#read();
    this.#applied = objectsIn(this.#text);
    this.#timer = setInterval(() => this.look(), everyMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Applies what was changed since the last look. */
  look(): void {
    const text = this.#read();
    if (text === this.#text) return;
    const wanted = objectsIn(text);
    for (const key of new Set([...this.#applied.keys(), ...wanted.keys()])) {
      this.#apply(this.#applied.get(key), wanted.get(key));
    }
    this.#text = text;
    this.#applied = wanted;
  }

  /** By server-side apply, as Flux's controllers do: fields that are stated no longer go with it. */
  #apply(before: Json | undefined, after: Json | undefined): void {
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    if (after !== undefined) {
      const { manager, object } = renderedOf(after);
      this.#kube.apply(object, manager);
      if (after.kind === 'HelmRelease') this.#publish(before, after, manager);
    } else if (before !== undefined) this.#kube.write(namedAs(renderedOf(before).object), () => null);
  }

  /** An argument of the controller, where the values change it. */
  #publish(before: Json | undefined, after: Json, manager: string): void {
    const argument = `--publish-service=${publishedBy(after)}`;
    if (before !== undefined && publishedBy(before) === publishedBy(after)) return;
    const named = { ...namedAs(renderedOf(after).object), kind: 'Deployment' };
    const put = (key: string, value: unknown) =>
      key === 'args' && Array.isArray(value)
        ? value.map((a) => (String(a).startsWith('--publish-service=') ? argument : a))
        : value;
    this.#kube.write(named, (live) => (live ? (JSON.parse(JSON.stringify(live, put)) as Json) : null), {
      manager,
    });
  }

  #read(): string {
    const files = readdirSync(this.#root, { recursive: true, encoding: 'utf8' });
    const manifests = files.filter((f) => /\.ya?ml$/.test(f)).sort();
    return manifests.map((f) => readFileSync(join(this.#root, f), 'utf8')).join('\n---\n');
  }
}

function objectsIn(text: string): ReadonlyMap<string, Json> {
  const objects = loadAll(text).filter((o): o is Json => typeof o === 'object' && o !== null);
  return new Map(objects.map((o) => [JSON.stringify(namedAs(o)), o]));
}

/** What is applied, and by which of the controllers. */
function renderedOf(object: Json): { readonly manager: string; readonly object: Json } {
  return object.kind === 'HelmRelease'
    ? { manager: 'helm-controller', object: controllerService(object) }
    : { manager: 'kustomize-controller', object };
}

/** The controller's own Service, unless the values name another. */
function publishedBy(release: Json): string {
  const { name } = release.metadata as { name: string };
  const { pathOverride } = at(release.spec, 'values', 'controller', 'publishService');
  return typeof pathOverride === 'string' ? pathOverride : `$(POD_NAMESPACE)/${name}-controller`;
}

/** What the chart makes of `controller.service`; the rest of the release is not rendered. */
function controllerService(release: Json): Json {
  const { name, namespace } = release.metadata as { name: string; namespace: string };
  const values = at(release.spec, 'values', 'controller', 'service');
  const { annotations, enabled: _, ...spec } = values;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}-controller`, namespace, annotations: annotations ?? {} },
    spec: { type: 'LoadBalancer', ...spec },
  };
}

function at(value: unknown, ...path: readonly string[]): Json {
  const found = path.reduce<unknown>((v, key) => (v as Json | undefined)?.[key], value);
  return (found ?? {}) as Json;
}

function namedAs(object: Json): Named {
  const { name, namespace } = object.metadata as { name: string; namespace?: string };
  return { kind: String(object.kind), name, ...(namespace !== undefined && { namespace }) };
}
