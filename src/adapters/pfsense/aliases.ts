/*
 * Aliases (pfSense alias.inc). Entries stay as written, nested names too: resolving them, and noticing that they loop,
 * is for the data plane. An alias filled from a URL has contents that no export holds.
 */
import type { Alias } from '#estate/firewall.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, printable, prose, text } from './decode.ts';
import type { XmlElement } from './xml.ts';

export function convertAliases(box: Box): void {
  const seen = new Set<string>();
  for (const [i, element] of all(at(box.root, 'aliases'), 'alias').entries()) {
    const name = text(element, 'name') ?? '';
    const object = `aliases/alias[${i}]`;
    const value = { firewall: box.firewall, name, ...contentsOf(element), descr: prose(element, 'descr') };
    if (name === '' || seen.has(name)) {
      const what =
        name === '' ? 'an alias has no name' : `alias ${quoted(name)} is defined twice; the first one counts`;
      miss(box, { about: object, what, kinds: ['alias'], element });
      continue;
    }
    seen.add(name);
    if (value.type === 'url' || value.type === 'other') {
      const what = `alias ${quoted(name)} is filled at run time; the file does not say with what`;
      // no kinds: the alias itself says that its contents are not known, and only rules that name it depend on it
      miss(box, { about: object, what, kinds: [], expected: `the table ${name} from the box`, element });
    }
    add(box, 'alias', value, element, object);
  }
}

/** Entries of an alias as far as it is a plain list; nested names are followed once each, so loops end. */
export function aliasEntries(box: Box, name: string): readonly string[] {
  const aliases = all(at(box.root, 'aliases'), 'alias');
  const byName = new Map(aliases.map((a) => [text(a, 'name') ?? '', a]));
  const seen = new Set<string>();
  const open = [name];
  const entries: string[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const alias = byName.get(next);
    if (alias === undefined) entries.push(next);
    else if (!seen.has(next)) open.push(...words(text(alias, 'address')).toReversed());
    seen.add(next);
  }
  return entries;
}

function contentsOf(element: XmlElement): Pick<Alias, 'type' | 'entries'> {
  const type = text(element, 'type') ?? '';
  if (type === 'host' || type === 'network' || type === 'port') {
    return { type, entries: words(text(element, 'address')) };
  }
  const isUrl = type.startsWith('url');
  const urls = [text(element, 'url'), ...all(element, 'aliasurl').map((u) => u.text)];
  return { type: isUrl ? 'url' : 'other', entries: urls.flatMap((u) => (u ? [withoutLogin(u)] : [])) };
}

/** A URL without user, password and query, where keys tend to be. */
function withoutLogin(url: string): string {
  return printable(url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/s, '?…'));
}

function words(value: string | undefined): readonly string[] {
  return value?.split(/[\s]+/).filter((w) => w !== '') ?? [];
}
