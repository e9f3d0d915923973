/*
 * What can happen to any state: a node lost, an ingress pod on another node, a restart of MetalLB's controller or of a
 * speaker, an owner's next apply. A fault is a few writes laid over a state, judged after everything has settled again.
 */
import { type Reader, readerOver, removalOf, type Write, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { Kind } from '#estate/kinds.ts';
import { ownerApplies } from '#plan/owner.ts';
import { settle } from '#plan/settle.ts';
import type { World } from '#plan/world.ts';
import type { View } from './view.ts';

export interface Fault {
  /** Equal for the same fault in another state. */
  readonly id: string;
  readonly says: string;
  /** Nobody starts a flow there while the fault lasts. */
  silences(vantagePoint: string): boolean;
  writes(state: View): readonly Write[];
  /** What these hang on besides what they read of the state; left out: on nothing. */
  besides?(state: View): string;
}

/** Every fault of the estate, in a fixed order. */
export function faultsOf(world: World, start: Reader): readonly Fault[] {
  return [
    ...start.all('node').map((n) => nodeLost(start, n)),
    ...start.all('node').flatMap((n) => speakerRestarts(start, n)),
    ...podMoves(start),
    ...start.all('announcing').map((f) => controllerRestarts(world, f)),
    ...start.all('repository').flatMap((f) => ownerFault(world, start, f)),
  ];
}

/** Two faults at once: the second happens to the state that the first one left. */
export function pairsOf(
  faults: readonly Fault[],
  viewWith: (view: View, writes: readonly Write[]) => View,
): readonly Fault[] {
  return faults.flatMap((a, i) =>
    faults.slice(i + 1).map((b) => ({
      id: `${a.id} and ${b.id}`,
      says: `${a.says}, and ${b.says}`,
      silences: (from: string) => a.silences(from) || b.silences(from),
      besides: (view: View) => view.id,
      writes: (view: View) => {
        const first = a.writes(view);
        return [...first, ...b.writes(viewWith(view, first))];
      },
    })),
  );
}

function nodeLost(start: Reader, node: Fact<'node'>): Fault {
  const { cluster, name } = node.value;
  const slices = slicesWhere(cluster, (e) => (e.node === name ? undefined : e));
  const silenced = withoutSpeaker(cluster, name);
  const onNode = start.all('vantagePoint').filter(({ value: v }) => {
    const pod = v.pod === undefined ? undefined : start.get('pod', `${v.cluster ?? cluster}/${v.pod}`)?.value;
    return v.node === name || pod?.node === name;
  });
  const silent = new Set(onNode.map((v) => v.value.id));
  return {
    id: `node-lost ${cluster}/${name}`,
    says: `node ${name} is lost`,
    silences: (vantagePoint) => silent.has(vantagePoint),
    writes: ({ reader }) => [
      removalOf(reader, 'node', kindTable.node.id(node.value)),
      ...silenced(reader),
      ...reader
        .by('pod', 'node', `${cluster}/${name}`)
        .map((p) => removalOf(reader, 'pod', kindTable.pod.id(p.value))),
      ...slices(reader),
    ],
  };
}

function speakerRestarts(start: Reader, node: Fact<'node'>): readonly Fault[] {
  const { cluster, name } = node.value;
  const announcing = start.get('announcing', cluster)?.value;
  const speaks = announcing?.speakerNodes?.includes(name) ?? announcing !== undefined;
  if (!speaks || announcing?.program !== 'metallb') return [];
  const id = `speaker-restarts ${cluster}/${name}`;
  const says = `the speaker on ${name} restarts`;
  const silenced = withoutSpeaker(cluster, name);
  return [{ id, says, silences: nobody, writes: ({ reader }) => silenced(reader) }];
}

const nobody = () => false;

/** Writes that hang on the state alone. */
type Writes = (reader: Reader) => readonly Write[];

/** A fact as a fault leaves it is made once: in most states it is the same one. */
function once<K extends Kind>(make: (reader: Reader, fact: Fact<K>) => readonly Write[]) {
  const known = new WeakMap<Fact<K>, readonly Write[]>();
  return (reader: Reader, fact: Fact<K>): readonly Write[] => {
    const writes = known.get(fact) ?? make(reader, fact);
    known.set(fact, writes);
    return writes;
  };
}

function withoutSpeaker(cluster: string, node: string): Writes {
  return (reader) => {
    const announcing = reader.get('announcing', cluster)?.value;
    if (announcing === undefined) return [];
    const all = announcing.speakerNodes ?? reader.by('node', 'cluster', cluster).map((n) => n.value.name);
    const speakerNodes = all.filter((n) => n !== node);
    return [writeOf(reader, 'announcing', { ...announcing, speakerNodes })];
  };
}

type Endpoint = Fact<'endpointSlice'>['value']['endpoints'][number];

function slicesWhere(cluster: string, change: (endpoint: Endpoint) => Endpoint | undefined): Writes {
  const changed = once<'endpointSlice'>((reader, { value }) => {
    const endpoints = value.endpoints.flatMap((e) => change(e) ?? []);
    const isSame =
      endpoints.length === value.endpoints.length && endpoints.every((e, i) => e === value.endpoints[i]);
    return isSame ? [] : [writeOf(reader, 'endpointSlice', { ...value, endpoints })];
  });
  return (reader) =>
    reader.all('endpointSlice').flatMap((f) => (f.value.cluster === cluster ? changed(reader, f) : []));
}

/** An ingress pod that comes up on another node; pods of one node are alike. */
function podMoves(start: Reader): readonly Fault[] {
  return start.all('ingress').flatMap((f) => {
    const { cluster, namespace, podLabels } = f.value;
    const pods = start
      .by('pod', 'cluster', cluster)
      .filter((p) => p.value.namespace === namespace && matches(p.value.labels, podLabels));
    const nodes = start
      .by('node', 'cluster', cluster)
      .filter((n) => n.value.isSchedulable && n.value.isReady);
    const firstOnNode = new Map(pods.map((p) => [p.value.node, p] as const).reverse());
    return [...firstOnNode.values()].flatMap((p) =>
      nodes.flatMap((n) => (n.value.name === p.value.node ? [] : [podMoved(start, p, n.value.name)])),
    );
  });
}

function matches(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([k, v]) => labels[k] === v);
}

