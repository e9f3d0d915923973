/*
 * Flows to look at under a fault: of each class one whose own objects it leaves alone, and each one whose it does not,
 * unless that one fails at the start under the same fault: then nothing of it can be broken.
 */
import type { DnsName } from '#net/name.ts';
import type { Judge } from './case.ts';
import type { Fault } from './faults.ts';
import { healthOf } from './judge.ts';
import type { CheckedFlow, Member, Session } from './session.ts';
import type { View } from './view.ts';

export interface FlowUnderFaults {
  readonly flow: CheckedFlow;
  /** Places of the faults among all of them. */
  readonly faults: readonly number[];
}

export class FaultFlows {
  readonly #session: Session;
  readonly #judge: Judge;
  readonly #flows: readonly CheckedFlow[];
  readonly #known = new Map<Fault, readonly CheckedFlow[]>();
  #byFlow: readonly FlowUnderFaults[] | undefined;
  #working: readonly CheckedFlow[] | undefined;

  constructor(session: Session, judge: Judge, flows: readonly CheckedFlow[]) {
    this.#session = session;
    this.#judge = judge;
    this.#flows = flows;
  }

  /** The flows that are looked at under the fault. */
  of(fault: Fault): readonly CheckedFlow[] {
    const known = this.#known.get(fault);
    if (known !== undefined) return known;
    const { views, known: shared } = this.#session;
    const start = shared.under(fault, views.base, views.base).view;
    const touched = this.#touched(start);
    this.#working ??= this.#flows.filter((f) => f.role.kind !== 'name' || !this.#isBad(views.base, f));
    const flows = this.#working
      .filter((f) => !fault.silences(f.flow.from))
      .flatMap((f) => (f.members === undefined ? [f] : this.#members(f.members, start, touched)));
    this.#known.set(fault, flows);
    return flows;
  }

  /** The same the other way round: under which faults each flow is looked at. */
  byFlow(faults: readonly Fault[]): readonly FlowUnderFaults[] {
    if (this.#byFlow !== undefined) return this.#byFlow;
    const out = new Map<CheckedFlow, number[]>();
    for (const [i, fault] of faults.entries()) {
      for (const flow of this.of(fault)) {
        const its = out.get(flow);
        if (its === undefined) out.set(flow, [i]);
        else its.push(i);
      }
    }
    this.#byFlow = [...out].map(([flow, its]) => ({ flow, faults: its }));
    return this.#byFlow;
  }

  /** A name that does not work at the start cannot be broken, by a fault least of all. */
  #isBad(view: View, flow: CheckedFlow): boolean {
    const bad = this.#session.known.bad(view);
    const is = bad[flow.id] ?? healthOf(this.#judge.outcomeIn(view, flow).value) === 'bad';
    bad[flow.id] = is;
    return is;
  }

  #members(members: readonly Member[], start: View, touched: ReadonlySet<DnsName>): readonly CheckedFlow[] {
    const untouched = members.find((m) => !touched.has(m.name));
    const own = members.filter((m) => touched.has(m.name) && !this.#isBad(start, m.flow));
    return [...(untouched ? [untouched] : []), ...own].map((m) => m.flow);
  }

  /** Names of which the fault touches an object of their own. */
  #touched(start: View): ReadonlySet<DnsName> {
    const names = [...this.#session.classes].filter(([, of]) => of.own.some((k) => start.overlay.has(k)));
    return new Set(names.map(([name]) => name));
  }
}
