/*
 * Finds what can be mutated in a TypeScript file and writes one text that holds every mutant at once: each wrong branch
 * is taken only where `mutantIs(its number)` says so. So a thousand mutants need one load of the code.
 */
import { parseSync } from 'vite';

export interface Mutant {
  readonly number: number;
  /** Stable while the code around it stays: file, what is done, and to which text, counted if it is there twice. */
  readonly id: string;
  readonly file: string;
  readonly line: number;
}

export interface MutatedFile {
  readonly text: string;
  readonly mutants: readonly Mutant[];
}

type Tree = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [key: string]: unknown;
};

interface Insert {
  readonly at: number;
  readonly text: string;
  /** Length of the node it belongs to; opening ones of larger nodes come first, closing ones last. */
  readonly size: number;
  readonly isOpening: boolean;
}

interface Cut {
  readonly from: number;
  readonly to: number;
}

/** On the file's first line, so that lines keep their numbers. The child sets both globals. */
const guard =
  'const mutantIs = globalThis.mutantIs; const WeakMap = globalThis.mutantWeakMap; ' +
  "const mutantCompare = (n, op, a, b) => { const by = mutantIs(n) ? { '<': '<=', '<=': '<', '>': '>=', '>=': '>' }[op] : op; " +
  "return by === '<' ? a < b : by === '<=' ? a <= b : by === '>' ? a > b : a >= b; }; ";

/** A cache of the module, which the child empties between mutants. */
const cacheAtTop = /^(const \w+ = )new Map</gm;

/** The file with all its mutants; numbers start at `first`. */
export function mutate(file: string, text: string, first: number): MutatedFile {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const work = new Work(file, text, first);
  work.visit(program as unknown as Tree, []);
  return {
    text: guard + work.render().replaceAll(cacheAtTop, '$1new globalThis.mutantMap<'),
    mutants: work.mutants,
  };
}

/** Collects mutants and the insertions that make them. */
class Work {
  readonly mutants: Mutant[] = [];
  readonly #inserts: Insert[] = [];
  readonly #cuts: Cut[] = [];
  readonly #seen = new Map<string, number>();
  readonly #file: string;
  readonly #text: string;
  readonly #first: number;

  constructor(file: string, text: string, first: number) {
    this.#file = file;
    this.#text = text;
    this.#first = first;
  }

  visit(node: Tree, parents: readonly Tree[]): void {
    if (node.type.startsWith('TS') && !wrappers.has(node.type)) return;
    if (isWording(node, parents)) return;
    const rule = rules[node.type];
    if (rule !== undefined) rule(node, parents, this);
    for (const child of childrenOf(node)) this.visit(child, [node, ...parents]);
  }

