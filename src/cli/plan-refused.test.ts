/* A plan with a value that is no value: every command that opens one refuses it at its line, before anything else. */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planText } from '#app/plan-file.ts';
import { messageOf } from '#estate/error.ts';
import { Office, officePlan, paperTerminal } from '#test/apply/office.ts';
import { applyOn } from './commands/apply.ts';
import { run as prove } from './commands/prove.ts';
import { run as rehearse } from './commands/rehearse.ts';
import { runWith } from './commands/resume.ts';
import { run as runbook } from './commands/runbook.ts';
import { run as verify } from './commands/verify.ts';
import type { Run } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'refused-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const json = join(folder, 'plan.json');
const yaml = join(folder, 'plan.yaml');
const office = new Office();
const systems = () => office.systems;

beforeAll(async () => {
  writeFileSync(json, planText(await officePlan()).replace('"name": "one",', ''));
  const fields = '{ autoAssign: true, ranges: [{ first: 172.20.4.100 }] }';
  const stage = `stages:\n  - name: first\n    changes:\n      - { do: set, fact: 'pool:office/metallb-system/office', fields: ${fields} }\n`;
  const goal = 'goal: { give-own-address: ingress-nginx/public-controller, address: 172.20.4.101 }\n';
  const head = `format: 1\nstyle: additive\nsnapshot: ${resolve('examples/nginx-office')}\n`;
  writeFileSync(yaml, head + goal + stage);
});

const commands: Readonly<Record<string, Run>> = {
  prove,
  rehearse,
  apply: applyOn(systems),
  verify,
  runbook,
};

/** What the command says; those that hold a run tell their failure themselves. */
async function said(run: Run, args: readonly string[], options: Record<string, unknown>): Promise<string> {
  const paper = paperTerminal();
  try {
    expect(await run(paper.terminal, args, options)).toBe(3);
    return paper.text();
  } catch (error) {
    expect(error).toMatchObject({ code: 'bad-plan' });
    return messageOf(error);
  }
}

describe.each(Object.entries(commands))('%s', (_, run) => {
  it.each([
    [
      'plan.json',
      json,
      /plan\.json is no plan: line \d+: stages\[0\]\.changes\[0\].*after\.name: is missing/,
    ],
    ['YAML', yaml, /plan\.yaml is no plan: line 8: ranges\[0\]\.last: an address is expected/],
  ])('refuses %s at its line', async (_, path, says) => {
    const options = { runs: join(folder, 'runs'), faults: '1', others: '0' };
    expect(await said(run, [path], options)).toMatch(says);
    expect(office.writes).toEqual([]);
  });
});

describe('rollback', () => {
  it('refuses the plan of a run at its line', async () => {
    const [runs, good] = [join(folder, 'kept'), join(folder, 'good.json')];
    writeFileSync(good, planText(await officePlan()));
    expect(await applyOn(systems)(paperTerminal().terminal, [good], { runs, yes: true })).toBe(0);
    const id = readdirSync(runs).find((name) => name !== 'lock') ?? '';
    cpSync(json, join(runs, id, 'plan.json'));
    expect(await said(runWith('asked', systems), [id], { runs })).toMatch(/is no plan: line \d+: stages/);
  });
});
