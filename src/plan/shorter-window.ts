/*
 * A shorter window in place: records that are re-pointed inside it get a short TTL before, the old one is waited out, and
 * it is restored at the end. Worth it only where the proof then computes a shorter window.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { because, type DraftChange, makeChange, type Wanted } from './draft.ts';
import { slug } from './repoint.ts';

const shortTtlSeconds = 60;

/** The changes with TTLs lowered before; undefined where there is nothing to lower. */
export function withShortTtls(
  start: Reader,
  changes: readonly DraftChange[],
): readonly DraftChange[] | undefined {
  const records = recordsInWindow(start, changes).filter((f) => f.value.ttlSeconds > shortTtlSeconds);
  const waits = changes.filter((c) => c.isInWindow && c.change.kind === 'wait');
  const cut = changes.findIndex((c) => c.isInWindow);
  const [wait] = waits;
  if (records.length === 0 || wait?.change.kind !== 'wait' || cut < 0) return undefined;
  const before: readonly DraftChange[] = [
    ...records.map((f) => ttlChange(start, f, 'lower')),
    {
      ...plain(wait),
      id: `${wait.id}-ttl`,
      title: `Wait ${wait.change.for.seconds} s until nobody has the long TTL any more`,
      phase: 'prepare',
    },
  ];
  const saved = Math.min(...records.map((f) => f.value.ttlSeconds)) - shortTtlSeconds;
  const kept = changes.map((c) => (waits.includes(c) ? shortened(c, saved) : c));
  const at = beforeBackWaits(changes, cut);
  return [
    ...kept.slice(0, at),
    ...before,
    ...kept.slice(at),
    ...records.map((f) => ttlChange(start, f, 'restore')),
  ];
}

/** Waits for rolling back stay next to the window that they clear up after. */
function beforeBackWaits(changes: readonly DraftChange[], cut: number): number {
  let at = cut;
  for (
    let c = changes[at - 1];
    c?.change.kind === 'wait' && c.change.direction === 'back';
    c = changes[at - 1]
  )
    at--;
  return at;
}

function shortened(wait: DraftChange, saved: number): DraftChange {
  if (wait.change.kind !== 'wait') return wait;
  const seconds = Math.max(1, wait.change.for.seconds - saved);
  const title = wait.title.replace(String(wait.change.for.seconds), String(seconds));
  return { ...wait, title, change: { ...wait.change, for: { ...wait.change.for, seconds } } };
}

function plain({ isInWindow, ...change }: DraftChange): DraftChange {
  return change;
}

function recordsInWindow(start: Reader, changes: readonly DraftChange[]): readonly Fact<'recordSet'>[] {
  const ids = changes.flatMap(({ isInWindow, change }) =>
    isInWindow && change.kind === 'set'
      ? change.settings.flatMap((s) => (s.of === 'recordSet' ? [s.id] : []))
      : [],
  );
  return [...new Set(ids)].flatMap((id) => start.get('recordSet', id) ?? []);
}

function ttlChange(start: Reader, fact: Fact<'recordSet'>, which: 'lower' | 'restore'): DraftChange {
  const { name, type, ttlSeconds, server } = fact.value;
  const isLower = which === 'lower';
  const made = makeChange(start, [{ fact, fields: { ttlSeconds: shortTtlSeconds } } as Wanted], {
    id: `${which}-ttl-${slug(`${server}-${name}-${type}`)}`,
    title: `${isLower ? 'Lower' : 'Restore'} the TTL of ${name} ${type} in ${server}`,
    phase: isLower ? 'prepare' : 'finish',
    because: isLower
      ? because(`caches keep ${name} ${type} for ${ttlSeconds} s, and the window lasts as long`, 'window', [
          fact.evidence,
        ])
      : because(`the TTL of ${name} ${type} was ${ttlSeconds} s`, 'durability', [fact.evidence]),
  });
  if (isLower || made.change.kind === 'wait') return made;
  const settings = made.change.settings.map((s) => ({ ...s, before: s.after, after: s.before }));
  return { ...made, change: { kind: 'set', settings: settings as typeof made.change.settings } };
}
