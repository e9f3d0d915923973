/** Every rule of the architecture can fire: sources planted in memory that break one rule each, and near misses that break none. */
import { describe, expect, test } from 'vitest';
import { maxLines } from './layers.ts';
import { parseSource } from './parse.ts';
import { checkAll, rules } from './rules.ts';

const project = { packages: new Set(['yaml', 'commander']) };
const head = '/** For the test. */\n';
const check = (path: string, code: string, comment = head) =>
  checkAll([parseSource(path, comment + code)], project).map((offence) => offence.code);

/** Rule, path, source; `says-what-for` is the one without the opening comment. */
const offenders: readonly (readonly [rule: string, path: string, code: string])[] = [
  ['layer', 'src/net/ip.ts', "import { a } from '#estate/estate.ts';"],
  ['layer', 'src/estate/estate.ts', "import type { A } from '#dataplane/flow.ts';"],
  ['layer', 'src/dataplane/walk.ts', "export { a } from '#findings/finding.ts';"],
  ['layer', 'src/findings/rule.ts', "import { a } from '#plan/plan.ts';"],
  ['layer', 'src/plan/planner.ts', "import { prove } from '#proof/prove.ts';"],
  ['layer', 'src/proof/prove.ts', "type A = import('#findings/finding.ts').A;"],
  ['layer', 'src/report/text.ts', "import { execute } from '#apply/execute.ts';"],
  ['layer', 'src/report/text.ts', "import { type A, b } from '#probe/probe.ts';"],
  ['layer', 'src/apply/execute.ts', "import { walk } from '#dataplane/walk.ts';"],
  ['layer', 'src/probe/prober.ts', "import type { Plan } from '#plan/plan.ts';"],
  ['layer', 'src/adapters/dns/index.ts', "import type { Plan } from '#plan/plan.ts';"],
  ['layer', 'src/adapters/dns/index.ts', "import { execute } from '#apply/execute.ts';"],
  ['layer', 'src/app/check.ts', "import { main } from '#cli/main.ts';"],
  ['layer', 'src/cli/main.ts', "import { walk } from '#dataplane/walk.ts';"],
  ['layer', 'src/server/server.ts', "const lab = await import('#lab/programs.ts');"],
  ['layer', 'src/probe/prober.ts', "import type { Lab } from '#lab/lab.ts';"],
  ['layer', 'web/main.ts', "import { a } from '../src/server/contract.ts';"],
  ['layer', 'lab/topology.ts', "import type { Trace } from '#dataplane/trace.ts';"],
  ['layer', 'lab/topology.ts', "import { prove } from '#proof/prove.ts';"],
  ['closed-file', 'lab/topology.ts', "import { plan } from '#plan/planner.ts';"],
  ['adapters-apart', 'src/adapters/dns/index.ts', "import { a } from '#adapters/pfsense/api.ts';"],
  ['adapters-apart', 'src/adapters/dns/index.ts', "import { a } from '../pfsense/api.ts';"],
  ['wire-names-adapters', 'src/app/check.ts', "import { dns } from '#adapters/dns/index.ts';"],
  ['packages', 'src/estate/estate.ts', "import { z } from 'zod';"],
  ['packages', 'src/estate/estate.ts', "import { createHash } from 'node:crypto';"],
  ['packages', 'src/dataplane/walk.ts', "import ipaddr from 'ipaddr.js';"],
  ['packages', 'src/apply/journal.ts', "import { open } from 'node:fs/promises';"],
  ['packages', 'src/adapters/dns/api.ts', "import fc from 'fast-check';"],
  [
    'packages',
    'src/adapters/dns/api.ts',
    "const fc = createRequire(import.meta.url)('x'); require('fast-check');",
  ],
  ['computed-import', 'src/apply/journal.ts', 'export const load = (name: string) => import(name);'],
  ['no-waiting', 'src/findings/rule.ts', 'export async function check() {}'],
  [
    'no-waiting',
    'src/findings/rule.ts',
    'export const later = (f: () => void) => Promise.resolve().then(f);',
  ],
  ['no-clock-no-world', 'src/plan/plan.ts', 'export const now = () => new Date();'],
  ['no-clock-no-world', 'src/plan/plan.ts', 'export const now = () => Date.now();'],
  ['no-clock-no-world', 'src/plan/plan.ts', 'export const now = Date;'],
  ['no-clock-no-world', 'src/plan/plan.ts', 'export const dice = () => Math.random();'],
  ['no-clock-no-world', 'src/probe/prober.ts', 'export const say = () => console.log(1);'],
  ['no-clock-no-world', 'src/apply/execute.ts', 'export const wait = () => setTimeout(() => 1, 5);'],
  ['no-clock-no-world', 'src/proof/prove.ts', 'export const argv = { ...process.env };'],
  ['no-default-export', 'src/cli/main.ts', 'export default 1;'],
  ['no-default-export', 'test/x.ts', 'const a = 1; export { a as default };'],
  ['no-index', 'src/net/index.ts', 'export const a = 1;'],
  ['no-index', 'src/adapters/index.ts', 'export const a = 1;'],
  ['import-by-folder', 'src/estate/estate.ts', "import { a } from '../net/ip.ts';"],
  ['import-by-folder', 'lab/topology.ts', "import { a } from '../src/net/ip.ts';"],
  ['short-enough', 'src/net/ip.ts', 'export const a = 1;\n'.repeat(maxLines)],
  ['has-a-place', 'src/utils/all.ts', 'export const a = 1;'],
];

