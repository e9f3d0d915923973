/*
 * Changes that a person makes: the instructions are shown, and what was done is then seen by reading back or probing.
 * "Done" alone counts for nothing: a change that nothing can see is not taken on here.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';

export interface OperatorWorld {
  /** Screens and commands for the change, as Markdown. */
  instructions(change: PlannedChange): string;
  /** Shows them (and, from the second time on, what is still seen) and waits for the person. */
  ask(change: PlannedChange, instructions: string, stillSeen?: string): Promise<'done' | 'stop'>;
  /** Reads the system back, or probes what the change must bring; undefined: this setting cannot be seen. */
  seeing(system: string, setting: Setting): ((change: PlannedChange) => Promise<Observed>) | undefined;
  /** How often the person is asked again while the change is not seen. */
  readonly asks?: number;
}

export function operatorActuator(world: OperatorWorld): Actuator {
  const see = async (change: PlannedChange): Promise<Observed> => {
    if (change.change.kind !== 'set') return { kind: 'other', says: 'a wait is never written' };
    const seen: Observed[] = [];
    for (const look of looks(world, change)) seen.push(await look(change));
    return together(seen);
  };
  return {
    name: 'operator',
    can: (system, setting) => world.seeing(system, setting) !== undefined,
    preflight: async (change) => {
      const now = await see(change);
      return now.kind === 'unreachable'
        ? [`${change.title}: it could not be seen afterwards: ${now.says}`]
        : [];
    },
    observe: see,
    write: (change) => asked(world, change, see),
  };
}

/** One look for each way of seeing, however many settings share it. */
function looks(world: OperatorWorld, change: PlannedChange) {
  if (change.change.kind !== 'set') return [];
  const all = change.change.settings.flatMap((s) => world.seeing(change.through.system, s) ?? []);
  return [...new Set(all)];
}

async function asked(
  world: OperatorWorld,
  change: PlannedChange,
  see: (change: PlannedChange) => Promise<Observed>,
): Promise<WriteOutcome> {
  const instructions = world.instructions(change);
  let stillSeen: string | undefined;
  for (let i = 0; i < (world.asks ?? 3); i++) {
    const answer = await world.ask(change, instructions, stillSeen);
    const now = await see(change);
    if (now.kind === 'after') return { kind: 'written' };
    if (answer === 'stop') {
      return now.kind === 'before'
        ? {
            kind: 'refused',
            says: 'you stopped; nothing is changed',
            hint: 'resume when you want to make it, or roll back',
          }
        : { kind: 'unknown', says: `you stopped; ${textOf(now)}` };
    }
    stillSeen = textOf(now);
  }
  return { kind: 'unknown', says: `it is not seen: ${stillSeen ?? ''}` };
}

function textOf(seen: Observed): string {
  return 'says' in seen ? seen.says : 'the system is still as it was';
}

/** The worst of several looks; partly done is something of its own, which goes on being asked for. */
function together(seen: readonly Observed[]): Observed {
  const bad = seen.find((s) => s.kind === 'unreachable') ?? seen.find((s) => s.kind === 'other');
  if (bad !== undefined) return bad;
  if (seen.length > 0 && seen.every((s) => s.kind === 'after')) return { kind: 'after' };
  if (seen.every((s) => s.kind === 'before')) return { kind: 'before' };
  return { kind: 'other', says: 'a part of it is done, and a part is not' };
}