function podMoved(start: Reader, pod: Fact<'pod'>, node: string): Fault {
  const { cluster, namespace, name } = pod.value;
  const ref = `${namespace}/${name}`;
  const slices = slicesWhere(cluster, (e) => (e.pod === ref ? { ...e, node } : e));
  const moved = writeOf(start, 'pod', { ...pod.value, node });
  return {
    id: `pod-moved ${cluster}/${ref} ${node}`,
    says: `pod ${ref} comes up on ${node}`,
    silences: nobody,
    writes: ({ reader }) => [
      ...(reader.get('pod', kindTable.pod.id(pod.value)) ? [moved] : []),
      ...slices(reader),
    ],
  };
}

/**
 * The controller learns every Service anew. Since MetalLB 0.14.2 those that hold an address keep it against one that
 * changed; before, the order was open, and the one that changed may come last.
 */
function controllerRestarts(world: World, announcing: Fact<'announcing'>): Fault {
  const { cluster, version } = announcing.value;
  const isOld = version !== undefined && isBefore(version, [0, 14, 2]);
  return {
    id: `controller-restarts ${cluster}`,
    says: `MetalLB's controller of ${cluster} restarts`,
    silences: nobody,
    besides: ({ overlay }) =>
      [...overlay.keys()]
        .filter((k) => k.startsWith('service:'))
        .sort()
        .join(),
    writes: ({ reader, overlay }) => {
      const changed = new Set(isOld ? [] : overlay.keys());
      return settle(world, reader, reader, changed).flatMap((m) => m.writes);
    },
  };
}

function isBefore(version: string, than: readonly number[]): boolean {
  const parts = version.replace(/^v/, '').split(/[.-]/).map(Number);
  for (const [i, n] of than.entries()) {
    const part = parts[i] ?? 0;
    if (Number.isNaN(part) || part !== n) return part < n;
  }
  return false;
}

/** An owner that nobody starts does nothing by itself; that it lasts is asked at the end. */
function ownerFault(world: World, start: Reader, repository: Fact<'repository'>): readonly Fault[] {
  const { id } = repository.value;
  if (repository.value.applies === 'manual') return [];
  return [
    {
      id: `owner-applies ${id}`,
      says: `${id} applies itself`,
      silences: nobody,
      besides: ({ id: overlaid }) => overlaid,
      writes: (view) => {
        const now = view.reader.get('repository', id)?.value ?? repository.value;
        if (now.applies === 'manual') return [];
        const own = ownerApplies(start, view.reader, view.overlay, now);
        const after = readerOver(view.reader, own);
        return own.length === 0
          ? []
          : [...own, ...settle(world, view.reader, after).flatMap((m) => m.writes)];
      },
    },
  ];
}
