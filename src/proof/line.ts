/*
 * The line: every position between writes, forward, and rolling back from each of them. "Outcome unknown" adds none:
 * the write happened or it did not, and both neighbours are on the line.
 */
import type { FactKey } from '#estate/fact.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Change, PlannedChange } from '#plan/change.ts';
import type { Plan, Stage } from '#plan/plan.ts';
import type { Move } from '#plan/settle.ts';
import { answerText, type Held, heldId, holdAfter, holdPast, nothingHeld } from './held.ts';
import { isCached } from './hold.ts';
import type { Moves } from './moves.ts';
import type { StatePoint } from './result.ts';
import type { View, Views } from './view.ts';

/** One position with what the world holds and what caches may hold. */
export interface LinePoint {
  readonly point: StatePoint;
  readonly view: View;
  readonly held: Held;
  /** Equal for points of equal view, held answers and windowed stage. */
  readonly id: string;
  /** Stage that the point lies in: of the change last made, or last taken back. undefined at the start. */
  readonly stage?: Stage;
  /** Changes done and not taken back: their undo is needed from here. */
  readonly done: readonly PlannedChange[];
  /** The change that would be made next; undefined at the end and when rolling back. */
  readonly next?: PlannedChange;
  /** Point that this one came from; undefined at the start. */
  readonly from?: LinePoint;
  /** Positions that this point stands for: rolling back from different places often meets. */
  readonly times: number;
  /** false: the world is still moving by itself after a write. */
  readonly isSettled: boolean;
}

export interface Line {
  readonly forward: readonly LinePoint[];
  /** Rolling back, without what equals a point already listed. */
  readonly back: readonly LinePoint[];
  /** Every position in both directions, equal ones counted each time. */
  readonly positions: number;
  /** A change that cannot be made where the plan makes it. */
  readonly impossible?: { readonly at: LinePoint; readonly change: PlannedChange; readonly says: string };
}

interface Numbered {
  readonly planned: PlannedChange;
  readonly stage: Stage;
}

/** All positions of the plan from the estate of the views. */
export function lineOf(all: Moves, views: Views, plan: Plan): Line {
  const changes = plan.stages.flatMap((stage) => stage.changes.map((planned) => ({ planned, stage })));
  const forward: LinePoint[] = [startOf(views, changes)];
  for (const [i, numbered] of changes.entries()) {
    const last = forward.at(-1) as LinePoint;
    const stepped = step(all, views, last, numbered, 'forward', changes[i + 1]?.planned);
    if (typeof stepped === 'string') {
      const impossible = { at: last, change: numbered.planned, says: stepped };
      return { forward, back: [], positions: forward.length, impossible };
    }
    forward.push(...stepped);
  }
  return { forward, ...rollingBack(all, views, forward, changes) };
}

function startOf(views: Views, changes: readonly Numbered[]): LinePoint {
  const next = changes[0]?.planned;
  const point: StatePoint = { position: 0, direction: 'forward' };
  return {
    point,
    view: views.base,
    held: nothingHeld,
    id: idOf(views.base, nothingHeld, undefined),
    done: [],
    times: 1,
    isSettled: true,
    ...(next && { next }),
  };
}

function rollingBack(all: Moves, views: Views, forward: readonly LinePoint[], changes: readonly Numbered[]) {
  const known = new Map<string, { readonly point: LinePoint; times: number }>();
  const stuck: LinePoint[] = [];
  let positions = forward.length;
  for (const from of forward) {
    let at: LinePoint = from;
    for (let i = from.done.length - 1; i >= 0; i--) {
      const numbered = changes[i];
      if (numbered === undefined) break;
      const stepped = step(all, views, at, turned(all, numbered), 'back');
      if (typeof stepped === 'string') {
        const says = `cannot be taken back: ${stepped}`;
        stuck.push({ ...at, point: { ...at.point, direction: 'back', says } });
        break;
      }
      positions += stepped.length;
      for (const p of stepped) count(known, p);
      at = stepped.at(-1) ?? at;
    }
  }
  return {
    back: [...[...known.values()].map(({ point, times }) => ({ ...point, times })), ...stuck],
    positions,
  };
}

function count(known: Map<string, { readonly point: LinePoint; times: number }>, p: LinePoint): void {
  const id = `${p.done.length}|${p.isSettled}|${p.id}`;
  const same = known.get(id);
  if (same === undefined) known.set(id, { point: p, times: 1 });
  else same.times++;
}

function turned(all: Moves, numbered: Numbered): Numbered {
  return { ...numbered, planned: all.turned(numbered.planned) };
}

/** Points that one change makes, or why it cannot be made. */
function step(
  all: Moves,
  views: Views,
  from: LinePoint,
  { planned, stage }: Numbered,
  direction: 'forward' | 'back',
  next?: PlannedChange,
): readonly LinePoint[] | string {
  const done = direction === 'forward' ? [...from.done, planned] : from.done.slice(0, -1);
  const point: StatePoint = { position: done.length, direction, after: planned.id };
  const common = { point, stage, done, from, times: 1, ...(next && { next }) };
  if (planned.change.kind === 'wait') {
    const held = isWaited(planned.change, direction) ? holdPast(from.held, planned.change) : from.held;
    return [{ ...common, view: from.view, held, id: idOf(from.view, held, stage), isSettled: true }];
  }
  const simulated = all.of(from.view, planned);
  return simulated.ok ? pointsOf(views, common, simulated.moves) : simulated.says;
}

/** Kinds that no walk reads: states that differ in them only are one state to every flow. */
const unread = /^(mention|statedSetting|monitor|systemAccess|repository|helmRelease):/;

function idOf(view: View, held: Held, stage: Stage | undefined): string {
  return `${walkedId(view)}|${heldId(held)}|${stage?.window === undefined ? '' : stage.id}`;
}

const walkedIds = new WeakMap<View, string>();

function walkedId(view: View): string {
  const known = walkedIds.get(view);
  if (known !== undefined) return known;
  const lines = view.id.split('\n').flatMap((l) => (unread.test(l) ? [] : answerLine(view, l)));
  const id = lines.join('\n');
  walkedIds.set(view, id);
  return id;
}

/** Of a cached answer only what it says: a state in which no more than its TTL is another is the same to every flow. */
function answerLine({ overlay, base }: View, line: string): readonly string[] {
  const key = line.slice(0, line.lastIndexOf('#')) as FactKey;
  const kind = key.slice(0, key.indexOf(':')) as Kind;
  if (!isCached(kind)) return [line];
  const now = answerText(overlay.get(key));
  return now === answerText(base.get(kind, key.slice(kind.length + 1))) ? [] : [`${key}#${now}`];
}

function isWaited(change: Change, direction: 'forward' | 'back'): boolean {
  return change.kind === 'wait' && (change.direction === undefined || change.direction === direction);
}

type Common = Pick<LinePoint, 'point' | 'stage' | 'done' | 'next' | 'times'> & { readonly from: LinePoint };

function pointsOf(views: Views, common: Common, moves: readonly Move[]): readonly LinePoint[] {
  const points: LinePoint[] = [];
  let at = common.from;
  for (const [i, move] of moves.entries()) {
    const held = holdAfter(at.view.reader, at.held, move.writes);
    const view = views.with(at.view, move.writes);
    const point = i === 0 ? common.point : { ...common.point, says: move.says };
    const id = idOf(view, held, common.stage);
    at = { ...common, point, view, held, id, from: at, isSettled: i === moves.length - 1 } as LinePoint;
    points.push(at);
  }
  return points;
}
