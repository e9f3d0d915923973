/*
 * What a line of a document says about the address that a Service leaves, and how it reads afterwards. Only lines that
 * clearly speak of that Service are changed; ranges and other Services stay; what is not clear is left to a person.
 */

/** The move that documents have to follow. */
export interface DocumentMove {
  /** `ns/name` before and after (a second Service has a name of its own). */
  readonly service: string;
  readonly newService: string;
  readonly from: string;
  readonly to: string;
  readonly policy: { readonly before: string; readonly after: string };
  /** Ports of the Service, and those that others serve on the old address. */
  readonly ports: readonly number[];
  /** `ns/name` of the Services that stay. */
  readonly stays: readonly string[];
  /** Names whose record goes to the new address. */
  readonly names: readonly string[];
  /** Firewall aliases whose forwards go to another one. */
  readonly aliases: readonly { readonly before: string; readonly after: string }[];
}

export type LineChange =
  | { readonly kind: 'same' }
  /** `added`: lines put in behind it. */
  | { readonly kind: 'changed'; readonly text: string; readonly added?: string }
  | { readonly kind: 'unclear'; readonly why: string };

const same: LineChange = { kind: 'same' };

/** What becomes of the line. */
export function lineAfter(line: string, move: DocumentMove): LineChange {
  const row = aliasRow(line, move);
  if (row !== undefined) return row;
  if (!statesAlone(line, move)) return aliasWords(line, move);
  const counted = fewerSharers(line, move);
  if (counted !== undefined) return counted;
  if (namesOther(line, move)) {
    return isAbout(line, move)
      ? { kind: 'unclear', why: `it speaks of ${move.service} and of a Service that stays` }
      : same;
  }
  if (isOtherPort(line, move)) return same;
  if (!isAbout(line, move) && !namesRecord(line, move)) {
    return { kind: 'unclear', why: `it does not say whose ${move.from} it means` };
  }
  return { kind: 'changed', text: rewritten(line, move) };
}

/** The address by itself, not as the end of a range and not with more digits. */
function alone(ip: string): RegExp {
  return new RegExp(`(?<![\\d.-])${ip.replaceAll('.', '\\.')}(?![\\d-]|\\.\\d)`, 'g');
}

function statesAlone(line: string, { from }: DocumentMove): boolean {
  return alone(from).test(line);
}

function rewritten(line: string, move: DocumentMove): string {
  const text = line
    .replace(alone(move.from), move.to)
    .replaceAll(move.service, move.newService)
    .replace(/\b(it )?shares the address with [\w-]+ other Services\b/i, '$1has the address to itself');
  const { before, after } = move.policy;
  const once = text.split(new RegExp(`\\b${before}\\b`)).length === 2;
  const named = once && isAbout(line, move) ? text.replace(new RegExp(`\\b${before}\\b`), after) : text;
  return move.aliases.reduce((t, a) => t.replaceAll(`\`${a.before}\``, `\`${a.after}\``), named);
}

/** `shared by 10 Services`: one fewer, and the address stays. */
function fewerSharers(line: string, move: DocumentMove): LineChange | undefined {
  const match = /\bshared by (\d+) Services\b/.exec(line);
  if (match === null) return undefined;
  if (Number(match[1]) !== move.stays.length + 1) {
    return {
      kind: 'unclear',
      why: `it counts ${match[1]} Services, the cluster has ${move.stays.length + 1}`,
    };
  }
  return { kind: 'changed', text: line.replace(match[0], `shared by ${move.stays.length} Services`) };
}

/** A row of a table that begins with an alias: the new alias gets its row, the old one has no use left. */
function aliasRow(line: string, move: DocumentMove): LineChange | undefined {
  const cells = line.split('|').map((c) => c.trim());
  const alias = move.aliases.find((a) => cells[1] === a.before || cells[1] === `\`${a.before}\``);
  if (alias === undefined || cells.length < 5 || !statesAlone(line, move)) return undefined;
  const added = line.replace(alias.before, alias.after).replace(alone(move.from), move.to);
  const last = cells.at(-2) ?? '';
  const at = line.lastIndexOf(last);
  return {
    kind: 'changed',
    text: `${line.slice(0, at)}nothing any more${line.slice(at + last.length)}`,
    added,
  };
}

/** A line without the address that names the old alias as the target. */
function aliasWords(line: string, move: DocumentMove): LineChange {
  const text = move.aliases.reduce(
    (t, a) => t.replaceAll(`alias \`${a.before}\``, `alias \`${a.after}\``),
    line,
  );
  return text === line ? same : { kind: 'changed', text };
}

function isAbout(line: string, { service }: DocumentMove): boolean {
  const [, name = ''] = service.split('/');
  return word(name).test(line);
}

function namesOther(line: string, { stays }: DocumentMove): boolean {
  return stays.some((s) => line.includes(s) || word(s.split('/')[1] ?? s).test(line));
}

function namesRecord(line: string, { names }: DocumentMove): boolean {
  return names.some((n) => line.includes(`\`${n}\``) || word(n).test(line));
}

/** `10.0.20.200:5432`: another Service's port. */
function isOtherPort(line: string, { from, ports }: DocumentMove): boolean {
  const found = new RegExp(`${from.replaceAll('.', '\\.')}:(\\d+)`).exec(line);
  return found !== null && !ports.includes(Number(found[1]));
}

function word(text: string): RegExp {
  return new RegExp(`(?<![\\w/.-])${text.replace(/[.*+?^$()|[\]{}\\]/g, '\\$&')}(?![\\w-]|\\.\\w)`, 'i');
}
