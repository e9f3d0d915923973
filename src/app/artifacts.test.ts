/*
 * The example's change as committed: every file follows from its plan and proof, the diffs apply in order and come off
 * again, the scripts are valid, and nothing holds a secret.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readerOf } from '#estate/estate.ts';
import { redactText } from '#estate/secret.ts';
import type { ArtifactInput } from '#report/artifacts/context.ts';
import { allFiles, artifactInput, snapshotTexts } from './artifacts.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { moved, parsePlan, parseProof } from './plan-file.ts';

const example = 'examples/home-lab';

describe.each(['additive', 'in-place'] as const)('%s', (style) => {
  const folder = join(example, 'change', style);
  let input: ArtifactInput;
  beforeAll(async () => {
    const plan = parsePlan(readFileSync(join(folder, 'plan.json'), 'utf8'), 'plan.json');
    const proof = parseProof(readFileSync(join(folder, 'proof.json'), 'utf8'), 'proof.json', plan);
    if (proof.kind !== 'proved') throw new Error('not proved');
    const snapshot = await loadSnapshot(example);
    expect(moved(plan, snapshot)).toBeUndefined();
    const { estate } = snapshot;
    input = await artifactInput(plan, proof, readerOf(estate), await snapshotTexts(example));
  }, 60_000);

  it('is as committed (npm run examples makes it anew)', () => {
    const made = allFiles(input);
    expect(made.length).toBeGreaterThan(20);
    for (const file of made) expect(readFileSync(join(folder, file.path), 'utf8'), file.path).toBe(file.text);
    expect(filesBelow(folder).sort()).toEqual(made.map((f) => f.path).sort());
  });

  it('leaves nothing to be found by hand', () => {
    expect(input.missing).toEqual([]);
    expect(input.documents.flatMap((d) => d.unclear)).toEqual([]);
  });

  it('has scripts that a shell can read', () => {
    const scripts = allFiles(input).filter((f) => f.isExecutable);
    expect(scripts.length).toBeGreaterThan(2);
    for (const s of scripts) execFileSync('sh', ['-n'], { input: s.text });
  });

  it('holds none of the planted secrets', () => {
    for (const { path, text } of allFiles(input)) {
      expect(text, path).not.toMatch(/FAKE|\$2y\$|preauth/);
      expect(redactText(text), path).toBe(text);
    }
  });

  it('has diffs that apply in the order of the plan and come off in the other, byte for byte', () => {
    const checkout = mkdtempSync(join(tmpdir(), 'sightline-infra-'));
    try {
      cpSync(join(example, 'source/infra'), checkout, { recursive: true });
      const before = contents(checkout);
      const forward = input.files.map((f) => f.diff).concat(input.documents.map((d) => d.diff));
      const back = [...input.files]
        .reverse()
        .map((f) => f.undo)
        .concat(input.documents.map((d) => d.undo));
      for (const diff of forward) if (diff !== '') apply(checkout, diff);
      expect(contents(checkout)).not.toEqual(before);
      for (const diff of back) if (diff !== '') apply(checkout, diff);
      expect(contents(checkout)).toEqual(before);
    } finally {
      rmSync(checkout, { recursive: true });
    }
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name).slice(folder.length + 1));
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(filesBelow(folder).map((f) => [f, readFileSync(join(folder, f), 'utf8')]));
}

function apply(cwd: string, diff: string): void {
  execFileSync('git', ['apply', '-'], {
    cwd,
    input: diff,
    env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
  });
}
