/*
 * Changes that a person makes: the instructions are shown, and what was done is then seen by reading back. "Done" alone
 * counts only where nothing at all can see the change, and is recorded as said, not seen.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';

export interface OperatorWorld {
  /** Whether a person makes this change of the system. */
  takesOn(system: string, setting: Setting): boolean;
  /** Screens and commands for the change, as Markdown. */
  instructions(change: PlannedChange): string | Promise<string>;
  /** Shows them (and, from the second time on, what is still seen) and waits for the person. */
  ask(change: PlannedChange, instructions: string, stillSeen?: string): Promise<'done' | 'stop'>;
  /** Reads the system back, or probes what the change must bring; undefined: nothing can see this setting. */
  seeing(system: string, setting: Setting): ((change: PlannedChange) => Promise<Observed>) | undefined;
  /** How often the person is asked again while the change is not seen. */
  readonly asks?: number;
}

export function operatorActuator(world: OperatorWorld): Actuator {
  const told = new Set<string>();
  const see = (change: PlannedChange) => observe(world, change, told);
  return {
    name: 'operator',
    can: (system, setting) => world.takesOn(system, setting),
    preflight: async (change) => {
      const now = await see(change);
      return now.kind === 'unreachable'
        ? [`${change.title}: it could not be seen afterwards: ${now.says}`]
        : [];
    },
    observe: see,
    write: (change) => asked(world, change, see, told),
  };
}

/** What can be seen of the change; of the rest, what the person said in this run. */
async function observe(
  world: OperatorWorld,
  change: PlannedChange,
  told: ReadonlySet<string>,
): Promise<Observed> {
  if (change.change.kind !== 'set') return { kind: 'other', says: 'a wait is never written' };
  const { looks, isUnseen } = looksAt(world, change);
  const seen: Observed[] = [];
  for (const look of looks) seen.push(await look(change));
  const isTold = told.has(wordOf(change));
  if (looks.length === 0) return isTold ? { kind: 'after', isSaid: true } : { kind: 'before' };
  const now = together(seen);
  if (now.kind !== 'after' || !isUnseen) return now;
  return isTold ? { kind: 'after', isSaid: true } : { kind: 'before' };
}

/** One look for each way of seeing, however many settings share it, and whether some setting has none. */
function looksAt(world: OperatorWorld, { change, through }: PlannedChange) {
  const found = change.kind === 'set' ? change.settings.map((s) => world.seeing(through.system, s)) : [];
  const looks = [...new Set(found.flatMap((l) => l ?? []))];
  return { looks, isUnseen: found.includes(undefined) };
}

/** The change in its direction: what was said of it says nothing of its undo. */
function wordOf({ id, change }: PlannedChange): string {
  return `${id} ${JSON.stringify(change)}`;
}

async function asked(
  world: OperatorWorld,
  change: PlannedChange,
  see: (change: PlannedChange) => Promise<Observed>,
  told: Set<string>,
): Promise<WriteOutcome> {
  const instructions = await world.instructions(change);
  let stillSeen: string | undefined;
  for (let i = 0; i < (world.asks ?? 3); i++) {
    const answer = await world.ask(change, instructions, stillSeen);
    if (answer === 'done') told.add(wordOf(change));
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
  if (seen.every((s) => s.kind === 'after')) return { kind: 'after' };
  if (seen.every((s) => s.kind === 'before')) return { kind: 'before' };
  return { kind: 'other', says: 'a part of it is done, and a part is not' };
}
