/*
 * Technitium's Split Horizon app (its dnsApp.config, or the answer of /api/apps/config/get): answers that hold one
 * address are changed to another, by client network or by domain. A domain that is mapped goes before the client's
 * network; among networks the longest prefix counts. Followed: the app's documentation of DNS Server 15.2.
 */
import type { Translation } from '#estate/dns.ts';
import { fact } from '#estate/fact.ts';
import { familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { type Prefix, parsePrefix, prefix, prefixBits, prefixFamily, prefixToRange } from '#net/prefix.ts';
import { asObject, type JsonDocument } from '../json-lines.ts';
import { type Found, missing } from './context.ts';

const everybody: readonly Prefix[] = [prefix('0.0.0.0/0'), prefix('::/0')];
/** A translated network becomes one fact an address; larger ones are a gap. */
const mostAddresses = 1024;

export function isSplitHorizon(value: unknown): boolean {
  const object = asObject(value);
  return object !== undefined && ('networkGroupMap' in object || 'enableAddressTranslation' in object);
}

interface Where {
  readonly server: string;
  readonly file: string;
  readonly document: JsonDocument;
}

export function convertSplitHorizon(value: unknown, where: Where): Found {
  const config = asObject(value) ?? {};
  const found: Found = { facts: [], gaps: [] };
  const networks = inverted(config.networkGroupMap, (text) => parsePrefix(text), { found, where });
  const domains = inverted(config.domainGroupMap, (text) => parseName(text), { found, where });
  const isOn = config.enableAddressTranslation === true;
  for (const node of Array.isArray(config.groups) ? config.groups : []) {
    const group = asObject(node);
    const name = typeof group?.name === 'string' ? group.name : undefined;
    if (group === undefined || name === undefined) {
      found.gaps.push(gap(where, node, 'a translation group has no name'));
      continue;
    }
    const isEnabled = isOn && group.enabled !== false;
    for (const [from, to] of pairsOf(group.externalToInternalTranslation, { found, where, node })) {
      const add = (t: Pick<Translation, 'group' | 'clients' | 'domains'>) => {
        const evidence = { ...placeOf(where, node), object: `group ${name}`, field: from };
        found.facts.push(fact('translation', { server: where.server, ...t, from, to, isEnabled }, evidence));
      };
      add({ group: name, clients: networks.get(name) ?? [] });
      const limited = domains.get(name);
      if (limited !== undefined) add({ group: `${name} (by domain)`, clients: everybody, domains: limited });
    }
  }
  return found;
}

/** `{key: group}` → group → keys. */
function inverted<K extends Prefix | DnsName>(
  map: unknown,
  parse: (text: string) => K | undefined,
  { found, where }: { found: Found; where: Where },
): ReadonlyMap<string, readonly K[]> {
  const groups = new Map<string, K[]>();
  for (const [text, group] of Object.entries(asObject(map) ?? {})) {
    const key = parse(text);
    if (key === undefined || typeof group !== 'string') {
      found.gaps.push(gap(where, map, `${JSON.stringify(text)} cannot be read`));
    } else groups.set(group, [...(groups.get(group) ?? []), key]);
  }
  return groups;
}

interface Around {
  readonly found: Found;
  readonly where: Where;
  readonly node: unknown;
}

function pairsOf(map: unknown, { found, where, node }: Around): readonly [Ip, Ip][] {
  return Object.entries(asObject(map) ?? {}).flatMap(([external, internal]): readonly [Ip, Ip][] => {
    const from = parsePrefix(external);
    const to = typeof internal === 'string' ? parsePrefix(internal) : undefined;
    const pairs = from && to && pairNetworks(from, to);
    if (pairs !== undefined) return pairs;
    const what = `the translation of ${JSON.stringify(external)} to ${JSON.stringify(internal)} cannot be read`;
    found.gaps.push(gap(where, node, what));
    return [];
  });
}

/** Address by address; undefined: not of one family and size, or too large. */
function pairNetworks(from: Prefix, to: Prefix): readonly [Ip, Ip][] | undefined {
  const family = prefixFamily(from);
  if (family !== prefixFamily(to) || prefixBits(from) !== prefixBits(to)) return undefined;
  const hostBits = (family === 4 ? 32 : 128) - prefixBits(from);
  if (2 ** hostBits > mostAddresses) return undefined;
  const [a, b] = [ipToNumber(prefixToRange(from).first), ipToNumber(prefixToRange(to).first)];
  return Array.from({ length: 2 ** hostBits }, (_, i): [Ip, Ip] => [
    numberToIp(a + BigInt(i), family),
    numberToIp(b + BigInt(i), familyOf(prefixToRange(to).first)),
  ]);
}

function placeOf({ file, document }: Where, node: unknown) {
  const line = document.lineOf(node);
  return { file, ...(line !== undefined && { line }) };
}

function gap(where: Where, node: unknown, what: string) {
  const line = where.document.lineOf(node);
  return missing({ server: where.server, file: where.file, line, what, kinds: ['translation'] });
}
