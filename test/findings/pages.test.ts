/** Pages, rules and cases hold together: each code has its page and its file, each page its code, each case its line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rules } from '#findings/registry.ts';
import { root } from '../architecture/project.ts';

const folder = join(root, 'docs/findings');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const codes = rules.map((r) => r.code);

test('every code is there once, has a file of its own and a page, and every page a code', () => {
  expect(new Set(codes).size).toBe(codes.length);
  const pages = readdirSync(folder).filter((f) => f !== 'README.md');
  expect(pages.sort()).toEqual(codes.map((c) => `${c}.md`).sort());
  for (const code of codes) expect(existsSync(join(root, `src/findings/rules/${code}.ts`)), code).toBe(true);
});

test.each(rules)('$code: its page says what it looks for and answers the same questions', (rule) => {
  const page = read(`docs/findings/${rule.code}.md`);
  expect(page).toContain(rule.looksFor);
  expect(rule.code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  for (const heading of [
    'What it means',
    'How it is found',
    'What to do',
    'What would refute it',
    'Not to be taken for it',
  ])
    expect(page).toContain(`## ${heading}`);
  for (const c of rule.cases) expect(page).toContain(c);
});

test('the index names every code', () => {
  const index = read('docs/findings/README.md');
  for (const code of codes) expect(index).toContain(`[${code}](${code}.md)`);
});

test('docs/cases.md gives each case that a rule claims to that rule, and no other', () => {
  const lines = read('docs/cases.md')
    .split('\n')
    .filter((l) => /^\| S\d+/.test(l));
  const byCase = new Map(lines.map((l) => [l.split('|')[1]?.trim() ?? '', l]));
  const claimed = rules.flatMap((r) => r.cases.map((c) => `${c} ${r.code}`)).sort();
  const listed = [...byCase].flatMap(([c, line]) =>
    [...line.matchAll(/\(findings\/([a-z0-9-]+)\.md\)/g)].map((m) => `${c} ${m[1]}`),
  );
  expect(listed.sort()).toEqual(claimed);
  const open = lines.filter((l) => !l.includes('(findings/'));
  for (const line of open) expect(line.split('|')[4]?.trim().length, line).toBeGreaterThan(20);
});

test('every rule has a firing, a silent and a near-miss estate', () => {
  const tables = ['masked', 'move', 'cluster'].map((f) => read(`test/findings/${f}.test.ts`)).join('\n');
  for (const code of codes) expect(tables, code).toContain(`code: '${code}'`);
});
