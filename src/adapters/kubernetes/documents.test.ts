/* Cutting files into objects: lines, forms of a List, and what a broken neighbour costs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutDocuments } from './documents.ts';

const cases: readonly { name: string; text: string; lines: readonly number[]; starts: readonly string[] }[] =
  [
    { name: 'one object', text: 'kind: A\nx: 1\n', lines: [1], starts: ['kind: A'] },
    {
      name: 'documents',
      text: '---\nkind: A\n---\nkind: B\n',
      lines: [1, 3],
      starts: ['\nkind: A', '\nkind: B'],
    },
    {
      name: 'empty documents and comments',
      text: '# x\n---\n---\nkind: B\n...\n',
      lines: [3],
      starts: ['\nkind: B'],
    },
    {
      name: 'a List as kubectl prints it',
      text: 'apiVersion: v1\nitems:\n- kind: A\n  x: 1\n- kind: B\nkind: List\n',
      lines: [3, 5],
      starts: ['  kind: A', '  kind: B'],
    },
    {
      name: 'an indented List with kind first',
      text: 'kind: ServiceList\nitems:\n  - kind: A\n    l:\n    - 1\n  - kind: B\n',
      lines: [3, 6],
      starts: ['    kind: A', '    kind: B'],
    },
    { name: 'an empty List', text: 'kind: List\nitems: []\n', lines: [1], starts: ['kind: List'] },
    {
      name: 'text in an object that looks like an item',
      text: 'kind: List\nitems:\n- kind: A\n  data:\n    x: |\n      - no item\n      ---\n- kind: B\n',
      lines: [3, 8],
      starts: ['  kind: A', '  kind: B'],
    },
    {
      name: 'CRLF',
      text: 'kind: A\r\n---\r\nkind: B\r\n',
      lines: [1, 2],
      starts: ['kind: A', '\r\nkind: B'],
    },
    {
      name: 'a JSON List',
      text: '{\n "kind": "List",\n "items": [\n  {"kind":"A", "s":"],{"},\n  {"kind":"B"}\n ]\n}',
      lines: [4, 5],
      starts: ['{"kind":"A"', '{"kind":"B"'],
    },
    {
      name: 'JSON values one after the other',
      text: '{"kind":"A"}\n{"kind":"B"}',
      lines: [1, 2],
      starts: ['{', '{'],
    },
    { name: 'a JSON array', text: '[{"kind":"A"},\n{"kind":"B"}]', lines: [1, 2], starts: ['{', '{'] },
    {
      name: 'a JSON List that is cut off keeps its whole items',
      text: '{"kind":"List","items":[\n{"kind":"A"},\n{"kind":"B","x":',
      lines: [2, 3],
      starts: ['{"kind":"A"}', '{"kind":"B","x":'],
    },
    { name: 'nothing', text: '\n\n', lines: [], starts: [] },
  ];

describe('cutDocuments', () => {
  it.each(cases)('$name', ({ text, lines, starts }) => {
    const pieces = cutDocuments(text);
    expect(pieces.map((p) => p.line)).toEqual(lines);
    for (const [i, p] of pieces.entries()) expect(p.text.startsWith(starts[i] ?? '?')).toBe(true);
  });

  it('never throws and ends on any text', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            '---',
            '- ',
            'items:',
            'kind: List',
            '{',
            '}',
            '[',
            ']',
            '"',
            '\\',
            '\n',
            ' ',
            'a: 1',
            ',',
          ),
        ),
        (parts) => {
          expect(Array.isArray(cutDocuments(parts.join('')))).toBe(true);
        },
      ),
    );
  });
});
