/*
 * What the snapshot does not hold, as gaps: listed files that are missing, files that nobody listed, words that mean
 * nothing, and the kinds that no complete file of a system holds.
 */
import { type SnapshotFile, systemOf } from '#adapters/source.ts';
import type { Gap } from '#estate/evidence.ts';
import { allHolds, expectedHolds, kindsOfHold, kindsOfHolds } from '#estate/holds.ts';
import type { Kind } from '#estate/kinds.ts';
import type { ListedFile } from './manifest.ts';

export interface Contents {
  readonly listed: ReadonlyMap<string, ListedFile>;
  readonly files: readonly SnapshotFile[];
  readonly absent: readonly string[];
}

/** Every gap of completeness, in a fixed order. */
export function completenessGaps(contents: Contents, isRead: (path: string) => boolean): readonly Gap[] {
  const there = new Set(contents.files.map((f) => f.path));
  const listed = [...contents.listed.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return [
    ...listed.flatMap((l) => listedGaps(l, there, isRead)),
    ...contents.files.filter((f) => !contents.listed.has(f.path) && isRead(f.path)).map(unlistedGap),
    ...settingsGap(contents, there),
    ...missingHolds(contents, there),
  ];
}

function listedGaps(l: ListedFile, there: ReadonlySet<string>, isRead: (path: string) => boolean): Gap[] {
  const gaps: Gap[] = [];
  const place = placeOf(l.path, kindsOfHolds(l.holds, l.path.split('/')[0]));
  const evidence = { file: 'snapshot.json', object: l.path };
  if (isOutside(l.path)) {
    return [
      {
        id: `refused:${l.path}`,
        kinds: place.kinds,
        what: `${l.path} leaves the snapshot; it was not read`,
        evidence,
      },
    ];
  }
  if (!there.has(l.path))
    gaps.push({
      id: `missing:${l.path}`,
      ...place,
      what: `${l.path} is listed in snapshot.json but not there`,
      expected: l.holds.length > 0 ? `a file that holds ${l.holds.join(', ')}` : 'the file',
      evidence,
    });
  else if (!isRead(l.path))
    gaps.push({ id: `no-reader:${l.path}`, ...place, what: `nothing reads ${l.path}`, evidence });
  else if (!l.complete)
    gaps.push({ id: `partial:${l.path}`, ...place, what: `${l.path} was collected in part only`, evidence });
  for (const hold of l.holds)
    if (kindsOfHold(hold) === undefined && !isObjectKind(hold, l.path))
      gaps.push({
        id: `unknown-word:${l.path}:${hold}`,
        kinds: [],
        what: `snapshot.json says that ${l.path} holds ${hold}, which means nothing`,
        expected: `one of ${allHolds().join(', ')}`,
        evidence,
      });
  return gaps;
}

/** Any capitalised word may be a Kubernetes kind that is read for references only. */
function isObjectKind(hold: string, path: string): boolean {
  return path.startsWith('cluster/') && /^[A-Z][A-Za-z0-9]*$/.test(hold);
}

function unlistedGap(file: SnapshotFile): Gap {
  return {
    id: `unlisted:${file.path}`,
    ...placeOf(file.path, []),
    what: `${file.path} is not listed in snapshot.json: it was read, but what it leaves out is not known`,
    expected: 'an entry in snapshot.json that says what the file holds completely',
    evidence: { file: file.path },
  };
}

function missingHolds(contents: Contents, there: ReadonlySet<string>): Gap[] {
  const folders = new Map<string, Set<string>>(Object.keys(expectedHolds).map((f) => [f, new Set()]));
  const complete = new Map<string, Set<string>>();
  const listedPaths = [...contents.listed.keys()].filter((p) => !isOutside(p));
  for (const path of [...there, ...listedPaths]) {
    const system = systemOf(path);
    if (system !== undefined) folders.get(path.split('/')[0] ?? '')?.add(system);
  }
  for (const l of contents.listed.values()) {
    const system = systemOf(l.path);
    if (system === undefined) continue;
    const words = complete.get(system) ?? new Set();
    for (const h of l.holds) words.add(h.split(':', 1)[0] ?? h);
    complete.set(system, words);
  }
  return [...folders].flatMap(([folder, systems]) =>
    systems.size === 0
      ? noSystemGap(folder, contents.absent)
      : [...systems].sort().flatMap((s) => systemGaps(folder, s, complete.get(s), contents.absent)),
  );
}

/** A listed file that is missing or partial has a gap of its own, so here it counts as held. */
function systemGaps(
  folder: string,
  system: string,
  held: ReadonlySet<string> | undefined,
  absent: readonly string[],
): Gap[] {
  return (expectedHolds[folder] ?? [])
    .filter((hold) => !held?.has(hold) && !isAbsent(absent, system, hold))
    .map((hold) => ({
      id: `not-collected:${system}/${hold}`,
      ...placeOf(`${system}/`, kindsOfHold(hold) ?? []),
      what: `no complete file of ${system} holds ${hold}`,
      expected: `a file listed in snapshot.json that holds ${hold}, or "${system}/${hold}" under "absent"`,
    }));
}

function noSystemGap(folder: string, absent: readonly string[]): Gap[] {
  if (absent.includes(folder)) return [];
  return [
    {
      id: `not-collected:${folder}`,
      kinds: kindsOfHolds([], folder),
      what: `nothing of the folder ${folder}/ was collected`,
      expected: `files below ${folder}/NAME/, or "${folder}" under "absent" in snapshot.json if there is none`,
    },
  ];
}

function settingsGap(contents: Contents, there: ReadonlySet<string>): Gap[] {
  if (there.has('sightline.yaml') || contents.listed.has('sightline.yaml')) return [];
  return [
    {
      id: 'not-collected:sightline.yaml',
      kinds: kindsOfHold('Settings') ?? [],
      what: 'there is no sightline.yaml: where flows start and what must not break is not known',
      expected: 'sightline.yaml beside snapshot.json',
    },
  ];
}

/** Whether `absent` names the folder, the system, what is held, or one of these within another. */
export function isAbsent(absent: readonly string[], system: string, hold: string): boolean {
  const folder = system.split('/', 1)[0] ?? '';
  return [folder, system, hold, `${folder}/${hold}`, `${system}/${hold}`].some((a) => absent.includes(a));
}

/** Mentions and what logs say belong to no one system, so their gaps do not either. */
function placeOf(path: string, kinds: readonly Kind[]): { system?: string; kinds: readonly Kind[] } {
  const folder = path.split('/')[0] ?? '';
  const system = systemOf(path.endsWith('/') ? `${path}x` : path);
  return system === undefined || folder === 'source' || folder === 'log' ? { kinds } : { system, kinds };
}

function isOutside(path: string): boolean {
  return path.startsWith('/') || path.includes('\\') || path.split('/').includes('..');
}
