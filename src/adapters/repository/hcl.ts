/*
 * Terraform and Terragrunt with positions, by tree-sitter's grammar. Functions around values (yamlencode, merge) and
 * lists do not show in paths, so that a value stands where the chart or the resource will look for it.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Node, Parser } from 'web-tree-sitter';
import { joined, type Leaf, type Parsed } from './leaf.ts';
import { yamlLeaves } from './yaml.ts';

let parser: Promise<Parser> | undefined;
const maxDepth = 200;

/** Leaves of every block and attribute; what does not parse is left out and named. */
export async function parseHcl(text: string): Promise<Parsed> {
  parser ??= loadParser();
  const tree = (await parser).parse(text);
  if (tree === null) return { leaves: [], comments: [], problem: { what: 'no HCL', start: 0 } };
  try {
    const walk = new Walk(text);
    walk.body(tree.rootNode, '', '', 0);
    const broken = tree.rootNode.hasError ? firstError(tree.rootNode) : undefined;
    const problem = broken && { what: 'HCL that does not parse', start: broken.startIndex };
    return { leaves: walk.leaves, comments: commentsOf(tree.rootNode), ...(problem && { problem }) };
  } finally {
    tree.delete();
  }
}

async function loadParser(): Promise<Parser> {
  const { Language, Parser } = await import('web-tree-sitter');
  await Parser.init();
  const grammar = import.meta.resolve('@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-terraform.wasm');
  const made = new Parser();
  made.setLanguage(await Language.load(await readFile(fileURLToPath(grammar))));
  return made;
}

function firstError(node: Node): Node {
  const child = node.children.find((c) => c?.hasError || c?.isError || c?.isMissing);
  return child ? firstError(child) : node;
}

function commentsOf(root: Node): Parsed['comments'] {
  return root
    .descendantsOfType('comment')
    .flatMap((c) => (c === null ? [] : [{ start: c.startIndex, end: c.endIndex }]));
}

function children(node: Node): readonly Node[] {
  return node.namedChildren.filter((c) => c !== null);
}

class Walk {
  readonly leaves: Leaf[] = [];
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  body(node: Node, resource: string, path: string, depth: number): void {
    if (depth > maxDepth) return;
    for (const child of children(node)) {
      if (child.type === 'body') this.body(child, resource, path, depth + 1);
      else if (child.type === 'block') this.#block(child, resource, path, depth);
      else if (child.type === 'attribute') this.#attribute(child, resource, path, depth);
    }
  }

  #block(block: Node, resource: string, path: string, depth: number): void {
    const parts = children(block);
    const labels = parts
      .filter((p) => p.type === 'identifier' || p.type === 'string_lit')
      .map((p) => unquoted(p.text));
    const body = parts.find((p) => p.type === 'body');
    if (body === undefined) return;
    if (resource === '' && depth <= 2) {
      this.body(body, resourceName(labels), '', depth + 1);
      return;
    }
    const set = labels[0] === 'set' || labels[0] === 'set_sensitive' ? this.#set(body, resource) : false;
    if (!set) this.body(body, resource, joinedAll(path, labels), depth + 1);
  }

  /** `set { name = "a.b" value = "c" }` of a Helm release is the value a.b. */
  #set(body: Node, resource: string): boolean {
    const attributes = new Map(children(body).map((a) => [children(a)[0]?.text, children(a)[1]]));
    const name = attributes.get('name');
    const value = attributes.get('value');
    if (name === undefined || value === undefined) return false;
    this.#expression(value, resource, `values.${unquoted(name.text).replaceAll('\\\\.', '.')}`, 0);
    return true;
  }

  #attribute(attribute: Node, resource: string, path: string, depth: number): void {
    const [name, value] = children(attribute);
    if (name === undefined || value === undefined) return;
    this.#expression(value, resource, joined(path, name.text), depth + 1);
  }

  #expression(node: Node, resource: string, path: string, depth: number): void {
    if (depth > maxDepth) return;
    switch (node.type) {
      case 'object_elem':
        this.#element(node, resource, path, depth);
        return;
      case 'string_lit':
      case 'quoted_template':
        this.#string(node, resource, path);
        return;
      case 'heredoc_template':
        this.#heredoc(node, resource, path);
        return;
      case 'numeric_lit':
      case 'bool_lit':
      case 'null_lit':
        this.#add(resource, path, node.startIndex, node.endIndex, true);
        return;
      case 'variable_expr':
      case 'template_interpolation':
      case 'for_expr':
      case 'conditional':
      case 'operation':
        this.#add(resource, path, node.startIndex, node.endIndex, false);
        return;
      default:
        this.#inside(node, resource, path, depth);
    }
  }

  /** A reference such as var.x is a name and what follows it: one value, not several. */
  #inside(node: Node, resource: string, path: string, depth: number): void {
    const parts = children(node);
    if (node.type === 'expression' && parts.some((p) => p.type === 'get_attr' || p.type === 'index')) {
      this.#add(resource, path, node.startIndex, node.endIndex, false);
      return;
    }
    for (const p of parts) if (p.type !== 'identifier') this.#expression(p, resource, path, depth + 1);
  }

  #element(node: Node, resource: string, path: string, depth: number): void {
    const key = node.childForFieldName('key');
    const value = node.childForFieldName('val');
    if (key && value) this.#expression(value, resource, joined(path, unquoted(key.text)), depth + 1);
  }

  #string(node: Node, resource: string, path: string): void {
    const isLiteral = node.descendantsOfType('template_interpolation').length === 0;
    this.#add(resource, path, node.startIndex + 1, node.endIndex - 1, isLiteral);
  }

  /** A heredoc is often YAML (values of a chart): then its own leaves stand in the file, too. */
  #heredoc(node: Node, resource: string, path: string): void {
    const parts = children(node).filter(
      (p) => p.type === 'template_literal' || p.type === 'template_interpolation',
    );
    const [first, last] = [parts[0], parts.at(-1)];
    if (first === undefined || last === undefined) return;
    const text = this.#text.slice(first.startIndex, last.endIndex);
    const inner = /^\s*[\w"'.-]+:(\s|$)/.test(text) ? yamlLeaves(text, '') : undefined;
    if (inner === undefined || inner.problem !== undefined || inner.leaves.length === 0) {
      this.#add(resource, path, first.startIndex, last.endIndex, parts.length === 1);
      return;
    }
    for (const l of inner.leaves)
      this.leaves.push({
        ...l,
        resource,
        path: l.path.startsWith('[') ? `${path}${l.path}` : `${path}.${l.path}`,
        start: first.startIndex + l.start,
        end: first.startIndex + l.end,
        isLiteral: !l.value.includes('${'),
      });
  }

  #add(resource: string, path: string, start: number, end: number, isLiteral: boolean): void {
    this.leaves.push({ resource, path, value: this.#text.slice(start, end), start, end, isLiteral });
  }
}

/** `resource "a" "b"` is a.b; `module "m"` is module.m; other blocks go by their words. */
function resourceName(labels: readonly string[]): string {
  return (labels[0] === 'resource' ? labels.slice(1) : labels).join('.');
}

function joinedAll(path: string, names: readonly string[]): string {
  return names.reduce(joined, path);
}

function unquoted(text: string): string {
  return text.replace(/^"|"$/g, '').replace(/^\(|\)$/g, '');
}
