/* Decisions that only the user can make: asked at a terminal, taken by default and said where nobody is there. */
import { describe, expect, it, vi } from 'vitest';
import type { PlanReport } from '#app/plan.ts';
import { parsePlan, planText } from '#app/plan-file.ts';
import { paletteFor } from '#report/style.ts';
import type { Terminal } from '../terminal.ts';
import { run } from './plan.ts';

vi.setConfig({ testTimeout: 60_000 });

const office = ['examples/nginx-office'];
const move = { move: 'ingress-nginx/public-controller' };

async function planned(options: Record<string, unknown>, answers?: readonly string[]) {
  const [out, notes]: [string[], string[]] = [[], []];
  const left = [...(answers ?? [])];
  const terminal: Terminal = {
    out: (text) => out.push(text),
    note: (text) => notes.push(text),
    palette: paletteFor(false),
    notePalette: paletteFor(false),
    width: 100,
    isInteractive: answers !== undefined,
    env: {},
    ...(answers && { ask: async () => left.shift() ?? '' }),
  };
  const code = await run(terminal, office, { ...move, ...options });
  return { code, out: out.join('\n'), notes: notes.join('\n'), left };
}

describe('decisions', () => {
  it('are asked one after the other, by number or name, with what each option means', async () => {
    const { code, out, notes } = await planned({}, ['1', 'nonsense', 'chart-service-later']);
    expect(code).toBe(0);
    expect(notes).toContain('Additive or in place?');
    expect(notes).toMatch(/1\. additive \(default\): no window/);
    expect(notes).toContain('Which object owns the new address for good?');
    expect(notes).toContain('"nonsense" is none of these');
    expect(out).toContain('chart-service-later (you chose)');
    expect(out).toMatch(/windows\n {2}· stage hand-over: at most/);
  });
  it('are not asked again where the command line answers them', async () => {
    const { out, notes } = await planned({ style: 'in-place' }, ['unused']);
    expect(notes).toBe('');
    expect(out).toContain('in-place (you chose)');
  });
  it('are taken by default, and said, where nobody is there', async () => {
    const { out, notes } = await planned({});
    expect(notes).toBe('');
    expect(out).toContain('additive (default)');
    expect(out).toContain('second-service (default)');
  });
  it('are kept with the time at which they were made', async () => {
    const { out } = await planned({ json: true });
    const { outcome } = JSON.parse(out) as PlanReport;
    if (outcome.kind !== 'planned') throw new Error(outcome.kind);
    expect(parsePlan(planText(outcome.plan), 'plan.json').decisions.length).toBeGreaterThan(1);
    for (const { at } of outcome.plan.decisions) expect(at).toMatch(/^20\d\d-\d\d-\d\dT/);
  });
  it('that do not fit the goal are wrong use', async () => {
    await expect(planned({ style: 'in-place', owner: 'second-service' })).rejects.toThrow(
      '--owner belongs to an additive --move',
    );
  });
});