/** Sources that come close and break nothing. */
const nearMisses: readonly (readonly [path: string, code: string])[] = [
  ['src/net/sha256.ts', "import { createHash } from 'node:crypto'; import ipaddr from 'ipaddr.js';"],
  ['src/estate/decode.ts', "import { z } from 'zod'; import { a } from '#net/ip.ts';"],
  [
    'src/report/text.ts',
    "import type { A } from '#apply/journal.ts'; import { type B } from '#probe/compare.ts';",
  ],
  ['src/apply/execute.ts', 'export const run = async (f: () => Promise<void>) => await f();'],
  ['src/adapters/dns/index.ts', "import { a } from './api.ts'; import type { B } from '#apply/actuator.ts';"],
  ['src/adapters/dns/index.ts', "import { a } from '#plan/change.ts'; import { b } from 'yaml';"],
  ['src/adapters/dns/index.ts', "import { a } from '#adapters/read-yaml.ts';"],
  ['src/app/check.ts', "import type { Source } from '#adapters/source.ts';"],
  ['src/app/wire.ts', "import { dns } from '#adapters/dns/index.ts'; import { lab } from '#lab/lab.ts';"],
  ['lab/topology.ts', "import { a } from '#plan/change.ts'; import { b } from '#estate/estate.ts';"],
  ['src/plan/plan.ts', 'export const a = { Date: 1, process: 2 }.Date; export type B = { console: string };'],
  ['src/plan/plan.ts', "export const a = 'await Date.now()'; // console.log(Math.random())"],
  ['src/plan/plan.ts', 'export const later = (t: string) => new Date(Date.parse(t) + 5).toISOString();'],
  ['src/plan/planner.test.ts', "import { prove } from '#proof/prove.ts'; import fc from 'fast-check';"],
  ['scripts/test.ts', "import { a } from '#lab/programs.ts'; console.log(await a, Date.now());"],
  ['vitest.config.ts', 'export default {};'],
];

describe('planted offenders', () => {
  test.each(offenders)('%s: %s %s', (rule, path, code) => {
    expect(new Set(check(path, code))).toContain(rule);
  });

  test('says-what-for: a source that opens with code or with a line comment', () => {
    expect(check('src/net/ip.ts', 'export const a = 1;', '')).toEqual(['says-what-for']);
    expect(check('src/net/ip.ts', 'export const a = 1;', '// not a block\n')).toEqual(['says-what-for']);
  });

  test('every rule has one', () => {
    const planted = new Set([...offenders.map(([rule]) => rule), 'says-what-for']);
    expect(rules.map((rule) => rule.code).filter((code) => !planted.has(code))).toEqual([]);
  });
});

describe('near misses', () => {
  test.each(nearMisses)('%s %s', (path, code) => expect(check(path, code)).toEqual([]));
});
