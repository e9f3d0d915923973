/**
 * The example's plans carried out in the lab through the real adapters, to their ends: gates pass, all is as predicted, no
 * planted secret is seen; then taken back, and every system is what it was. `apply-lab.ts [additive|in-place|office]`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApplyEnd, applyPlan, type EndedRun } from '#app/apply.ts';
import { labSystems } from '#app/lab-systems.ts';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { planSnapshot } from '#app/plan.ts';
import { planText } from '#app/plan-file.ts';
import type { RunResult } from '#app/run-core.ts';
import { RunConsole } from '#cli/run-console.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { ReferenceKind } from '#lab/live/credentials.ts';
import { comparedText } from '#report/run-text.ts';
import { paletteFor } from '#report/style.ts';
import { probesText } from '#report/verify-text.ts';
import { planted, plantVariant, tsigArgument } from './apply-lab/planted.ts';
import { complaints, SecretSearch } from './apply-lab/secrets.ts';

const examples = join(import.meta.dirname, '../examples');
const example = join(examples, 'home-lab');

interface Case {
  /** Makes the plan, or says where it lies. */
  readonly plan: (folder: string) => string | Promise<string>;
  /** Every system that the plan writes: each must have been changed in between. */
  readonly written: readonly string[];
  /** Fewer would be too little to say anything. */
  readonly leastProbes: number;
  readonly leastThings: number;
  /** Of how many systems. */
  readonly credentials: number;
  /** How its systems name their credentials, in turn: over the plans each system has its own by two kinds at least. */
  readonly references: readonly ReferenceKind[];
}

const home = {
  credentials: 4,
  written: ['cluster/home', 'dns/technitium', 'firewall/pfsense', 'source/infra'],
  leastProbes: 200,
  leastThings: 300,
};
const cases: Readonly<Record<string, Case>> = {
  // over the variant with secrets beside all that it edits
  additive: {
    ...home,
    references: ['env', 'cmd', 'file'],
    plan: (folder) => found(plantVariant(example, join(folder, 'planted')), 'traefik/traefik', folder),
  },
  'in-place': {
    ...home,
    references: ['cmd', 'file', 'env'],
    plan: () => join(example, 'change/in-place/plan.json'),
  },
  // Flux applies what is edited, and a Deployment is written through the API
  office: {
    references: ['file'],
    credentials: 1,
    plan: (folder) => found(join(examples, 'nginx-office'), 'ingress-nginx/public-controller', folder),
    written: ['cluster/office', 'firewall/edge', 'source/flux'],
    leastProbes: 40,
    leastThings: 60,
  },
};
/** The systems themselves, what an undo keeps of their files, and the credentials. */
const leftOut = /\/checkouts\/|\/exports\/|\/kept\/[^/]+\/backup\/|\.token$|\.pem$/;

const asked = process.argv.slice(2);
const failures: string[] = [];
for (const [name, one] of Object.entries(cases))
  if (asked.length === 0 || asked.includes(name)) await check(name, one);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

