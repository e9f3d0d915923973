/*
 * A GitOps controller in the lab for repositories that are applied by themselves: what a file states is applied to the
 * cluster soon after it was changed, and what it states no longer is taken away. Of Helm releases it renders those of the
 * chart ingress-nginx, as far as the Service of the controller goes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { mergePatch } from '../stand-ins/kubernetes/merge-patch.ts';
import type { Json, KubernetesStandIn, Named } from '../stand-ins/kubernetes.ts';
import { differenceOf } from './render.ts';

const manager = 'kustomize-controller';
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

  #apply(before: Json | undefined, after: Json | undefined): void {
    const difference = differenceOf(before, after);
    const object = after ?? before;
    if (difference === undefined || object === undefined) return;
    const write = (live: Json | undefined) => {
      if (after === undefined) return null;
      return live === undefined ? after : (mergePatch(live, difference) as Json);
    };
    this.#kube.write(namedAs(object), write, { manager });
  }

  #read(): string {
    const files = readdirSync(this.#root, { recursive: true, encoding: 'utf8' });
    const manifests = files.filter((f) => /\.ya?ml$/.test(f)).sort();
    return manifests.map((f) => readFileSync(join(this.#root, f), 'utf8')).join('\n---\n');
  }
}

function objectsIn(text: string): ReadonlyMap<string, Json> {
  const objects = loadAll(text).filter((o): o is Json => typeof o === 'object' && o !== null);
  const applied = objects.map((o) => (o.kind === 'HelmRelease' ? controllerService(o) : o));
  return new Map(applied.map((o) => [JSON.stringify(namedAs(o)), o]));
}

/** What the chart makes of `controller.service`; the rest of the release is not rendered. */
function controllerService(release: Json): Json {
  const { name, namespace } = release.metadata as { name: string; namespace: string };
  const values = at(release.spec, 'values', 'controller', 'service');
  const { annotations, enabled: _, ...spec } = values;
  return {
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
