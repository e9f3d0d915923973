/* Lines of JSON and YAML objects, and documents that are none. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { asObject, isJsonProblem, parseJsonLines } from './json-lines.ts';
import { parseYamlLines } from './yaml-lines.ts';

const linesOf = (text: string): readonly (number | undefined)[] => {
  const document = parseJsonLines(text);
  if (isJsonProblem(document)) throw new Error(document.what);
  const list = asObject(document.value)?.list;
  return Array.isArray(list) ? list.map((node) => document.lineOf(node)) : [];
};

it('knows the line of each object', () => {
  expect(linesOf('{"x": "}{[\\"\\n",\n "list": [\n  {"a": [\n 1]}, {},\n  {"b": {}}\n]}')).toEqual([3, 4, 5]);
});

it.each([
  ['{"a": 1,\n "b": }', 2],
  ['[1,\n2,\n', 2],
  ['', 1],
  [`${'['.repeat(500)}${']'.repeat(500)}`, 1],
])('%s is a problem on line %i', (text, line) => {
  expect(parseJsonLines(text)).toMatchObject({ line, what: expect.any(String) });
});

it('any JSON keeps its value, and every object its line', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const document = parseJsonLines(text);
      if (isJsonProblem(document)) throw new Error(document.what);
      expect(document.value).toEqual(JSON.parse(text));
      const lines = text.split('\n').length;
      JSON.parse(text, (_, v) => v);
      if (typeof document.value === 'object' && document.value !== null) {
        expect(document.lineOf(document.value)).toBeLessThanOrEqual(lines);
      }
    }),
  );
});

it('knows lines in YAML, in each document', () => {
  const documents = parseYamlLines('a:\n  - b: 1\n  - {c: 2}\n---\n\nd: 3\n');
  if ('what' in documents) throw new Error(documents.what);
  const [first, second] = documents;
  const list = asObject(first?.value)?.a as unknown[];
  expect([...list.map((n) => first?.lineOf(n)), second?.lineOf(second.value)]).toEqual([2, 3, 6]);
});

it('aliases share the line of what they name', () => {
  const documents = parseYamlLines('a: &x\n  b: 1\nc: *x\nd:\n  e: 1\n');
  if ('what' in documents) throw new Error(documents.what);
  const top = asObject(documents[0]?.value);
  expect([documents[0]?.lineOf(top?.c), documents[0]?.lineOf(top?.d)]).toEqual([2, 5]);
});
