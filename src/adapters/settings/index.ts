/* Reads sightline.yaml: what no system can tell. The schema is published as docs/sightline.schema.json. */
import type { Discovery, SnapshotContext, SnapshotFile, Source } from '#adapters/source.ts';
import { SightlineError } from '#estate/error.ts';
import type { Gap } from '#estate/evidence.ts';
import { kindsOfHold } from '#estate/holds.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Problem } from './decode.ts';

export const settingsSource = {
  name: 'settings',
  matches: (path) => path === 'sightline.yaml',
  discover,
} satisfies Source;

const kindsOfSection: Readonly<Record<string, readonly Kind[]>> = {
  vantagePoints: ['vantagePoint'],
  resolvers: ['resolver'],
  exposure: ['publicAddress'],
  'exposure.publicAddresses': ['publicAddress'],
  bridges: ['unmanagedHop'],
  unmanaged: ['unmanagedHop'],
  protected: ['protectedEndpoint', 'protectedPeople'],
  'protected.endpoints': ['protectedEndpoint'],
  'protected.people': ['protectedPeople'],
  intended: ['intendedRefusal'],
  invariants: ['ownInvariant'],
  accept: ['acceptedGap'],
  repositories: ['repository', 'systemAccess'],
  releases: ['helmRelease', 'repository'],
  documents: ['mention'],
  systems: ['systemAccess'],
  monitors: ['monitor'],
  durations: ['durations'],
  names: [],
  'names.direct': [],
  format: [],
};

async function discover(files: readonly SnapshotFile[], context: SnapshotContext): Promise<Discovery> {
  const [file] = files;
  if (file === undefined) return { facts: [], gaps: [] };
  let text: string;
  try {
    text = await file.text();
  } catch (error) {
    if (!(error instanceof SightlineError)) throw error;
    return { facts: [], gaps: [{ id: `unreadable:${file.path}`, kinds: allKinds(), what: error.message }] };
  }
  const [{ decodeSettings }, { convertSettings }] = await Promise.all([
    import('./decode.ts'),
    import('./convert.ts'),
  ]);
  const decoded = decodeSettings(text);
  const clusters = context.systems.filter((s) => s.startsWith('cluster/')).map((s) => s.slice(8));
  const converted = convertSettings(decoded, file.path, clusters);
  const gaps = decoded.problems.map((p) => problemGap(p, file.path));
  return { facts: converted.facts, gaps: [...gaps, ...converted.gaps] };
}

function problemGap(p: Problem, file: string): Gap {
  const place = `${file}:${p.line}:${p.column}`;
  return {
    id: `settings:${place}`,
    kinds: kindsOfSection[p.section] ?? allKinds(),
    what: `${place}: ${p.what}`,
    expected: 'what docs/sightline.schema.json describes',
    evidence: { file, line: p.line },
  };
}

function allKinds(): readonly Kind[] {
  return kindsOfHold('Settings') ?? [];
}
