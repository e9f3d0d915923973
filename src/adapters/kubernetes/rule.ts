/*
 * Traefik's rules (pkg/rules of v2, pkg/muxer of v3) as the hosts and paths that they match: Host, HostSNI, HostRegexp,
 * Path, PathPrefix, PathRegexp with &&, ||, ! and brackets. What else a rule asks for makes its match incomplete.
 */
import type { RouteMatch } from '#estate/ingress.ts';

/** One way to satisfy a rule; hosts undefined: any. */
interface Way {
  readonly hosts: readonly string[] | undefined;
  readonly path: RouteMatch['path'];
  readonly isComplete: boolean;
}

const maxWays = 256;
const anyWay: Way = { hosts: undefined, path: undefined, isComplete: true };

/** The matches that the rule is the union of, never empty; ways that differ only in their hosts are one. */
export function parseRule(rule: string): readonly RouteMatch[] {
  const ways = parseWays(rule) ?? [{ ...anyWay, isComplete: false }];
  const groups = new Map<string, { hosts: string[]; isAny: boolean; way: Way }>();
  for (const way of ways) {
    const key = `${way.path?.type}|${way.path?.value}|${way.isComplete}|${way.hosts === undefined}`;
    const group = groups.get(key) ?? { hosts: [], isAny: way.hosts === undefined, way };
    for (const h of way.hosts ?? []) if (!group.hosts.includes(h)) group.hosts.push(h);
    groups.set(key, group);
  }
  const possible = [...groups.values()].filter((g) => g.isAny || g.hosts.length > 0);
  return possible.map(({ hosts, way }) => ({
    hosts,
    ...(way.path && { path: way.path }),
    isComplete: way.isComplete,
    rule,
  }));
}

/** undefined: the rule cannot be parsed, or has more ways than anybody writes. */
function parseWays(rule: string): readonly Way[] | undefined {
  const tokens = tokensOf(rule);
  if (tokens === undefined) return undefined;
  const parser = new Parser(tokens);
  const ways = parser.or();
  return ways !== undefined && parser.isAtEnd() && ways.length <= maxWays ? ways : undefined;
}

type Token =
  | { readonly kind: '(' | ')' | '&&' | '||' | '!' }
  | { readonly kind: 'matcher'; readonly name: string; readonly args: readonly string[] };

const tokenText =
  /\s*(?:(&&|\|\||!)|(\w+)\s*\(((?:\s*(?:`[^`]*`|"(?:\\.|[^"\\])*"|'[^']*')\s*,?)*)\s*\)|([()]))/y;

function tokensOf(rule: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const text = rule.trim();
  tokenText.lastIndex = 0;
  while (tokenText.lastIndex < text.length) {
    const match = tokenText.exec(text);
    if (match === null) return undefined;
    const [, operator, name, args, bracket] = match;
    if (name !== undefined) tokens.push({ kind: 'matcher', name, args: argumentsOf(args ?? '') });
    else tokens.push({ kind: (operator ?? bracket) as '(' | ')' | '&&' | '||' | '!' });
  }
  return tokens;
}

function argumentsOf(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]*)`|"((?:\\.|[^"\\])*)"|'([^']*)'/g)].map(
    (m) => m[1] ?? m[2] ?? m[3] ?? '',
  );
}

/** or := and ('||' and)*; and := not ('&&' not)*; not := '!' not | '(' or ')' | matcher. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }
  isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }
  or(): readonly Way[] | undefined {
    const ways: Way[] = [];
    do {
      const more = this.#and();
      if (more === undefined || ways.length + more.length > maxWays) return undefined;
      ways.push(...more);
    } while (this.#take('||'));
    return ways;
  }
  #and(): readonly Way[] | undefined {
    let ways: readonly Way[] = [anyWay];
    do {
      const more = this.#not();
      if (more === undefined || ways.length * more.length > maxWays) return undefined;
      ways = ways.flatMap((a) => more.map((b) => both(a, b)));
    } while (this.#take('&&'));
    return ways;
  }
  #not(): readonly Way[] | undefined {
    if (++this.#depth > 200) return undefined;
    if (this.#take('!')) return this.#not() && [{ ...anyWay, isComplete: false }];
    if (this.#take('(')) {
      const ways = this.or();
      return this.#take(')') ? ways : undefined;
    }
    const token = this.#tokens[this.#at++];
    return token?.kind === 'matcher' ? matcher(token.name, token.args) : undefined;
  }
  #take(kind: Token['kind']): boolean {
    if (this.#tokens[this.#at]?.kind !== kind) return false;
    this.#at++;
    return true;
  }
}

function both(a: Way, b: Way): Way {
  const hosts =
    a.hosts === undefined
      ? b.hosts
      : b.hosts === undefined
        ? a.hosts
        : a.hosts.filter((h) => b.hosts?.includes(h));
  const isTwoPaths = a.path !== undefined && b.path !== undefined;
  return { hosts, path: a.path ?? b.path, isComplete: a.isComplete && b.isComplete && !isTwoPaths };
}

function matcher(name: string, args: readonly string[]): readonly Way[] {
  switch (name.toLowerCase()) {
    case 'host':
    case 'hostheader':
    case 'hostsni':
      return [{ ...anyWay, hosts: args.includes('*') ? undefined : args.map((a) => a.toLowerCase()) }];
    case 'hostregexp':
    case 'hostsniregexp':
      return [{ ...anyWay, hosts: wildcardsOf(args), isComplete: false }];
    case 'path':
      return args.map((value) => ({
        ...anyWay,
        path: { type: isPattern(value) ? 'regex' : 'exact', value },
      }));
    case 'pathprefix':
      return args.map((value) => pathPrefix(value));
    case 'pathregexp':
      return args.map((value) => ({ ...anyWay, path: { type: 'regex', value } }));
    default:
      return [{ ...anyWay, isComplete: false }];
  }
}

/** A prefix `/` matches every path. */
function pathPrefix(value: string): Way {
  if (value === '/') return anyWay;
  return { ...anyWay, path: { type: isPattern(value) ? 'regex' : 'prefix', value } };
}

/** Version 2 allowed `{name:pattern}` in paths. */
function isPattern(value: string): boolean {
  return value.includes('{');
}

/** Expressions that say "anything below a domain", as wildcards; undefined: not of that form, any host. */
function wildcardsOf(args: readonly string[]): readonly string[] | undefined {
  const hosts = args.map((a) => {
    const below =
      /^\^?(?:\{\w+:[^}]+\}|\(?(?:\.\+|\.\*|\[[^\]]+\][+*])\)?\??)\\?\.([a-z0-9.\\-]+?)\$?$/i.exec(a)?.[1];
    return below === undefined ? undefined : `*.${below.replaceAll('\\', '').toLowerCase()}`;
  });
  return hosts.every((h) => h !== undefined) ? hosts : undefined;
}
