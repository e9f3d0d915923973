/*
 * A setting as work on one object: which object, whether it is as before or as after, and what it would be once written.
 * Pure; what cannot be written is said in words.
 */
import type { NameRule } from '#estate/dns.ts';
import type { Middleware } from '#estate/ingress.ts';
import type { Service, Workload } from '#estate/kubernetes.ts';
import { serviceManifest } from '#estate/service-manifest.ts';
import type { Setting } from '#plan/change.ts';
import type { ObjectRef } from './api.ts';
import { type Json, mapOf } from './decode.ts';
import { valueAt, withValue } from './diff.ts';
import type { Kept } from './kept.ts';
import { corefilePlace, middlewarePlace } from './other-places.ts';
import { serviceFields } from './service-fields.ts';
import { isSame, type Place, publishedServicePlace, workloadPlaces } from './workload-fields.ts';

/** `both`: before and after are the same there. */
export type Compared =
  | { readonly kind: 'before' | 'after' | 'both' }
  | { readonly kind: 'other'; readonly says: string };

export interface Item {
  /** The first of them that exists; several where the kind is not known. */
  readonly refs: readonly ObjectRef[];
  readonly deed: 'create' | 'delete' | 'patch';
  /** undefined: the object is not there. */
  compare(live: Json | undefined): Compared;
  /** The object as it is to become; a text: why not. */
  wanted(live: Json, kept: Kept | undefined): Json | string;
  /** Paths that writing it may touch, for keeping what is there. */
  touched(live: Json): readonly (readonly string[])[];
}

const core = (kind: string, plural: string) => ({ group: '', version: 'v1', kind, plural });
const workloads: Readonly<Record<string, Omit<ObjectRef, 'namespace' | 'name'>>> = {
  Deployment: { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments' },
  DaemonSet: { group: 'apps', version: 'v1', kind: 'DaemonSet', plural: 'daemonsets' },
  StatefulSet: { group: 'apps', version: 'v1', kind: 'StatefulSet', plural: 'statefulsets' },
  CronJob: { group: 'batch', version: 'v1', kind: 'CronJob', plural: 'cronjobs' },
};

/** The setting as work on an object; a text: why this adapter cannot write it. */
export function itemOf(setting: Setting): Item | string {
  const parts = setting.id.split('/');
  const [, namespace = '', name = ''] = parts;
  switch (setting.of) {
    case 'service':
      return serviceItem(setting, { ...core('Service', 'services'), namespace, name });
    case 'workload': {
      const [, , type = '', own = ''] = parts;
      const kind = workloads[type];
      if (kind === undefined || setting.before === null || setting.after === null)
        return `${setting.id} cannot be made or removed here`;
      const places = workloadPlaces(
        type,
        setting.before as Partial<Workload>,
        setting.after as Partial<Workload>,
      );
      return typeof places === 'string' ? places : placeItem([{ ...kind, namespace, name: own }], places);
    }
    case 'ingress': {
      const fields = Object.keys({ ...setting.before, ...setting.after });
      if (fields.join() !== 'publishedService')
        return `${fields.join(', ')} of an ingress cannot be written here`;
      const place = publishedServicePlace(setting.before?.publishedService, setting.after?.publishedService);
      const kinds = [workloads.Deployment, workloads.DaemonSet].filter((k) => k !== undefined);
      return placeItem(
        kinds.map((k) => ({ ...k, namespace, name })),
        [place],
      );
    }
    case 'middleware': {
      const place = middlewarePlace(
        (setting.before ?? {}) as Partial<Middleware>,
        (setting.after ?? {}) as Partial<Middleware>,
      );
      const kind = { group: 'traefik.io', version: 'v1alpha1', kind: 'Middleware', plural: 'middlewares' };
      return typeof place === 'string' ? place : placeItem([{ ...kind, namespace, name }], [place]);
    }
    case 'nameRule': {
      const rule = (side: Partial<NameRule> | null) => side?.rule;
      const place = corefilePlace(rule(setting.before), rule(setting.after));
      const map = { ...core('ConfigMap', 'configmaps'), namespace: 'kube-system', name: 'coredns' };
      return typeof place === 'string' ? place : placeItem([map], [place]);
    }
    default:
      return `a ${setting.of} cannot be written through the Kubernetes API here`;
  }
}

function placeItem(refs: readonly ObjectRef[], places: readonly Place[]): Item {
  return {
    refs,
    deed: 'patch',
    touched: () => [],
    compare: (live) => {
      if (live === undefined) return { kind: 'other', says: 'it is not there' };
      const all = places.map((p) => ({ p, is: p.read(live) }));
      return together(all.map(({ p, is }) => sideOf(p.says, is, p.before, p.after)));
    },
    wanted: (live) => {
      let made: Json = live;
      for (const p of places) {
        const put = p.put(made, p.after);
        if (typeof put === 'string') return put;
        made = put;
      }
      return made;
    },
  };
}

function serviceItem(setting: Setting & { of: 'service' }, ref: ObjectRef): Item | string {
  const { before, after } = setting;
  if (before === null && after === null) return 'it says nothing';
  if (before === null || after === null)
    return wholeService(ref, (before ?? after) as Service, after !== null);
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])] as (keyof Service)[];
  const unknown = fields.filter((f) => serviceFields[f] === undefined);
  if (unknown.length > 0) return `${unknown.join(', ')} of a Service cannot be written`;
  return {
    refs: [ref],
    deed: 'patch',
    touched: (live) =>
      fields.flatMap((f) => [
        ...(serviceFields[f]?.paths(live) ?? []),
        ...(serviceFields[f]?.dependents ?? []),
      ]),
    compare: (live) => {
      if (live === undefined) return { kind: 'other', says: 'it is not there' };
      return together(
        fields.map((f) =>
          sideOf(f, likePlan(f, serviceFields[f]?.read(live), before, after), before[f], after[f]),
        ),
      );
    },
    wanted: (live, kept) => {
      const put = fields.reduce<Json>((o, f) => serviceFields[f]?.put(o, after[f] as never) ?? o, live);
      return kept === undefined ? put : restored(put, kept, fields.includes('ports'));
    },
  };
}

