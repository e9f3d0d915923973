/*
 * A Kubernetes API server with state (v1.34 in what it refuses): discovery, list, get, watch, create, update, delete,
 * patch in its four forms, managed fields and conflicts, dry runs, tokens with rules. Objects come from a snapshot.
 */
import { makeAuthority } from '#lab/hosts/certificate.ts';
import type { FaultChooser } from './faults.ts';
import type { Deed, User } from './kubernetes/access.ts';
import type { Json } from './kubernetes/json.ts';
import type { PodLog } from './kubernetes/pod-log.ts';
import { requestHandler } from './kubernetes/requests.ts';
import { statusFor } from './kubernetes/status.ts';
import { type Change, Store } from './kubernetes/store.ts';
import { create, patch, remove, update, type WriteOptions } from './kubernetes/writes.ts';
import { type Listener, startListener } from './listener.ts';

export type { PolicyRule, User } from './kubernetes/access.ts';
export { rulesIn } from './kubernetes/access.ts';
export type { PodLog } from './kubernetes/pod-log.ts';

export interface StartOptions {
  /** Raw objects or Lists, as a snapshot holds them. */
  readonly objects: readonly unknown[];
  /** HTTPS with a certificate of an authority of its own (default); false: plain HTTP. */
  readonly tls?: boolean;
  /** Besides the one who may do everything with `token`. */
  readonly users?: readonly User[];
  readonly host?: string;
  readonly port?: number;
  /** Logs of pods, as `pods/log` gives them. */
  readonly podLog?: PodLog;
  /** RFC 3339, whole seconds, for creationTimestamp and managedFields. */
  readonly now?: () => string;
}

/** One object by kind (`Service`), or `group/Kind` where two groups have it. */
export interface Named {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

export interface KubernetesStandIn {
  readonly url: string;
  /** May do everything. */
  readonly token: string;
  /** PEM of the authority; undefined: plain HTTP. */
  readonly ca: string | undefined;
  /** Every call so far that named a resource: what it wanted, and who. */
  readonly deeds: readonly (Deed & { readonly user: string })[];
  /** Everything that changes from now on, in order; returns how to stop it. */
  onChange(listener: (change: { type: Change['type']; kind: string; object: Json }) => void): () => void;
  objects(kind?: string): readonly Json[];
  get(named: Named): Json | undefined;
  /** A controller's write: what `change` returns is stored; null deletes. Goes through the same checks as a request. */
  write(
    named: Named,
    change: (object: Json | undefined) => Json | null,
    by?: Partial<WriteOptions>,
  ): Json | undefined;
  /** A GitOps controller's server-side apply of a whole object, which takes over what others own. */
  apply(object: Json, manager: string): Json;
  setFault(chooser: FaultChooser | undefined): void;
  /** Refuses connections until `up`. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it on loopback. */
export async function startKubernetes(options: StartOptions): Promise<KubernetesStandIn> {
  const store = new Store();
  store.seed(options.objects);
  const token = `stand-in-${crypto.randomUUID()}`;
  const users: User[] = [{ name: 'admin', token, rules: 'all' }, ...(options.users ?? [])];
  const now = options.now ?? (() => new Date().toISOString().replace(/\.\d+Z$/, 'Z'));
  const deeds: (Deed & { user: string })[] = [];
  const authority = options.tls === false ? undefined : makeAuthority('Kubernetes stand-in');
  const listener = await startListener({
    handle: requestHandler({
      store,
      users,
      now,
      record: (deed) => deeds.push(deed),
      ...(options.podLog && { podLog: options.podLog }),
    }),
    refusal: (status) => ({ status, body: JSON.stringify(statusFor(status).status()) }),
    ...(authority && { tls: authority.issue(['kubernetes', 'localhost', options.host ?? '127.0.0.1']) }),
    ...(options.host !== undefined && { host: options.host }),
    ...(options.port !== undefined && { port: options.port }),
  });
  return standIn({ store, listener, deeds, token, now, ca: authority?.cert });
}

interface Parts {
  readonly store: Store;
  readonly listener: Listener;
  readonly deeds: readonly (Deed & { user: string })[];
  readonly token: string;
  readonly now: () => string;
  readonly ca: string | undefined;
}

function standIn({ store, listener, deeds, token, now, ca }: Parts): KubernetesStandIn {
  const placeOf = ({ kind, namespace = '', name }: Named) => {
    const resource = store.resources.find((r) => r.kind === kind || `${r.group}/${r.kind}` === kind);
    if (resource === undefined) throw new Error(`no kind ${kind}`);
    return { resource, namespace, name };
  };
  return {
    url: `${ca === undefined ? 'http' : 'https'}://${listener.address}`,
    token,
    ca,
    deeds,
    onChange: (listener) =>
      store.onChange(({ type, resource, object }) => listener({ type, kind: resource.kind, object })),
    objects: (kind) => store.all().filter((o) => kind === undefined || o.kind === kind),
    get: (named) => store.get(placeOf(named)),
    write: (named, change, by) => {
      const place = placeOf(named);
      const options: WriteOptions = { ...byController, now: now(), ...by };
      const live = store.get(place);
      const next = change(live && structuredClone(live));
      if (next === null) {
        if (live !== undefined) remove(store, place, {}, false, now());
        return undefined;
      }
      return live === undefined ? create(store, place, next, options) : update(store, place, next, options);
    },
    apply: (object, manager) => {
      const { name = '', namespace = '' } = object.metadata as { name?: string; namespace?: string };
      const options: WriteOptions = { ...byController, now: now(), manager, isForced: true };
      const place = placeOf({ kind: String(object.kind), namespace, name });
      return patch(store, place, 'application/apply-patch+yaml', JSON.stringify(object), options);
    },
    setFault: (chooser) => listener.setFault(chooser),
    down: () => listener.down(),
    up: () => listener.up(),
    stop: () => listener.stop(),
  };
}

const byController = {
  manager: 'controller',
  isDryRun: false,
  isForced: false,
  isStrict: false,
  subresource: '',
} as const;

export type { Json } from './kubernetes/json.ts';
