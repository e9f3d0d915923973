/*
 * Makes examples/home-lab/change/: the founding design's change in both styles, as files that its owner could use. The plan
 * is found and proved anew; `--keep-plans` takes the committed one and makes only what follows from it. `--check` writes
 * nothing and ends with 1 where the committed files differ.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allFiles, artifactInput, loadArtifactInput, snapshotTexts, writeArtifacts } from '#app/artifacts.ts';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { planSnapshot } from '#app/plan.ts';
import { readerOf } from '#estate/estate.ts';
import type { Style } from '#plan/plan.ts';
import type { ArtifactFile } from '#report/artifacts/blocks.ts';

const example = 'examples/home-lab';
const styles: readonly Style[] = ['additive', 'in-place'];
const isCheck = process.argv.includes('--check');
const keepsPlans = process.argv.includes('--keep-plans');

process.chdir(new URL('..', import.meta.url).pathname);
const snapshot = await loadSnapshot(example);
for (const style of styles) {
  const folder = join(example, 'change', style);
  const input = keepsPlans
    ? await loadArtifactInput({ plan: join(folder, 'plan.json') })
    : await inputOf(style);
  if (isCheck) report(folder, differences(folder, allFiles(input)));
  else console.log(`${folder}: ${(await writeArtifacts(folder, input)).length} files`);
}

async function inputOf(style: Style) {
  const question = {
    snapshot: example,
    move: 'traefik/traefik',
    to: '10.0.20.203',
    policy: 'local',
    style,
  } as const;
  const { outcome, proof } = planSnapshot(snapshot, question);
  if (outcome.kind !== 'planned' || proof?.kind !== 'proved') {
    throw new Error(
      `${style}: ${outcome.kind}, ${proof?.kind ?? 'no proof'}: ${'says' in outcome ? outcome.says : ''}`,
    );
  }
  const { elapsedMs: _, ...counts } = proof.counts;
  return artifactInput(
    outcome.plan,
    { ...proof, counts },
    readerOf(snapshot.estate),
    await snapshotTexts(example),
  );
}

function differences(folder: string, files: readonly ArtifactFile[]): readonly string[] {
  const wanted = new Map(files.map((f) => [f.path, f.text]));
  const there = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name).slice(folder.length + 1));
  const differing = [...wanted].filter(
    ([path, text]) => !there.includes(path) || readFileSync(join(folder, path), 'utf8') !== text,
  );
  return [...differing.map(([path]) => path), ...there.filter((path) => !wanted.has(path))];
}

function report(folder: string, differing: readonly string[]): void {
  if (differing.length === 0) console.log(`${folder}: as committed`);
  else {
    console.error(`${folder} differs: ${differing.join(', ')}\n  npm run examples makes it anew`);
    process.exitCode = 1;
  }
}
