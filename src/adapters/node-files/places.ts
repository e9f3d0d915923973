/* Addresses in the files of a machine, with the TOML table or the hosts line that they stand in. */
import { addressesAt } from '#adapters/addresses.ts';
import type { Mention } from '#estate/repository.ts';

export type Place = Omit<Mention, 'system' | 'file'>;

const hostName = /(?<![\w.-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?![\w.-])/gi;

/** Addresses of every line; in a TOML file host names too, because a mirror may be named. */
export function addressPlaces(
  text: string,
  starts: readonly number[],
  syntax: Mention['syntax'],
): readonly Place[] {
  const places: Place[] = [];
  let table: string | undefined;
  starts.forEach((start, i) => {
    const line = text.slice(start, starts[i + 1] ?? text.length).replace(/\r?\n$/, '');
    const comment = commentAt(line, syntax);
    if (syntax === 'toml') table = /^\s*\[+(.+?)\]+\s*(#.*)?$/.exec(line)?.[1] ?? table;
    const path = comment === 0 ? undefined : pathOf(line, syntax, table);
    for (const found of foundIn(line, syntax)) {
      const isComment = found.index >= comment;
      places.push({
        line: i + 1,
        start: start + found.index,
        end: start + found.index + found.text.length,
        ...(found.ip !== undefined && { ip: found.ip }),
        text: found.text,
        syntax: isComment ? 'comment' : syntax,
        ...(!isComment && path !== undefined && { path }),
      });
    }
  });
  return places;
}

function foundIn(line: string, syntax: Mention['syntax']) {
  const ips = addressesAt(line).map((a) => ({ index: a.start, text: a.text, ip: a.ip }));
  if (syntax !== 'toml') return ips;
  const names = [...line.matchAll(hostName)].map((m) => ({ index: m.index, text: m[0], ip: undefined }));
  return [...ips, ...names].sort((a, b) => a.index - b.index);
}

/** Where a comment begins; the line's length if there is none. */
function commentAt(line: string, syntax: Mention['syntax']): number {
  const mark = syntax === 'text' ? /^\s*[#;]/ : /(^|\s)#/;
  const match = mark.exec(line);
  return match === null ? line.length : match.index;
}

/** `host."https://10.0.0.1".capabilities` in TOML; the names of a hosts line. */
function pathOf(line: string, syntax: Mention['syntax'], table: string | undefined): string | undefined {
  if (syntax === 'hosts') {
    const names = line.replace(/#.*/, '').trim().split(/\s+/).slice(1);
    return names.length === 0 ? undefined : names.join(' ');
  }
  if (syntax !== 'toml') return undefined;
  const key = /^\s*([\w."-]+)\s*=/.exec(line)?.[1];
  return [table, key].filter((p) => p !== undefined).join('.') || undefined;
}
