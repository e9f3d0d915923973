/**
 * Reads from one TypeScript source what the rules ask about: imports, and uses of what pure code may not use.
 * Parses with Vite's parser (oxc), since TypeScript 7 has no parser to call from JavaScript.
 */
import { posix } from 'node:path';
import { parseAst } from 'vite';

/** One import, export-from, dynamic import or import type. */
export interface Import {
  /** `src/net/ip.ts`, `node:fs`, or a package's name; undefined if it is computed when run. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
  /** True if it is written `./` or `../`. */
  readonly isRelative: boolean;
}

/** What a source holds. */
export interface Source {
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Global names read or written, `Math.random` among them. */
  readonly globals: ReadonlySet<string>;
  readonly isAsync: boolean;
  readonly hasDefaultExport: boolean;
  readonly opensWithComment: boolean;
}

type Node = { readonly type: string; readonly [key: string]: unknown };

/** Parses one source; throws on a syntax error. `path` is counted from the project's root. */
export function parseSource(path: string, text: string): Source {
  const nodes: { node: Node; parent: Node; key: string }[] = [];
  const lang = path.endsWith('x') ? 'tsx' : 'ts';
  const program = parseAst(text, { lang, sourceType: 'module' }) as unknown as Node;
  visit(program, (node, parent, key) => nodes.push({ node, parent, key }));
  return {
    path,
    lines: text.trimEnd().split('\n').length,
    imports: nodes.flatMap(({ node }) => importOf(path, node)),
    globals: new Set(nodes.flatMap(({ node, parent, key }) => nameOf(node, parent, key))),
    isAsync: nodes.some(({ node }) => waits(node)),
    hasDefaultExport: nodes.some(({ node }) => exportsDefault(node)),
    opensWithComment: /^(#!.*\n)?\/\*/.test(text),
  };
}

function visit(node: Node, see: (node: Node, parent: Node, key: string) => void): void {
  for (const [key, value] of Object.entries(node))
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) {
        see(child, node, key);
        visit(child, see);
      }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

const importTypes = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function importOf(path: string, node: Node): readonly Import[] {
  const source = isRequire(node) ? (node.arguments as readonly unknown[])[0] : node.source;
  if (!isNode(source) || !(isRequire(node) || importTypes.has(node.type))) return [];
  const name = source.type === 'Literal' ? String(source.value) : undefined;
  const isRelative = name?.startsWith('.') ?? false;
  return [{ target: name && locate(path, name), isTypeOnly: isTypeOnly(node), isRelative }];
}

function isRequire(node: Node): boolean {
  return node.type === 'CallExpression' && isNode(node.callee) && node.callee.name === 'require';
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true;
  const names = (node.specifiers ?? []) as readonly Node[];
  const isType = (one: Node) => one.importKind === 'type' || one.exportKind === 'type';
  return names.length > 0 && names.every(isType);
}

function locate(path: string, name: string): string {
  if (name.startsWith('.')) return posix.join(posix.dirname(path), name);
  if (name.startsWith('#lab/') || name.startsWith('#test/')) return name.slice(1);
  if (name.startsWith('#')) return `src/${name.slice(1)}`;
  if (name.startsWith('node:')) return name;
  const parts = name.split('/');
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? name);
}

/** A name that stands for something: not the name of a member, of a property or of a part of a namespace. */
function nameOf(node: Node, parent: Node, key: string): readonly string[] {
  if (node.type === 'MemberExpression' && isNode(node.object) && isNode(node.property))
    return node.object.name === 'Math' ? [`Math.${node.property.name}`] : [];
  if (node.type !== 'Identifier' || isPureDate(node, parent)) return [];
  const isMember = parent.type === 'MemberExpression' && key === 'property' && !parent.computed;
  const isPart = parent.type === 'TSQualifiedName' && key === 'right';
  return isMember || isPart || (key === 'key' && !parent.computed) ? [] : [String(node.name)];
}

/** `Date` as arithmetic on a time that was given (`new Date(ms)`, `Date.parse(text)`) reads no clock. */
function isPureDate(node: Node, parent: Node): boolean {
  if (node.name !== 'Date') return false;
  if (parent.type === 'NewExpression') return (parent.arguments as readonly unknown[]).length > 0;
  const member =
    parent.type === 'MemberExpression' && isNode(parent.property) ? parent.property.name : undefined;
  return member === 'parse' || member === 'UTC';
}

function waits(node: Node): boolean {
  return (
    node.async === true ||
    node.type === 'AwaitExpression' ||
    (node.type === 'ForOfStatement' && node.await === true)
  );
}

function exportsDefault(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true;
  return node.type === 'ExportSpecifier' && isNode(node.exported) && node.exported.name === 'default';
}
