/** The project's prose uses the words of the glossary: those that it replaces, and that nothing else means, do not occur. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listFiles, root } from '../architecture/project.ts';

const replaced = [
  'floating ip',
  'lb ip',
  'natted',
  'nated',
  'desired state',
  'operator step',
  'nat reflection',
];

/** The replaced words in a text; code, quotations and the glossary's own last column are left out. */
function replacedWords(text: string): readonly string[] {
  const prose = text
    .replace(/```[\s\S]*?```/g, '')
    .replace(/^>.*$/gm, '')
    .replace(/`[^`\n]*`/g, '')
    .toLowerCase();
  return replaced.filter((word) => new RegExp(`\\b${word}\\b`).test(prose));
}

test('README and docs', () => {
  const paths = listFiles('.md').filter(
    (path) => path !== 'docs/glossary.md' && !path.startsWith('examples/'),
  );
  expect(paths.length).toBeGreaterThan(5);
  const found = paths.flatMap((path) =>
    replacedWords(readFileSync(join(root, path), 'utf8')).map((word) => `${path}: ${word}`),
  );
  expect(found).toEqual([]);
});

test('the check can fail, and leaves quotations alone', () => {
  expect(replacedWords('the Floating IP of an LB IP\n> a floating ip\n`natted`')).toEqual([
    'floating ip',
    'lb ip',
  ]);
});
