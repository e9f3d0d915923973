/* A plan as a person writes it: YAML, read against its snapshot, every mistake with its line. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Document } from 'yaml';
import { messageOf, SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import type { PlannedChange } from '#plan/change.ts';
import { type DataPath, readWrittenPlan, type WrittenIssue, type WrongField } from '#plan/hand-written.ts';
import type { Plan } from '#plan/plan.ts';
import { realWorld } from '#plan/real-world.ts';
import { wrongPlaces } from './fact-schema/wrong.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';
import { bindTo } from './plan.ts';
import { linesOf, placeText } from './plan-places.ts';
import { plannedSchema } from './plan-schema.ts';

/** The plan and its snapshot: the other one, or the one that it names (its folder where it names none). Throws SightlineError `bad-plan`. */
export async function readYamlPlan(
  path: string,
  other?: string,
): Promise<{ readonly plan: Plan; readonly snapshot: Snapshot }> {
  const { document, lineOf } = linesOf(await text(path));
  const [error] = document.errors;
  if (error) throw badPlan(path, [{ path: [], says: messageOf(error) }]);
  const data = dataOf(path, document);
  const folder = other === undefined ? resolve(dirname(path), snapshotIn(data)) : resolve(other);
  const snapshot = await loadSnapshot(folder);
  const written = readWrittenPlan({
    data,
    lineOf,
    wrongIn,
    start: readerOf(snapshot.estate),
    world: realWorld,
    snapshot: { path: folder, takenAt: snapshot.takenAt ?? '', fingerprint: { files: {}, objects: {} } },
  });
  if (!written.ok) throw badPlan(path, written.issues);
  return { plan: bindTo(snapshot, written.plan), snapshot };
}

/** The data of the document; aliases that blow up are refused, and so is what is no map. */
function dataOf(path: string, document: Document): unknown {
  let data: unknown;
  try {
    data = document.toJS();
  } catch (error) {
    throw badPlan(path, [{ path: [], says: messageOf(error) }]);
  }
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data;
  throw badPlan(path, [{ path: [], line: 1, says: 'a plan is a map with format, goal and stages' }]);
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SightlineError('wrong-use', `no plan can be read from ${path}: ${messageOf(cause)}`, { cause });
  }
}

function snapshotIn(data: unknown): string {
  const named = (data as { readonly snapshot?: unknown } | null)?.snapshot;
  return typeof named === 'string' ? named : '.';
}

/** A change that was read is held to the shape that plan.json is held to. */
export function wrongIn(planned: PlannedChange): readonly WrongField[] {
  const found = plannedSchema.safeParse(JSON.parse(JSON.stringify(planned)), { reportInput: true });
  if (found.success) return [];
  return wrongPlaces(found.error).map(({ place, says }) => {
    const at = place.slice(place.findIndex((p) => p === 'before' || p === 'after') + 1) as DataPath;
    return { field: at, says: at.length === 0 ? says : `${placeText(at)}: ${says}` };
  });
}

function badPlan(path: string, issues: readonly WrittenIssue[]): SightlineError {
  const wrong = issues.map((i) => `${i.line === undefined ? '' : `line ${i.line}: `}${i.says}`);
  return new SightlineError('bad-plan', `${path} is no plan: ${wrong.slice(0, 5).join('; ')}`, {
    hint:
      wrong.length > 5
        ? `and ${wrong.length - 5} more places`
        : 'examples/home-lab/plan-as-written.yaml is one',
  });
}
