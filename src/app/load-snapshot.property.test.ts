/* For every file of the example: without it, no fact is new, and none says something else without a gap. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Discovery, Source } from '#adapters/source.ts';
import { readerOf } from '#estate/estate.ts';
import { canonical } from '#estate/fingerprint.ts';
import { loadSnapshot, type Snapshot } from './load-snapshot.ts';
import { snapshotSources } from './wire.ts';

it('never says more with a file less, and never something else without a gap', {
  timeout: 120_000,
}, async () => {
  const sources = remembering(await snapshotSources());
  const example = 'examples/home-lab';
  const whole = await loadSnapshot(example, { sources });
  const root = await mkdtemp(join(tmpdir(), 'sightline-test-'));
  await cp(example, root, { recursive: true });
  const listed = whole.files.map((f) => f.path).filter((p) => p !== 'README.md' && !p.startsWith('plan-'));
  expect(listed.length).toBeGreaterThan(20);
  for (const p of listed) {
    await rm(join(root, p));
    const less = await loadSnapshot(root, { sources });
    await cp(join(example, p), join(root, p));
    expect(surprises(whole, less), `without ${p}`).toEqual([]);
    expect(less.estate.gaps.map((g) => g.id)).toContain(`missing:${p}`);
  }
  await rm(root, { recursive: true });
});

/** Facts that only the smaller snapshot has, or that state something else there without a gap that would explain it. */
function surprises(whole: Snapshot, less: Snapshot): readonly string[] {
  const reader = readerOf(less.estate);
  return [...less.estate.facts].flatMap(([key, f]) => {
    const before = whole.estate.facts.get(key);
    if (before === undefined) return [`${key} is new`];
    const was = before.value as unknown as Readonly<Record<string, unknown>>;
    const others = Object.entries(f.value).filter(
      ([k, v]) => v !== undefined && canonical(v) !== canonical(was[k]),
    );
    return others.length === 0 || reader.gap(f.kind) !== undefined
      ? []
      : [`${key} changed in ${others[0]?.[0]}`];
  });
}

/** Sources that read the same files once: what is tested is the files that are missing. */
function remembering(sources: readonly Source[]): readonly Source[] {
  return sources.map((source) => {
    const known = new Map<string, Promise<Discovery>>();
    const discover: Source['discover'] = (files, context) => {
      const key = [...files.map((f) => f.path), ...context.systems].join('|');
      const found = known.get(key) ?? source.discover(files, context);
      known.set(key, found);
      return found;
    };
    return { name: source.name, matches: (path) => source.matches(path), discover };
  });
}
