/* A middleware's allow list, and rules in CoreDNS's Corefile: where they stand in their objects. */
import type { NameRule } from '#estate/dns.ts';
import type { Middleware } from '#estate/ingress.ts';
import { parsePrefix } from '#net/prefix.ts';
import { type Json, textOf } from './decode.ts';
import { valueAt, withValue } from './diff.ts';
import type { Place } from './workload-fields.ts';

/** Ranges of an allow list; a text: what cannot be written. */
export function middlewarePlace(before: Partial<Middleware>, after: Partial<Middleware>): Place | string {
  const [was, now] = [before.rule, after.rule];
  if (was?.kind !== 'ip-allow-list' || now?.kind !== 'ip-allow-list' || was.depth !== now.depth)
    return 'of a middleware only the ranges of an allow list can be written here';
  return { says: 'the allow list', before: was.ranges, after: now.ranges, read: rangesOf, put: putRanges };
}

const allowList = (o: Json) => [
  'spec',
  valueAt(o, ['spec', 'ipWhiteList']) === undefined ? 'ipAllowList' : 'ipWhiteList',
  'sourceRange',
];

function textsAt(object: Json): readonly string[] {
  const list = valueAt(object, allowList(object));
  return Array.isArray(list) ? list.map(String) : [];
}

function rangesOf(object: Json): unknown {
  return textsAt(object).map((t) => parsePrefix(t.trim()) ?? t);
}

/** Ranges that stay are left as they are written. */
function putRanges(object: Json, value: unknown): Json {
  const live = textsAt(object);
  const wanted = (value as readonly string[]).map(
    (range) => live.find((t) => parsePrefix(t.trim()) === range) ?? range,
  );
  return withValue(object, allowList(object), wanted);
}

type Rule = NameRule['rule'];
const corefile = ['data', 'Corefile'];

/** One rule of the Corefile: the addresses of a name in a hosts block, or a rewrite. */
export function corefilePlace(before: Rule | undefined, after: Rule | undefined): Place | string {
  const [was, now] = [before, after];
  if (was?.kind === 'host' && now?.kind === 'host' && was.name === now.name) return hostPlace(was, now);
  const isRewrite = [was, now].every((r) => r === undefined || r.kind === 'rewrite');
  if (!isRewrite) return 'of a Corefile only hosts entries and rewrites can be written here';
  const text = (r: Rule | undefined) =>
    r?.kind === 'rewrite' ? `rewrite name ${r.match} ${r.from} ${r.to}` : undefined;
  return {
    says: 'the rewrite',
    before: text(was),
    after: text(now),
    read: (o) => rewriteIn(textOf(valueAt(o, corefile)), [text(was), text(now)]),
    put: (o, value) =>
      putRewrite(o, text(was) === value ? text(now) : text(was), value as string | undefined),
  };
}

function words(line: string): readonly string[] {
  return line
    .replace(/#.*$/, '')
    .trim()
    .split(/\s+/)
    .filter((w) => w !== '');
}

/** `rewrite [stop] [name] [exact] FROM TO` in its full form; undefined: another directive. */
function rewriteText(line: string): string | undefined {
  const [directive, ...rest] = words(line);
  if (directive !== 'rewrite') return undefined;
  const plain = rest.filter((w, i) => !(i === 0 && /^(stop|continue)$/.test(w)));
  const named = plain[0] === 'name' ? plain.slice(1) : plain;
  const typed = /^(exact|prefix|suffix|substring|regex)$/.test(named[0] ?? '') ? named : ['exact', ...named];
  const [match, from, to] = typed.map((w) => (w.length > 1 ? w.replace(/\.$/, '') : w));
  return `rewrite name ${match} ${from} ${to}`;
}

function rewriteIn(text: string, wanted: readonly (string | undefined)[]): string | undefined {
  const there = text.split('\n').map(rewriteText);
  return wanted.find((w) => w !== undefined && there.includes(w));
}

/** The old line is exchanged, or taken away; a new one comes first in the block for every name. */
function putRewrite(object: Json, old: string | undefined, value: string | undefined): Json | string {
  const text = textOf(valueAt(object, corefile));
  const lines = text.split('\n');
  const at = old === undefined ? -1 : lines.findIndex((l) => rewriteText(l) === old);
  const block = lines.findIndex((l) => /^\s*\.(:\d+)?(\s+\S+)*\s*\{/.test(l));
  const indent = /^\s*/.exec(lines[at >= 0 ? at : block + 1] ?? '')?.[0] ?? '    ';
  if (at >= 0) lines.splice(at, 1, ...(value === undefined ? [] : [`${indent}${value}`]));
  else if (block < 0) return 'the Corefile has no block for every name';
  else if (value !== undefined) lines.splice(block + 1, 0, `${indent}${value}`);
  return withValue(object, corefile, lines.join('\n'));
}

/** Addresses of the name, in the order of the lines; other names on such a line would move along, which is refused. */
function hostPlace(was: Rule & { kind: 'host' }, now: Rule & { kind: 'host' }): Place {
  const isOfName = (line: string) => parsedHost(line)?.names.includes(was.name) === true;
  return {
    says: `the addresses of ${was.name}`,
    before: was.addresses,
    after: now.addresses,
    read: (o) =>
      textOf(valueAt(o, corefile))
        .split('\n')
        .filter(isOfName)
        .map((l) => parsedHost(l)?.address),
    put: (o, value) => {
      const left = [...(value as readonly string[])];
      const lines = textOf(valueAt(o, corefile)).split('\n');
      if (lines.some((l) => isOfName(l) && (parsedHost(l)?.names.length ?? 0) > 1))
        return `the line of ${was.name} holds other names too, which would move along`;
      if (lines.filter(isOfName).length !== left.length)
        return 'the number of addresses changes, which is not written here';
      const text = lines.map((l) =>
        isOfName(l) ? l.replace(parsedHost(l)?.address ?? '', left.shift() ?? '') : l,
      );
      return withValue(o, corefile, text.join('\n'));
    },
  };
}

function parsedHost(line: string): { address: string; names: readonly string[] } | undefined {
  const [address = '', ...names] = words(line);
  const isAddress = /^(\d{1,3}\.){3}\d{1,3}$|^[0-9a-f:]*:[0-9a-f:.]*$/i.test(address);
  return isAddress && names.length > 0
    ? { address, names: names.map((n) => n.toLowerCase().replace(/\.$/, '')) }
    : undefined;
}
