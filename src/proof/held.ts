/* Answers from before that a cache may still give: per record the earlier versions, until a wait has outlived them. */
import type { Reader, Write } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { WaitChange } from '#plan/change.ts';
import { type Hold, holdOf, isCached } from './hold.ts';

/** One earlier answer; `fact` undefined: that there was none. */
export interface HeldVersion {
  readonly key: FactKey;
  readonly fact: Fact | undefined;
  readonly hold: Hold;
  /** Seconds of waiting that are still needed before nobody has it. */
  readonly remaining: number;
}

/** What may be held at one point of the line, ordered by key. */
export type Held = readonly HeldVersion[];

export const nothingHeld: Held = [];

/** After the writes: every answer that they end may be held from now on. `before` is the state that they are made on. */
export function holdAfter(before: Reader, held: Held, writes: readonly Write[]): Held {
  let out = held;
  for (const w of writes) {
    const kind = (w.before ?? w.after)?.kind;
    if (kind === undefined || !isCached(kind) || same(w.before, w.after)) continue;
    const hold = holdOf(before, w.before, w.after);
    out = adding(out, { key: w.key, fact: w.before, hold, remaining: hold.seconds });
  }
  return out;
}

/** After a wait: answers whose time is over are gone. A condition may come true at once, so it lets nothing end. */
export function holdPast(held: Held, wait: WaitChange): Held {
  if (wait.for.kind === 'condition') return held;
  const { seconds } = wait.for;
  return held.flatMap((h) => (h.remaining > seconds ? [{ ...h, remaining: h.remaining - seconds }] : []));
}

/** Equal where a flow may be given the same answers. For how long they are kept, and with which TTL, makes no difference. */
export function heldId(held: Held): string {
  const known = ids.get(held);
  if (known !== undefined) return known;
  const id = [...new Set(held.map((h) => `${h.key}#${answerText(h.fact)}`))].join('\n');
  ids.set(held, id);
  return id;
}

/** What the fact answers, without for how long. Equal answers lead to the same walk. */
export function answerText(fact: Fact | undefined): string {
  if (fact === undefined) return '-';
  const known = answers.get(fact);
  if (known !== undefined) return known;
  const text = canonical(timeless(fact.value));
  answers.set(fact, text);
  return text;
}

function timeless(value: unknown): unknown {
  const { ttlSeconds, ...rest } = value as { readonly ttlSeconds?: number; readonly rule?: object };
  if (rest.rule === undefined) return rest;
  const { ttlSeconds: _, ...rule } = rest.rule as { readonly ttlSeconds?: number };
  return { ...rest, rule };
}

const answers = new WeakMap<Fact, string>();

const ids = new WeakMap<Held, string>();

/** `dns/technitium: example.org A 10.0.20.200` */
export function heldText(held: HeldVersion): string {
  const { fact } = held;
  if (fact === undefined) return `${held.key}: that it does not exist`;
  if (fact.kind === 'recordSet') {
    const r = (fact as Fact<'recordSet'>).value;
    return `${r.server}: ${r.name} ${r.type} ${r.values.join(', ')} (TTL ${r.ttlSeconds} s)`;
  }
  return `${fact.key} as it was: ${valueText(fact)}`;
}

function adding(held: Held, version: HeldVersion): Held {
  const text = valueText(version.fact);
  const others = held.filter((h) => h.key !== version.key || valueText(h.fact) !== text);
  const known = held.find((h) => h.key === version.key && valueText(h.fact) === text);
  const longest = known !== undefined && known.remaining > version.remaining ? known : version;
  return [...others, longest].sort((a, b) =>
    compare(`${a.key}#${valueText(a.fact)}`, `${b.key}#${valueText(b.fact)}`),
  );
}

function same(a: Fact | undefined, b: Fact | undefined): boolean {
  return valueText(a) === valueText(b);
}

function valueText(fact: Fact | undefined): string {
  if (fact === undefined) return '-';
  const known = texts.get(fact);
  if (known !== undefined) return known;
  const text = canonical(fact.value);
  texts.set(fact, text);
  return text;
}

const texts = new WeakMap<Fact, string>();

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
