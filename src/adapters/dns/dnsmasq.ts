/*
 * dnsmasq.conf as far as it decides names (man page of dnsmasq 2.90): address=, host-record=, cname=, server= and the
 * cache's limits. Options without a say in names are passed over; other files that it would read are a gap.
 */
import type { NameRule, Resolver } from '#estate/dns.ts';
import { fact } from '#estate/fact.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { type Found, missing } from './context.ts';

/** Options that bring names from elsewhere, so that this file alone does not tell them all. */
const elsewhere = new Set([
  'conf-file',
  'conf-dir',
  'addn-hosts',
  'hostsdir',
  'servers-file',
  'dynamic-host',
]);

type Rule = NameRule['rule'];

/** Whether the text looks like dnsmasq's configuration: the file's name says it, or its options do. */
export function isDnsmasq(file: string, text: string): boolean {
  return /(^|\/)dnsmasq[^/]*\.conf$/.test(file) || /^(address|host-record|server)=/m.test(text);
}

/** Facts of one file; the resolver's id is the server's. */
export function convertDnsmasq({
  server,
  file,
  text,
}: {
  server: string;
  file: string;
  text: string;
}): Found {
  const found: Found = { facts: [], gaps: [] };
  const options = text
    .split('\n')
    .map((line, i) => ({ line: i + 1, text: line.replace(/(^|\s)#.*$/, '').trim() }));
  const number = (name: string) =>
    Number(options.find((o) => o.text.startsWith(`${name}=`))?.text.split('=')[1]);
  const localTtl = number('local-ttl');
  let position = 0;
  for (const option of options) {
    const read = rulesOf(option.text, Number.isFinite(localTtl) ? localTtl : 0);
    if (read === 'elsewhere' || read === 'wrong') {
      const what =
        read === 'wrong'
          ? `dnsmasq would refuse ${JSON.stringify(option.text)}`
          : `names come from elsewhere too: ${option.text}`;
      found.gaps.push(missing({ server, file, line: option.line, what, kinds: ['nameRule'] }));
      continue;
    }
    for (const rule of read) {
      const evidence = { file, line: option.line, object: option.text.slice(0, 120) };
      found.facts.push(fact('nameRule', { resolver: server, position: position++, rule }, evidence));
    }
  }
  found.facts.push(
    fact('resolver', resolverOf(server, number('min-cache-ttl'), number('max-cache-ttl')), {
      file,
      object: server,
    }),
  );
  return found;
}

function resolverOf(server: string, min: number, max: number): Resolver {
  return {
    id: server,
    program: 'dnsmasq',
    serves: [server],
    // dnsmasq answers stale only with use-stale-cache, which these limits do not touch
    cache: {
      serveStaleSeconds: 0,
      ...(min > 0 && { minTtlSeconds: min }),
      ...(Number.isFinite(max) && { maxTtlSeconds: max }),
    },
  };
}

/** Rules of one option; [] where it says nothing about names. */
function rulesOf(text: string, ttlSeconds: number): readonly Rule[] | 'elsewhere' | 'wrong' {
  const equals = text.indexOf('=');
  const option = equals < 0 ? text : text.slice(0, equals);
  const value = text.slice(equals + 1);
  if (elsewhere.has(option)) return 'elsewhere';
  switch (option) {
    case 'address':
      return addressRules(value, ttlSeconds);
    case 'host-record':
      return hostRules(value, ttlSeconds);
    case 'cname':
      return cnameRules(value);
    case 'server':
      return serverRules(value);
    default:
      return [];
  }
}

/** `/zone/zone/ip`: the zone and every name below it. Without an address the names do not exist. */
function addressRules(value: string, ttlSeconds: number): readonly Rule[] | 'wrong' {
  const parts = value.split('/');
  if (parts.length < 3 || parts[0] !== '') return 'wrong';
  const last = parts.at(-1) ?? '';
  const ip = parseIp(last);
  if (last !== '' && ip === undefined) return 'wrong';
  const names = parts.slice(1, -1).map((p) => parseName(p));
  if (names.some((n) => n === undefined)) return 'wrong';
  const addresses = ip === undefined ? [] : [ip];
  return names
    .flatMap((name) => [name as DnsName, `*.${name}` as DnsName])
    .map((name) => ({ kind: 'host', name, addresses, ttlSeconds }));
}

/** `name[,name…][,ipv4][,ipv6][,ttl]`. */
function hostRules(value: string, localTtl: number): readonly Rule[] | 'wrong' {
  const parts = value.split(',').map((p) => p.trim());
  const addresses = parts.map((p) => parseIp(p)).filter((ip): ip is Ip => ip !== undefined);
  const last = parts.at(-1) ?? '';
  const ttlSeconds = /^\d+$/.test(last) ? Number(last) : localTtl;
  const names = parts.filter((p) => parseIp(p) === undefined && !/^\d+$/.test(p)).map((p) => parseName(p));
  if (names.length === 0 || names.some((n) => n === undefined)) return 'wrong';
  return names.map((name) => ({ kind: 'host', name: name as DnsName, addresses, ttlSeconds }));
}

/** `alias[,alias…],target[,ttl]`; the target must be known to dnsmasq itself. */
function cnameRules(value: string): readonly Rule[] | 'wrong' {
  const parts = value
    .split(',')
    .map((p) => p.trim())
    .filter((p) => !/^\d+$/.test(p));
  const target = parseName(parts.at(-1) ?? '');
  const aliases = parts.slice(0, -1).map((p) => parseName(p));
  if (target === undefined || aliases.length === 0 || aliases.some((a) => a === undefined)) return 'wrong';
  return aliases.map((from) => ({ kind: 'rewrite', match: 'exact', from: from as string, to: target }));
}

/** `ip[#port]` for everything, `/zone/ip` for a zone, `/zone/` for a zone that is never asked for elsewhere. */
function serverRules(value: string): readonly Rule[] | 'wrong' {
  const parts = value.split('/');
  const to = (parts.at(-1) ?? '').split(/[#@]/)[0] ?? '';
  if (to !== '' && to !== '#' && parseIp(to) === undefined) return 'wrong';
  if (parts.length === 1) return to === '' ? 'wrong' : [{ kind: 'forward', zone: '' as DnsName, to: [to] }];
  const zones = parts.slice(1, -1).map((p) => parseName(p));
  if (zones.some((z) => z === undefined)) return 'wrong';
  if (to === '') return [];
  return zones.map((zone) => ({ kind: 'forward', zone: zone as DnsName, to: [to] }));
}
