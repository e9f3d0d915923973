/* A small plan on the office's estate, and systems in memory that it is carried out on: what apply's tests share. */
import { join } from 'node:path';
import { loadSnapshot, type Snapshot } from '#app/load-snapshot.ts';
import type { RunSystems, SystemsOf } from '#app/run-core.ts';
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import type { Terminal } from '#cli/terminal.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { PlannedChange } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Attempt, Observation, Prober } from '#probe/prober.ts';
import { paletteFor } from '#report/style.ts';
import { apiChange, twoStages, waitOf } from '#test/planned.ts';

export const officeFolder = join(import.meta.dirname, '../../examples/nginx-office');

const aliasOf = (name: string) =>
  ({ firewall: 'edge', name, type: 'host', entries: ['172.20.4.90'], descr: 'test' }) as const;

function alias(name: string): PlannedChange {
  const after = aliasOf(name);
  const settings = [{ of: 'alias', id: `edge/${name}`, before: null, after }];
  return apiChange(`alias-${name}`, 'firewall/edge', settings, { title: `Create alias ${name} on edge` });
}

let snapshot: Promise<Snapshot> | undefined;

/** Two stages: an alias, a wait, an alias and probes; then an alias and a question. */
export async function officePlan(): Promise<Plan> {
  snapshot ??= loadSnapshot(officeFolder);
  const read = await snapshot;
  return twoStages(read, {
    path: officeFolder,
    first: [alias('one'), waitOf('wait-a-while', 60, 'a minute has passed', 'firewall/edge'), alias('two')],
    firstGate: { kind: 'probes', says: 'all' },
    second: [alias('three')],
    secondGate: { kind: 'confirm', asks: 'Good?' },
  });
}

/** Firewall and network of the office, in memory. */
export class Office {
  /** Setting id → its value as JSON; absent: null. */
  readonly values = new Map<string, string>();
  readonly writes: string[] = [];
  /** Outcome of the n-th write instead of its effect; `unknown` takes effect all the same. */
  readonly faults: (WriteOutcome | undefined)[] = [];
  /** Called before the n-th write. */
  onWrite: (n: number) => void = () => undefined;
  /** Called after it took effect. */
  afterWrite: (n: number) => void = () => undefined;
  /** What stands in the way of reading; false: nothing. */
  unreachable: () => string | false = () => false;
  /** false: no access is configured. */
  canWrite = true;
  /** Whether probes work. */
  works: (attempt: Attempt) => boolean = () => true;
  preflightSays: readonly string[] = [];
  /** What an owner would still change, by the change's id. */
  readonly unsettled = new Map<string, string>();

  readonly systems: SystemsOf = async (): Promise<RunSystems> => ({
    actuators: [this.#actuator()],
    probers: { at: (vantage) => (vantage === 'office' ? this.#prober() : undefined) },
    policy: { timeScale: 0, firstPauseMs: 1, settleMs: 20, tries: 2 },
  });

  #actuator(): Actuator {
    return {
      name: 'memory',
      can: (system) => this.canWrite && system === 'firewall/edge',
      preflight: async () => this.preflightSays,
      observe: async (change) => this.#observe(change),
      write: async (change) => this.#write(change),
      unsettled: async ({ id }) => this.unsettled.get(id),
    };
  }

  #observe({ change }: PlannedChange): Observed {
    if (change.kind === 'wait') return { kind: 'before' };
    const says = this.unreachable();
    if (says !== false) return { kind: 'unreachable', says };
    const isAt = (side: 'before' | 'after') =>
      change.settings.every((s) => (this.values.get(s.id) ?? 'null') === canonical(s[side]));
    if (isAt('after')) return { kind: 'after' };
    return isAt('before') ? { kind: 'before' } : { kind: 'other', says: 'somebody was here' };
  }

  #write({ id, change }: PlannedChange): WriteOutcome {
    const n = this.writes.length;
    this.onWrite(n);
    const fault = this.faults[n];
    this.writes.push(id);
    if (change.kind === 'set' && (fault === undefined || fault.kind === 'unknown'))
      for (const s of change.settings) this.#put(s.id, canonical(s.after));
    this.afterWrite(n);
    return fault ?? { kind: 'written' };
  }

  /** Somebody else makes the alias as the plan wants it. */
  make(id: string): void {
    this.#put(id, canonical(aliasOf(id.replace(/^edge\//, ''))));
  }

  #put(id: string, value: string): void {
    if (value === 'null') this.values.delete(id);
    else this.values.set(id, value);
  }

  #prober(): Prober {
    const seen = (ok: boolean): Observation => ({
      outcome: ok ? 'works' : 'fails',
      says: ok ? 'answers' : 'silence',
      ms: 1,
    });
    return { can: () => true, attempt: async (attempt) => seen(this.works(attempt)) };
  }
}

/** A terminal that keeps what it is told; `answers` are typed one after the other (none: nobody is there). */
export function paperTerminal(answers?: readonly string[]): {
  terminal: Terminal;
  text: () => string;
  out: () => string;
} {
  const lines: string[] = [];
  const outs: string[] = [];
  const left = [...(answers ?? [])];
  const palette = paletteFor(false);
  const terminal: Terminal = {
    out: (text) => {
      lines.push(text);
      outs.push(text);
    },
    note: (text) => void lines.push(text),
    palette,
    notePalette: palette,
    width: 100,
    isInteractive: answers !== undefined,
    env: {},
    ...(answers !== undefined && {
      ask: async (question: string) => {
        const answer = left.shift();
        if (answer === undefined) throw new Error('nobody answers');
        lines.push(`${question}${answer}`);
        return answer;
      },
    }),
  };
  return { terminal, text: () => lines.join('\n'), out: () => outs.join('\n') };
}
