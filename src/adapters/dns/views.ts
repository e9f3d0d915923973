/*
 * Which clients see which view: `views.json`, a list of {name, clients}, first match first; or BIND's `named.conf`
 * with view and match-clients. Client lists that a snapshot cannot decide (keys, localnets, negations) are a gap.
 */
import { fact } from '#estate/fact.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { type Prefix, parsePrefix, prefix } from '#net/prefix.ts';
import { asObject, isJsonProblem, parseJsonLines } from '../json-lines.ts';
import { type Found, missing } from './context.ts';

export interface ViewFile {
  readonly server: string;
  readonly file: string;
  readonly text: string;
}

const everybody: readonly Prefix[] = [prefix('0.0.0.0/0'), prefix('::/0')];

export function convertViewsJson({ server, file, text }: ViewFile): Found {
  const found: Found = { facts: [], gaps: [] };
  const document = parseJsonLines(text);
  const kinds = ['dnsView'] as const;
  if (isJsonProblem(document) || !Array.isArray(document.value)) {
    const line = isJsonProblem(document) ? document.line : 1;
    const expected = 'a list of {"name": …, "clients": ["10.0.0.0/8", …]}';
    found.gaps.push(missing({ server, file, line, what: 'the views cannot be read', kinds, expected }));
    return found;
  }
  for (const [position, node] of document.value.entries()) {
    const view = asObject(node);
    const line = document.lineOf(node);
    const written = Array.isArray(view?.clients) ? view.clients.map(String) : [];
    const clients = written.flatMap((c) => (c === 'any' ? everybody : (parsePrefix(c) ?? [])));
    if (typeof view?.name !== 'string' || written.some((c) => c !== 'any' && parsePrefix(c) === undefined)) {
      found.gaps.push(missing({ server, file, line, what: `view ${position} cannot be read whole`, kinds }));
    }
    if (typeof view?.name === 'string')
      addView(found, { server, file, line, name: view.name, clients, position });
  }
  return found;
}

interface View {
  readonly server: string;
  readonly file: string;
  readonly line: number | undefined;
  readonly name: string;
  readonly clients: readonly Prefix[];
  readonly position: number;
}

function addView(found: Found, { server, file, line, name, clients, position }: View): void {
  const evidence = { file, ...(line !== undefined && { line }), object: `view ${name}` };
  found.facts.push(fact('dnsView', { server, name, clients, position }, evidence));
}

/** A statement of named.conf: its words, and what stands in its braces. */
interface Statement {
  readonly words: readonly string[];
  readonly line: number;
  readonly block: readonly Statement[] | undefined;
}

export interface NamedConf extends Found {
  /** Zone names by view (undefined: outside views) and file, as far as it says so. */
  readonly zones: readonly {
    readonly view: string | undefined;
    readonly zone: DnsName;
    readonly file: string;
  }[];
}

export function convertNamedConf({ server, file, text }: ViewFile): NamedConf {
  const found: Found = { facts: [], gaps: [] };
  const top = parseStatements(text);
  const acls = new Map(
    top
      .filter((s) => s.words[0] === 'acl')
      .map((s): [string, readonly Statement[]] => [s.words[1] ?? '', s.block ?? []]),
  );
  const zones = zonesIn(top, undefined);
  for (const [position, view] of top.filter((s) => s.words[0] === 'view').entries()) {
    const name = view.words[1] ?? '';
    const match = view.block?.find((s) => s.words[0] === 'match-clients');
    const undecided: string[] = [];
    const clients =
      match === undefined ? everybody : clientsOf(match.block ?? [], { acls, undecided, depth: 0 });
    if (undecided.length > 0) {
      const what = `view ${name} is for clients that a snapshot cannot tell: ${undecided.slice(0, 5).join(', ')}`;
      found.gaps.push(missing({ server, file, line: view.line, what, kinds: ['dnsView'] }));
    }
    addView(found, { server, file, line: view.line, name, clients, position });
    zones.push(...zonesIn(view.block ?? [], name));
  }
  return { ...found, zones };
}

function zonesIn(statements: readonly Statement[], view: string | undefined) {
  return statements.flatMap((s) => {
    const zone = s.words[0] === 'zone' ? parseName(s.words[1] ?? '') : undefined;
    const file = s.block?.find((b) => b.words[0] === 'file')?.words[1];
    return zone === undefined || file === undefined ? [] : [{ view, zone, file }];
  });
}

interface Clients {
  readonly acls: ReadonlyMap<string, readonly Statement[]>;
  readonly undecided: string[];
  readonly depth: number;
}

/** Lists may name acls, which may name each other: bounded. */
function clientsOf(list: readonly Statement[], { acls, undecided, depth }: Clients): readonly Prefix[] {
  return list.flatMap((s): readonly Prefix[] => {
    const written = s.words.join(' ');
    const acl = acls.get(written);
    if (written === 'any') return everybody;
    if (written === 'none' || (written === '' && s.block === undefined)) return [];
    if (s.block !== undefined && s.words.length === 0 && depth < 8) {
      return clientsOf(s.block, { acls, undecided, depth: depth + 1 });
    }
    if (acl !== undefined && depth < 8) return clientsOf(acl, { acls, undecided, depth: depth + 1 });
    const network = parsePrefix(written);
    if (network === undefined) undecided.push(written);
    return network === undefined ? [] : [network];
  });
}

const deepestBlock = 32;

function parseStatements(text: string): readonly Statement[] {
  const bare = text.replace(/\/\*[\s\S]*?\*\/|(?:\/\/|#)[^\n]*/g, (c) => c.replace(/[^\n]/g, ' '));
  const tokens = [...bare.matchAll(/"([^"\n]*)"|([{};])|([^\s{};"]+)|\n/g)];
  let at = 0;
  let line = 1;
  const block = (depth: number): Statement[] => {
    const statements: Statement[] = [];
    let words: string[] = [];
    let inner: readonly Statement[] | undefined;
    let start = line;
    const end = () => {
      if (words.length > 0 || inner !== undefined) statements.push({ words, line: start, block: inner });
      words = [];
      inner = undefined;
    };
    while (at < tokens.length) {
      const [whole, quoted, mark, word] = tokens[at++] ?? [];
      if (whole === '\n') line++;
      else if (mark === '{') inner = depth < deepestBlock ? block(depth + 1) : [];
      else if (mark === ';') end();
      else if (mark === '}') break;
      else {
        if (words.length === 0) start = line;
        words.push(quoted ?? word ?? '');
      }
    }
    end();
    return statements;
  };
  return block(0);
}
