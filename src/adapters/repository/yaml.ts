/* YAML and JSON of repositories with positions: small files written by people, so the slower parser with ranges is used. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { joined, type Leaf, type Parsed } from './leaf.ts';

/** Larger files are searched as plain text. */
export const maxYaml = 1024 * 1024;
const maxLeaves = 20_000;

/** Scalars of every document. An object of Kubernetes is a resource of its own; otherwise `resource` names all. */
export function yamlLeaves(text: string, resource: string): Parsed {
  const documents = parseAllDocuments(text, { prettyErrors: false, keepSourceTokens: true });
  const leaves: Leaf[] = [];
  if ('empty' in documents) return { leaves, comments: commentsIn(text) };
  for (const document of documents) {
    const error = document.errors[0];
    if (error !== undefined)
      return {
        leaves,
        comments: commentsIn(text),
        problem: { what: error.message.split('\n')[0] ?? '', start: error.pos[0] },
      };
    const { contents } = document;
    if (contents !== null)
      visit(text, contents as Node, objectName(contents as Node) ?? resource, '', leaves, 0);
  }
  return { leaves, comments: commentsIn(text) };
}

function visit(
  text: string,
  node: Node,
  resource: string,
  path: string,
  leaves: Leaf[],
  depth: number,
): void {
  if (depth > 100 || leaves.length >= maxLeaves || isAlias(node)) return;
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (pair.value !== null)
        visit(text, pair.value as Node, resource, joined(path, key), leaves, depth + 1);
    }
  } else if (isSeq(node)) {
    for (const item of node.items) visit(text, item as Node, resource, path, leaves, depth + 1);
  } else if (isScalar(node)) addScalar(text, node, resource, path, leaves);
}

function addScalar(text: string, node: Scalar, resource: string, path: string, leaves: Leaf[]): void {
  const range = node.range;
  if (!range || node.value === null) return;
  const isQuoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
  const start = range[0] + (isQuoted ? 1 : 0);
  const end = range[1] - (isQuoted ? 1 : 0);
  leaves.push({ resource, path, value: text.slice(start, end), start, end, isLiteral: true });
}

/** `Service traefik/traefik` for what has the fields of an object. */
function objectName(node: Node): string | undefined {
  if (!isMap(node)) return undefined;
  const kind = node.get('kind');
  const metadata = node.get('metadata');
  if (typeof kind !== 'string' || !isMap(metadata)) return undefined;
  const name = (metadata as YAMLMap).get('name');
  const namespace = (metadata as YAMLMap).get('namespace');
  if (typeof name !== 'string') return undefined;
  return typeof namespace === 'string' ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

/** From a `#` at the start of a line or behind a space to the end of the line. Good enough to tell comments from values. */
function commentsIn(text: string): Parsed['comments'] {
  return [...text.matchAll(/(^|\s)(#[^\n]*)/gm)].map((m) => {
    const start = m.index + (m[1]?.length ?? 0);
    return { start, end: start + (m[2]?.length ?? 0) };
  });
}
