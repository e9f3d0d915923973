/* A plan that is watched: proved at once, again after an edit of the plan and of the snapshot, and wrong files survived. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Proved, provings } from './prove-again.ts';

const plan = 'change/additive/plan.json';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-watch-'));
  const example = join(import.meta.dirname, '../../examples/home-lab');
  await cp(example, folder, { recursive: true });
  await edit(plan, (text) => text.replace('"examples/home-lab"', JSON.stringify(folder)));
});

afterAll(() => rm(folder, { recursive: true }));

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const path = join(folder, file);
  await writeFile(path, change(await readFile(path, 'utf8')));
}

function of(step: IteratorResult<Proved, unknown>): Proved {
  if (step.done) throw new Error('nothing is watched any more');
  return step.value;
}

const proofOf = (now: Proved) => (now.kind === 'proof' ? now.report.proof : undefined);

test('proved again after every edit', async () => {
  const stop = new AbortController();
  const proofs = provings(join(folder, plan), { faults: 0 }, stop.signal);
  const next = async () => of(await proofs.next());

  const first = proofOf(await next());
  expect(first?.kind).toBe('proved');

  const blank = next();
  await edit(plan, (text) => `${text}\n`);
  const second = proofOf(await blank);
  expect(second?.kind).toBe('proved');
  expect(second?.counts.walks).toBeLessThan((first?.counts.walks ?? 0) / 5);

  const wrong = next();
  await edit(plan, (text) => `${text}}`);
  expect(await wrong).toMatchObject({ kind: 'error', error: { code: 'bad-plan' } });

  const right = next();
  await edit(plan, (text) => text.slice(0, -1));
  expect(proofOf(await right)).toMatchObject({ kind: 'proved' });

  const moved = next();
  await edit('sightline.yaml', (text) => text.replace('operatorMinutes: ', 'operatorMinutes: 1'));
  expect(await moved).toMatchObject({ kind: 'error', error: { code: 'plan-moved' } });

  const end = proofs.next();
  stop.abort();
  expect(await end).toEqual({ done: true, value: undefined });
});
