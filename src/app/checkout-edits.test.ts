/* The founding change carried out on a checkout of the example's repository, and taken back. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryActuator } from '#adapters/repository/actuate.ts';
import { readerOf } from '#estate/estate.ts';
import { inverseOf } from '#plan/change.ts';
import { snapshotTexts } from './artifacts.ts';
import { checkoutEdits } from './checkout-edits.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { parsePlan } from './plan-file.ts';

const example = 'examples/home-lab';

it.each(['additive', 'in-place'])(
  '%s',
  async (style) => {
    const root = mkdtempSync(join(tmpdir(), 'sightline-infra-'));
    const runFolder = mkdtempSync(join(tmpdir(), 'sightline-run-'));
    try {
      cpSync(join(example, 'source/infra'), root, { recursive: true });
      const start = contents(root);
      const plan = parsePlan(readFileSync(join(example, 'change', style, 'plan.json'), 'utf8'), 'plan.json');
      const { estate } = await loadSnapshot(example);
      const texts = await snapshotTexts(example);
      const options = { checkout: () => root, runsCommands: true };
      const edits = await checkoutEdits(plan, readerOf(estate), texts, options);
      expect(edits.size).toBeGreaterThan(3);
      const commands: string[] = [];
      const actuator = repositoryActuator({
        edits,
        runFolder,
        mayGoOn: async () => true,
        run: async ({ argv }) => {
          commands.push(argv.join(' '));
          return { code: 0, isTimeout: false, tail: '' };
        },
      });
      const changes = plan.stages.flatMap((s) => s.changes).filter((c) => edits.has(c.id));
      for (const c of changes) {
        expect(await actuator.preflight(c)).toEqual([]);
        expect(await actuator.observe(c), c.id).toEqual({ kind: 'before' });
        expect(await actuator.write(c)).toEqual({ kind: 'written' });
        expect(await actuator.observe(c)).toEqual({ kind: 'after' });
      }
      expect(commands).toContain('sh -c cd stacks/traefik && terragrunt apply -auto-approve');
      expect(commands).toContain(
        'sh -c cd stacks/traefik && terragrunt plan -detailed-exitcode -input=false',
      );
      expect(contents(root)).not.toEqual(start);
      for (const c of [...changes].reverse()) {
        const undo = { ...c, change: inverseOf(c.change) };
        expect(await actuator.observe(undo)).toEqual({ kind: 'before' });
        expect(await actuator.write(undo)).toEqual({ kind: 'written' });
      }
      expect(contents(root)).toEqual(start);
    } finally {
      rmSync(root, { recursive: true });
      rmSync(runFolder, { recursive: true });
    }
  },
  60_000,
);

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return Object.fromEntries(
    files.map((e) => [join(e.parentPath, e.name), readFileSync(join(e.parentPath, e.name), 'utf8')]),
  );
}
