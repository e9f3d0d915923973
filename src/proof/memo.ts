/*
 * Kept walks. A walk is good wherever nothing that it read differs: the keys of its facts, the absences and the
 * collections. What a state does not touch of a flow's read set is never walked again, also after the plan was edited.
 */
import { type Flow, flowText } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import { type ReadKey, recordingReader } from '#estate/estate.ts';
import type { World } from '#plan/world.ts';
import type { View } from './view.ts';

/** A walk with everything that it depends on. */
export interface Kept {
  readonly walk: Walk;
  readonly reads: ReadonlySet<ReadKey>;
}

interface Shape {
  readonly reads: ReadonlySet<ReadKey>;
  /** By the versions of what was read, as far as a view touches it. */
  readonly bySignature: Map<string, Kept>;
}

export class Memo {
  readonly #world: Pick<World, 'walk'>;
  readonly #shapes = new Map<string, Shape[]>();
  readonly #byView = new WeakMap<View, Map<string, Kept>>();
  walks = 0;
  asked = 0;

  constructor(world: Pick<World, 'walk'>) {
    this.#world = world;
  }

  /** The walk of the flow in the view, kept or fresh. */
  walk(view: View, flow: Flow, key: string = flowKey(flow)): Kept {
    this.asked++;
    let ofView = this.#byView.get(view);
    if (ofView === undefined) {
      ofView = new Map();
      this.#byView.set(view, ofView);
    }
    const known = ofView.get(key);
    if (known !== undefined) return known;
    const kept = this.#fromParent(view, key) ?? this.#fromShapes(view, key) ?? this.#fresh(view, flow, key);
    ofView.set(key, kept);
    return kept;
  }

  #fromParent(view: View, key: string): Kept | undefined {
    const parent = view.parent;
    const kept = parent && this.#byView.get(parent.view)?.get(key);
    if (parent === undefined || kept === undefined) return undefined;
    return parent.differs.some((k) => kept.reads.has(k)) ? undefined : kept;
  }

  #fromShapes(view: View, key: string): Kept | undefined {
    for (const shape of this.#shapes.get(key) ?? []) {
      const kept = shape.bySignature.get(signatureOf(view, shape.reads));
      if (kept !== undefined) return kept;
    }
    return undefined;
  }

  #fresh(view: View, flow: Flow, key: string): Kept {
    this.walks++;
    const reads = new Set<ReadKey>();
    const walk = this.#world.walk(
      recordingReader(view.reader, (k) => reads.add(k)),
      flow,
    );
    const shapes = this.#shapes.get(key) ?? [];
    this.#shapes.set(key, shapes);
    const shape = shapes.find((s) => sameSet(s.reads, reads)) ?? newShape(shapes, reads);
    const kept: Kept = { walk, reads: shape.reads };
    shape.bySignature.set(signatureOf(view, shape.reads), kept);
    return kept;
  }
}

/** Text that tells flows apart, headers included. */
export function flowKey(flow: Flow): string {
  const headers = flow.headers === undefined ? '' : JSON.stringify(flow.headers);
  return `${flowText(flow)} ${flow.source ?? ''} ${headers}`;
}

function newShape(shapes: Shape[], reads: ReadonlySet<ReadKey>): Shape {
  const shape: Shape = { reads, bySignature: new Map() };
  shapes.push(shape);
  return shape;
}

function signatureOf(view: View, reads: ReadonlySet<ReadKey>): string {
  let signature = '';
  for (const [key, version] of view.versions) if (reads.has(key)) signature += `${key}=${version};`;
  return signature;
}

function sameSet(a: ReadonlySet<ReadKey>, b: ReadonlySet<ReadKey>): boolean {
  if (a.size !== b.size) return false;
  for (const key of b) if (!a.has(key)) return false;
  return true;
}
