/*
 * What was found for one reading of an estate and holds for another: outcomes of flows that nothing hangs on of what
 * differs. States are the same where the same facts are laid over either reading; what is not found here is found anew.
 */
import { type Estate, keysTouched, type ReadKey } from '#estate/estate.ts';
import { canonical } from '#estate/fingerprint.ts';
import { questionsReading } from './kept.ts';
import type { Choices, Outcomes } from './known.ts';
import type { OutcomeQuestion } from './memo.ts';
import type { CheckedFlow, Session } from './session.ts';
import { editsOf } from './view.ts';

/** What a session found, by the ids of views and faults. */
export interface KnownById {
  /** Of each fault the id of the start with it. */
  readonly starts: ReadonlyMap<string, string>;
  readonly underFault: ReadonlyMap<string, Outcomes>;
  readonly outcomes: ReadonlyMap<string, Outcomes>;
  readonly bad: ReadonlyMap<string, readonly (boolean | undefined)[]>;
  readonly leaves: ReadonlyMap<string, Choices>;
}

export function faultKey(fault: string, leaf: string, view: string): string {
  return `${fault}\n\n${leaf}\n\n${view}`;
}

export function leafKey(view: string, held: string): string {
  return `${view}\n\n${held}`;
}

export class Carried {
  readonly #found: KnownById;
  /** Numbers that the flows had, by those that they have; undefined: nothing is carried. */
  readonly #numbers: readonly (number | undefined)[];

  constructor(found: KnownById, numbers: readonly (number | undefined)[]) {
    this.#found = found;
    this.#numbers = numbers;
  }

  outcomes(view: string): Outcomes | undefined {
    return this.#renumbered(this.#found.outcomes.get(view));
  }

  bad(view: string): (boolean | undefined)[] | undefined {
    return this.#renumbered(this.#found.bad.get(view));
  }

  /** `start`: the start with the fault, which the outcomes were compared with. */
  underFault(fault: string, start: string, leaf: string, view: string): Outcomes | undefined {
    if (this.#found.starts.get(fault) !== start) return undefined;
    return this.#renumbered(this.#found.underFault.get(faultKey(fault, leaf, view)));
  }

  /** Leaves of flows, of the earlier session's views. */
  leaves(view: string, held: string): Choices | undefined {
    return this.#renumbered(this.#found.leaves.get(leafKey(view, held)));
  }

  #renumbered<T>(values: readonly T[] | undefined): T[] | undefined {
    if (values === undefined) return undefined;
    const out: T[] = [];
    for (const [now, before] of this.#numbers.entries()) {
      const value = before === undefined ? undefined : values[before];
      if (value !== undefined) out[now] = value;
    }
    return out;
  }
}

/** Kinds that judgements look up in the state, beside what the walks read. */
const judgedBy: readonly string[] = ['intendedRefusal', 'protectedPeople'];

/** What the earlier session found and holds for the estate; undefined: nothing does. */
export function carriedFrom(
  earlier: Session,
  estate: Estate,
  flows: readonly CheckedFlow[],
): Carried | undefined {
  if (canonical(estate.gaps) !== canonical(earlier.estate.gaps)) return undefined;
  const differing = [...editsOf(earlier.estate, estate)].map(([key, after]) => ({
    key,
    before: earlier.estate.facts.get(key),
    after,
  }));
  if (differing.some((w) => judgedBy.includes((w.before ?? w.after)?.kind ?? ''))) return undefined;
  const touched = readersOf(earlier, new Set(differing.flatMap(keysTouched)));
  const numbers = new Map<string, number>();
  for (const flow of earlier.flows) if (!touched.has(flow)) numbers.set(identity(flow), flow.id);
  return new Carried(
    earlier.known.byId(),
    flows.map((flow) => numbers.get(identity(flow))),
  );
}

/** Flows of the session of which some answer was made from one of the keys. */
function readersOf({ memo, flows }: Session, keys: ReadonlySet<ReadKey>): ReadonlySet<CheckedFlow> {
  const questions = flows.map((f) => memo.outcomeOf(f.flow, f.key));
  const reading = questionsReading(questions, keys);
  return new Set(flows.filter((_, i) => reading.has(questions[i] as OutcomeQuestion)));
}

function identity({ key, role }: CheckedFlow): string {
  return `${canonical(role)} ${key}`;
}
