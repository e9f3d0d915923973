/** Links in the project's Markdown lead somewhere: to a file that exists, and to a heading that it has. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFiles, root } from '../architecture/project.ts';

/** Links of a Markdown text, code left out; links to other sites are not looked at. */
function linksOf(text: string): readonly string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map((match) => match[1] ?? '');
  return links.filter((link) => !/^[a-z]+:/i.test(link));
}

/** The anchors of a text's headings, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => (match[1] ?? '').toLowerCase());
  return new Set(
    headings.map((one) =>
      one
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

/** The links of one file that lead nowhere. */
function brokenLinks(
  path: string,
  text: string,
  read: (path: string) => string | undefined,
): readonly string[] {
  return linksOf(text).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file));
    const found = read(target);
    return found === undefined || (anchor !== undefined && !anchorsOf(found).has(anchor));
  });
}

function readOwn(path: string): string | undefined {
  const full = join(root, path);
  if (!existsSync(full)) return undefined;
  return path.endsWith('.md') ? readFileSync(full, 'utf8') : '';
}

describe('every link resolves', () => {
  const files = listFiles('.md');
  test('there is Markdown to look at', () => expect(files).toContain('README.md'));
  test.each(files)('%s', (path) => {
    expect(brokenLinks(path, readOwn(path) ?? '', readOwn)).toEqual([]);
  });
});

describe('a broken link is found', () => {
  const files: Readonly<Record<string, string>> = { 'docs/a.md': '# One *two*\n', 'docs/b.md': '' };
  const cases = [
    ['[a](a.md)', []],
    ['[a](a.md#one-two) [b](../docs/b.md)', []],
    ['`[a](gone.md)` [w](https://example.test/gone)', []],
    ['[a](gone.md)', ['gone.md']],
    ['[a](a.md#three)', ['a.md#three']],
  ] as const;
  test.each(cases)('%s', (text, expected) => {
    expect(brokenLinks('docs/b.md', text, (path) => files[path])).toEqual(expected);
  });
});