async function check(style: string, one: Case): Promise<void> {
  const began = performance.now();
  const folder = mkdtempSync(join(tmpdir(), `sightline-apply-${style}-`));
  const search = new SecretSearch({ ...planted, 'TSIG key': tsigArgument });
  const fail = (what: string) => failures.push(`${style}: ${what}`);
  try {
    const plan = await one.plan(folder);
    search.watchProcesses();
    const end = await carryOut(plan, one, join(folder, 'runs'), search, fail);
    if (end.kind !== 'run') fail(`it was not begun: ${JSON.stringify(end).slice(0, 2000)}`);
    search.folder(folder, /\/planted\//);
    const searched = search.end();
    for (const complaint of complaints(searched)) fail(complaint);
    const { files, screenBytes, processes } = searched;
    console.log(
      `${style}: ${((performance.now() - began) / 1000).toFixed(1)} s; no secret in ${files} files, ${screenBytes} bytes of the screen and the arguments of ${processes} processes`,
    );
  } finally {
    search.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The additive plan of the snapshot, as a file in the folder. */
async function found(path: string, move: string, folder: string): Promise<string> {
  const question = { snapshot: path, move, to: 'auto', policy: 'local', style: 'additive' } as const;
  const { outcome } = planSnapshot(await loadSnapshot(path), question);
  if (outcome.kind !== 'planned') throw new Error(`no additive plan of ${path}: ${outcome.kind}`);
  const file = join(folder, 'plan.json');
  writeFileSync(file, planText(outcome.plan));
  return file;
}

async function carryOut(
  plan: string,
  one: Case,
  runs: string,
  search: SecretSearch,
  fail: (what: string) => void,
): Promise<ApplyEnd> {
  const terminal = terminalFor(search);
  const console = new RunConsole(terminal, { isYes: true, isJson: false });
  const hooks = console.hooks();
  return applyPlan({
    plan,
    isDry: false,
    hooks,
    systems: (snapshot, found, proof) =>
      labSystems(snapshot, found, proof, hooks, { references: one.references }),
    runs,
    afterwards: async (ended) => {
      const tokens = labTokens();
      if (tokens.length !== one.credentials) fail(`${tokens.length} credentials, not ${one.credentials}`);
      for (const [name, token] of tokens) search.add(name, token);
      const result = await thereAndBack(ended, one, terminal, fail);
      for (const folder of labFolders()) search.folder(folder, leftOut);
      return result;
    },
  });
}

/** Done, seen to be done, taken back, seen to be back. */
async function thereAndBack(
  ended: EndedRun,
  one: Case,
  terminal: Terminal,
  fail: (what: string) => void,
): Promise<RunResult> {
  if (ended.result.kind !== 'done') fail(`it ended ${JSON.stringify(ended.result)}`);
  await probe('at its end');
  const changed = await ended.changedSinceStart?.();
  for (const system of one.written) {
    if (!changed?.differences.some((d) => d.startsWith(system))) fail(`nothing was changed in ${system}`);
  }
  const result = await ended.rollBack('the way back is tried');
  if (result.kind !== 'rolled-back') fail(`the way back ended ${JSON.stringify(result)}`);
  await probe('taken back');
  const left = await ended.changedSinceStart?.();
  if (left === undefined || left.things < one.leastThings)
    fail(`only ${left?.things ?? 0} things were compared`);
  else terminal.out(comparedText(left, terminal));
  for (const difference of left?.differences ?? []) fail(`taken back, ${difference}`);
  return result;

  async function probe(when: string): Promise<void> {
    const report = await ended.check();
    terminal.out(probesText({ ...report, elsewhere: [] }, terminal));
    if (!report.isGood) fail(`${when}: ${report.says}`);
    const known = report.judged.filter(
      (j) => j.verdict === 'known-disagreement' || j.verdict === 'not-tried',
    );
    for (const j of known) fail(`${when}: ${j.probe.id}: ${j.verdict}: ${j.says}`);
    if (report.judged.length < one.leastProbes) fail(`${when}: only ${report.judged.length} probes`);
  }
}

function terminalFor(search: SecretSearch): Terminal {
  const say = (text: string) => {
    search.screen(text);
    console.log(text);
  };
  const palette = paletteFor(false);
  return { out: say, note: say, palette, notePalette: palette, width: 110, isInteractive: false, env: {} };
}

/** Folders of labs that this process brought up. */
function labFolders(): readonly string[] {
  const all = readdirSync(tmpdir()).filter((name) => name.startsWith(`sightline-live-${process.pid}-`));
  return all.map((name) => join(tmpdir(), name));
}

/** Credentials that were made for this run: in files, and in variables. */
function labTokens(): readonly (readonly [string, string])[] {
  const inFiles = labFolders().flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.token'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const),
  );
  const variables = Object.entries(process.env).filter(([name]) =>
    /^SIGHTLINE_LAB_(CLUSTER|DNS|TUNNEL)_/.test(name),
  );
  return [...inFiles, ...variables.map(([name, value]) => [name, value ?? ''] as const)];
}