  add(node: Tree, what: string): number {
    const snippet = this.#text.slice(node.start, node.end).replace(/\s+/g, ' ');
    const base = `${this.#file}: ${what}: ${snippet.length > 90 ? `${snippet.slice(0, 87)}...` : snippet}`;
    const count = (this.#seen.get(base) ?? 0) + 1;
    this.#seen.set(base, count);
    const number = this.#first + this.mutants.length;
    const line = this.#text.slice(0, node.start).split('\n').length;
    this.mutants.push({ number, id: count === 1 ? base : `${base} (${count})`, file: this.#file, line });
    return number;
  }

  wrap(node: Tree, before: string, after: string): void {
    const size = node.end - node.start;
    this.#inserts.push({ at: node.start, text: before, size, isOpening: true });
    this.#inserts.push({ at: node.end, text: after, size, isOpening: false });
  }

  /** Nothing but the operator stands between the operands: no parenthesis belongs to one of them. */
  isBare(left: Tree, right: Tree, operator: string): boolean {
    return this.#text.slice(left.end, right.start).trim() === operator;
  }

  /** Replaces what stands between two operands. */
  between(left: Tree, right: Tree, text: string): void {
    this.#cuts.push({ from: left.end, to: right.start });
    this.#inserts.push({ at: left.end, text, size: Number.MAX_SAFE_INTEGER, isOpening: false });
  }

  render(): string {
    const inserts = [...this.#inserts].sort(
      (a, b) =>
        a.at - b.at ||
        Number(a.isOpening) - Number(b.isOpening) ||
        (a.isOpening ? b.size - a.size : a.size - b.size),
    );
    let out = '';
    let at = 0;
    for (const insert of inserts) {
      out += this.#kept(at, insert.at) + insert.text;
      at = insert.at;
    }
    return out + this.#kept(at, this.#text.length);
  }

  #kept(from: number, to: number): string {
    let out = '';
    for (let i = from; i < to; i++) {
      if (!this.#cuts.some((c) => c.from <= i && i < c.to)) out += this.#text[i];
    }
    return out;
  }
}

type Rule = (node: Tree, parents: readonly Tree[], work: Work) => void;

const wrappers = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression']);
const testers = new Set(['filter', 'some', 'every', 'find', 'findIndex']);

const rules: Readonly<Record<string, Rule>> = {
  IfStatement: (node, _parents, work) => always(node.test as Tree, work),
  ConditionalExpression: (node, _parents, work) => always(node.test as Tree, work),
  LogicalExpression: (node, parents, work) => {
    const neutral = node.operator === '&&' ? 'true' : node.operator === '||' ? 'false' : 'undefined';
    const sides = isOptionalProperty(node, parents) ? [node.right] : [node.left, node.right];
    for (const side of sides as Tree[]) {
      const n = work.add(side, `dropped from ${String(node.operator)}`);
      work.wrap(side, `(mutantIs(${n}) ? ${neutral} : (`, '))');
    }
  },
  BinaryExpression: (node, _parents, work) => {
    if (!['<', '<=', '>', '>='].includes(String(node.operator))) return;
    if (!work.isBare(node.left as Tree, node.right as Tree, String(node.operator))) return;
    const n = work.add(node, 'boundary');
    work.wrap(node, `mutantCompare(${n}, '${String(node.operator)}', (`, '))');
    work.between(node.left as Tree, node.right as Tree, '), (');
  },
  SwitchCase: (node, _parents, work) => {
    if (node.test === null) return;
    const test = node.test as Tree;
    const n = work.add(test, 'case dropped');
    work.wrap(test, `(mutantIs(${n}) ? Symbol() : (`, '))');
  },
  CallExpression: (node, _parents, work) => {
    const method = methodOf(node);
    const argument = (node.arguments as Tree[])[0];
    if (argument === undefined) return;
    if (method === 'filter') {
      const n = work.add(node, 'filter dropped');
      work.wrap(argument, `(mutantIs(${n}) ? () => true : (`, '))');
    }
    if (method === 'sort') {
      const n = work.add(node, 'order dropped');
      work.wrap(argument, `(mutantIs(${n}) ? () => 0 : (`, '))');
    }
    if (method !== undefined && testers.has(method)) negateBody(argument, work);
  },
  ReturnStatement: (node, parents, work) => {
    const argument = node.argument as Tree | null;
    if (argument !== null && returnsBoolean(parents)) negate(argument, work);
  },
};

/**
 * `...(x !== undefined && { x })` and `...(x && { x })`: without the condition the property is there and undefined, which
 * nobody can tell.
 */
function isOptionalProperty(node: Tree, parents: readonly Tree[]): boolean {
  const outer = parents.find((p) => p.type !== 'ParenthesizedExpression');
  if (outer?.type !== 'SpreadElement' || node.operator !== '&&') return false;
  const left = node.left as Tree;
  const isUndefined = left.operator === '!==' && (left.right as Tree | undefined)?.name === 'undefined';
  return isUndefined || isOnly(left, node.right as Tree);
}

/** The object's one property has the very value that is asked for. */
function isOnly(asked: Tree, object: Tree): boolean {
  const [property, more] = (object.properties as Tree[] | undefined) ?? [];
  const value = property?.value as Tree | undefined;
  if (value === undefined || more !== undefined || value.type !== asked.type) return false;
  return pathOf(asked) !== '' && pathOf(asked) === pathOf(value);
}

/** `a.b.c` of names; '' for anything else. */
function pathOf(node: Tree): string {
  if (node.type === 'Identifier') return String(node.name);
  if (node.type !== 'MemberExpression' || node.computed === true) return '';
  const object = pathOf(node.object as Tree);
  return object === '' ? '' : `${object}.${String((node.property as Tree).name)}`;
}

const sentences = new Set(['says', 'what', 'how', 'why', 'where']);
/** Which arguments are sentences. */
const sentenceArguments: Readonly<Record<string, readonly number[]>> = { missing: [2], clusterGap: [3, 4] };

/** How an answer is put into words is no decision: sentences, and functions that make them (`...Says`). */
function isWording(node: Tree, parents: readonly Tree[]): boolean {
  const named = (node.id ?? node.key) as Tree | null | undefined;
  const name = String(named?.name ?? '');
  if (node.type === 'FunctionDeclaration') return name.endsWith('Says');
  if (node.type === 'VariableDeclarator' || node.type === 'Property') return sentences.has(name);
  const call = parents[0];
  if (call?.type !== 'CallExpression') return false;
  const at = sentenceArguments[String((call.callee as Tree).name)];
  return at?.some((i) => (call.arguments as Tree[])[i] === node) ?? false;
}

function always(test: Tree, work: Work): void {
  const yes = work.add(test, 'always true');
  const no = work.add(test, 'always false');
  work.wrap(test, `(mutantIs(${yes}) ? true : mutantIs(${no}) ? false : (`, '))');
}

function negateBody(fn: Tree, work: Work): void {
  if (fn.type !== 'ArrowFunctionExpression') return;
  const body = fn.body as Tree;
  if (body.type !== 'BlockStatement') negate(body, work);
}

function negate(expression: Tree, work: Work): void {
  if (expression.type === 'TSSatisfiesExpression') return; // `satisfies never`: the types rule it out
  const n = work.add(expression, 'negated');
  work.wrap(expression, `((mutantIs(${n})) !== !!(`, '))');
}

/** The nearest function around it says that it returns a boolean. */
function returnsBoolean(parents: readonly Tree[]): boolean {
  const fn = parents.find((p) => /Function/.test(p.type));
  const type = (fn?.returnType as { typeAnnotation?: Tree } | null | undefined)?.typeAnnotation?.type;
  return type === 'TSBooleanKeyword' || type === 'TSTypePredicate';
}

function methodOf(call: Tree): string | undefined {
  const callee = call.callee as Tree;
  if (callee.type !== 'MemberExpression') return undefined;
  const property = callee.property as Tree;
  return typeof property.name === 'string' ? property.name : undefined;
}

function childrenOf(node: Tree): readonly Tree[] {
  return Object.entries(node).flatMap(([key, value]) => {
    if (key === 'typeAnnotation' || key === 'returnType' || key === 'typeParameters') return [];
    const list = Array.isArray(value) ? value : [value];
    return list.filter(isTree);
  });
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string';
}
