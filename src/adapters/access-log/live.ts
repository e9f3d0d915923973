/*
 * One's own request in a live access log: the line that holds its mark, and whom that line takes for the client. JSON lines
 * of Traefik (ClientAddr is the peer) and lines that begin with the address, as CLF and nginx's formats do.
 */
import { familyOf, type Ip, parseIp } from '#net/ip.ts';

export type LoggedClient =
  | { readonly kind: 'client'; readonly ip: Ip }
  /** The line is there, and the address is not where it is looked for. */
  | { readonly kind: 'unknown-format' };

/** Of each mark that stands in the text. The last line counts, as a mark is sent once. */
export function clientsIn(text: string, marks: ReadonlySet<string>): ReadonlyMap<string, LoggedClient> {
  const found = new Map<string, LoggedClient>();
  if (marks.size === 0) return found;
  for (const line of text.split('\n')) {
    const mark = markIn(line);
    if (mark !== undefined && marks.has(mark)) found.set(mark, clientIn(line));
  }
  return found;
}

/** A probe carries its mark in the query of its path and in its user agent. */
function markIn(line: string): string | undefined {
  return /sightline-probe[=/]([A-Za-z0-9_-]{8,40})/.exec(line)?.[1];
}

function clientIn(line: string): LoggedClient {
  const text = line.trimStart().startsWith('{') ? fromJson(line) : (/^\s*(\S+) /.exec(line)?.[1] ?? '');
  const ip = addressOf(text);
  return ip === undefined ? { kind: 'unknown-format' } : { kind: 'client', ip };
}

/** Traefik's peer, else the field that nginx formats are commonly given. */
function fromJson(line: string): string {
  try {
    const value = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const field = value.ClientAddr ?? value.remote_addr;
    return typeof field === 'string' ? field : '';
  } catch {
    return '';
  }
}

/** `192.0.2.1`, `192.0.2.1:443`, `[2001:db8::1]:443`. */
function addressOf(text: string): Ip | undefined {
  const plain = parseIp(text);
  if (plain !== undefined) return plain;
  const inner = parseIp(/^\[?(.*?)\]?:\d+$/.exec(text)?.[1] ?? '');
  return inner !== undefined && (familyOf(inner) === 4 || text.startsWith('[')) ? inner : undefined;
}