/** Ports are compared without node ports where the plan names none. */
function likePlan(
  field: keyof Service,
  value: unknown,
  before: Partial<Service>,
  after: Partial<Service>,
): unknown {
  const names = [...(before.ports ?? []), ...(after.ports ?? [])].some((p) => p.nodePort !== undefined);
  if (field !== 'ports' || names) return value;
  return (value as Service['ports']).map(({ nodePort, ...port }) => port);
}

/** Values exactly as they were kept; of ports only the node ports, unless the ports themselves were written. */
function restored(object: Json, kept: Kept, ownPorts: boolean): Json {
  const made = kept.values.reduce<Json>((o, { path, value }) => {
    const isPorts = path.join('.') === 'spec.ports' && !ownPorts;
    return withValue(o, path, isPorts ? withNodePorts(valueAt(o, path), value) : value);
  }, object);
  const annotations = valueAt(made, ['metadata', 'annotations']);
  const isEmpty = annotations !== undefined && Object.keys(mapOf(annotations)).length === 0;
  return isEmpty ? withValue(made, ['metadata', 'annotations'], undefined) : made;
}

function withNodePorts(ports: unknown, kept: unknown): unknown {
  if (!Array.isArray(ports) || !Array.isArray(kept)) return ports;
  return ports.map((p: Json) => {
    const same = (kept as readonly Json[]).find((k) => k.port === p.port && k.protocol === p.protocol);
    return same?.nodePort === undefined ? p : { ...p, nodePort: same.nodePort };
  });
}

/** A Service that appears or goes. */
function wholeService(ref: ObjectRef, value: Service, isCreated: boolean): Item | string {
  if (JSON.stringify(value).includes('[secret]'))
    return 'an annotation of it was hidden as a secret and cannot be written';
  const [absent, present] = isCreated ? (['before', 'after'] as const) : (['after', 'before'] as const);
  return {
    refs: [ref],
    deed: isCreated ? 'create' : 'delete',
    touched: () => [[]],
    compare: (live) => {
      if (live === undefined) return { kind: absent };
      if (mapOf(live.metadata).deletionTimestamp !== undefined) return { kind: 'before' };
      const wrong = differences(live, value);
      return wrong.length === 0
        ? { kind: present }
        : { kind: 'other', says: `it is there with another ${wrong.join(', ')}` };
    },
    wanted: (_, kept) => (kept?.values[0]?.value as Json | undefined) ?? serviceManifest(value),
  };
}

/** Fields that somebody wrote and that differ; what controllers add does not count. */
function differences(live: Json, value: Service): readonly string[] {
  const fields = (Object.keys(serviceFields) as (keyof Service)[]).filter((f) => {
    const is = likePlan(f, serviceFields[f]?.read(live), {}, f === 'ports' ? { ports: value.ports } : {});
    return value[f] !== undefined && !isSame(is, value[f]);
  });
  const stated = (field: 'labels' | 'annotations') => {
    const is = mapOf(mapOf(live.metadata)[field]);
    return Object.entries(value[field]).some(([k, v]) => is[k] !== v);
  };
  return [...fields, ...(['labels', 'annotations'] as const).filter(stated)];
}

function sideOf(says: string, is: unknown, before: unknown, after: unknown): Compared {
  const [isBefore, isAfter] = [isSame(is, before), isSame(is, after)];
  if (isBefore && isAfter) return { kind: 'both' };
  if (isBefore) return { kind: 'before' };
  if (isAfter) return { kind: 'after' };
  return {
    kind: 'other',
    says: `${says} is ${is === undefined ? 'absent' : (JSON.stringify(is) ?? '').slice(0, 120)}`,
  };
}

/** All of one side; a mixture is nobody's. */
export function together(all: readonly Compared[]): Compared {
  const other = all.find((c) => c.kind === 'other');
  if (other !== undefined) return other;
  const kinds = new Set(all.map((c) => c.kind));
  if (kinds.has('before') && kinds.has('after'))
    return { kind: 'other', says: 'a part is as before and a part as after' };
  return { kind: kinds.has('after') ? 'after' : kinds.has('before') ? 'before' : 'both' };
}
