/*
 * The person of a run: makes by hand what the plan says that a person makes, with instructions for exactly that change, and
 * is believed only where nothing can look.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Actuator } from '#apply/actuator.ts';
import { SightlineError } from '#estate/error.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import type { Plan } from '#plan/plan.ts';
import type { Proved } from '#proof/result.ts';
import { instruct } from '#report/artifacts/instruct.ts';
import { blocksToMarkdown } from '#report/runbook/blocks-markdown.ts';
import { artifactInput, snapshotTexts } from './artifacts.ts';
import { checkoutEdits } from './checkout-edits.ts';
import type { TextEdit } from './mentions-seen.ts';
import { exportFolder, ReadBack } from './read-back.ts';
import type { Places } from './run-actuators.ts';
import { handActuators } from './wire.ts';

/** Undefined: the plan leaves nothing to a person. */
export async function personFor(plan: Plan, proof: Proved, places: Places): Promise<Actuator | undefined> {
  const own = settingsByHand(plan, places);
  if (own.size === 0) return undefined;
  const { operatorActuator } = await handActuators();
  const readBack = new ReadBack(resolve(places.exports), places.reader, places.working);
  const input = await artifactInput(plan, proof, places.reader, await snapshotTexts(places.snapshot));
  const planned = new Map(plan.stages.flatMap((s) => s.changes).map((c) => [c.id, c]));
  const isForwardOf = (change: PlannedChange) =>
    JSON.stringify(planned.get(change.id)?.change) === JSON.stringify(change.change);
  const documents = await documentEdits(plan, places);
  const observe = (change: PlannedChange) => {
    const edits = documents.get(change.id);
    if (edits === undefined) return readBack.observe(change);
    if (isForwardOf(change)) return readBack.observeEdits(change.through.system, edits, 'before');
    const undone = edits.map((e) => ({ file: e.file, before: e.after, after: e.before }));
    return readBack.observeEdits(change.through.system, undone, 'after');
  };
  return operatorActuator({
    takesOn: (system, setting) => own.has(`${system} ${keyOf(setting)}`),
    seeing: (_, setting) => (readBack.canSee(setting) ? observe : undefined),
    instructions: async (change) => {
      const { make, check, files } = instruct(input, change.id, isForwardOf(change) ? 'forward' : 'back');
      const folder = join(dirname(places.exports), 'by-hand');
      for (const file of files) await keep(join(folder, file.path), file.text);
      const where = files.length > 0 ? `\n\nFiles that this names lie in ${folder}/.` : '';
      return `${blocksToMarkdown([...make, ...check])}${where}\n\n${howSeen(readBack, change, places)}`;
    },
    ask: places.byHand,
  });
}

/** Edits of documents in repositories, as the diffs show them; an edit that cannot be made without doubt is in no diff. */
async function documentEdits(plan: Plan, places: Places): Promise<ReadonlyMap<string, readonly TextEdit[]>> {
  const texts = await snapshotTexts(places.snapshot);
  const options = { checkout: () => '.', runsCommands: false };
  const edits = await checkoutEdits(plan, places.reader, texts, options).catch((error: unknown) => {
    if (error instanceof SightlineError) return new Map<string, never>();
    throw error;
  });
  return new Map(
    [...edits].flatMap(([id, { planned, files }]) => {
      const { by, system } = planned.through;
      if (by === 'repository' || files.length === 0) return [];
      return [[id, files.map((f) => ({ file: `${system}/${f.file}`, before: f.before, after: f.after }))]];
    }),
  );
}

/** Systems and settings of changes that the plan gives to a person; firewalls are a person's by default. */
function settingsByHand(plan: Plan, places: Places): ReadonlySet<string> {
  const changes = plan.stages.flatMap((s) => s.changes);
  const mine = changes.filter(
    ({ through: { by, system } }) =>
      (by === 'operator' || system.startsWith('firewall/')) && places.leavesToPerson?.(system) !== false,
  );
  return new Set(
    mine.flatMap(({ change, through }) =>
      change.kind === 'set' ? change.settings.map((s) => `${through.system} ${keyOf(s)}`) : [],
    ),
  );
}

function keyOf({ of, id }: Setting): string {
  return `${of}:${id}`;
}

/** Said before the change is made: how it will be seen, or that only the person's word will stand for it. */
function howSeen(readBack: ReadBack, { change, through }: PlannedChange, places: Places): string {
  const settings = change.kind === 'set' ? change.settings : [];
  if (!settings.some((s) => readBack.canSee(s)))
    return 'Nothing can see this change: when you say done, the run records that you said so, not that it was seen.';
  const own = readBack.readByItself(through.system);
  if (own.length > 0) return `It is then read back: ${own.join(', ')} (systems[].read of sightline.yaml).`;
  const where = exportFolder(places.exports, through.system);
  const what = through.system.startsWith('firewall/')
    ? 'its configuration (config.xml)'
    : `the files of ${through.system} that it changes, named as in the snapshot,`;
  return `Then save ${what} into ${where}/, so that it can be seen.`;
}

async function keep(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, text, { mode: 0o600 });
}
