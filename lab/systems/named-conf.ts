/*
 * named.conf for one resolver of the estate. A server without views gets one that takes every client.
 */

import type { Resolver, Translation } from '#estate/dns.ts';
import type { Reader } from '#estate/estate.ts';
import { familyOf } from '#net/ip.ts';
import type { Prefix } from '#net/prefix.ts';
import { forwardAddresses, rulesOf, type ServerPlace, upstreamOf } from './resolvers.ts';
import { scaled, zoneFiles } from './zones.ts';

export interface PlannedView {
  /** As records name it; `all` where the server has none. */
  readonly name: string;
  readonly clients: readonly Prefix[];
  readonly translations: readonly Translation[];
}

export interface NamedView extends PlannedView {
  readonly key: { readonly name: string; readonly secret: string };
}

export interface NamedFiles {
  readonly text: string;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** Views in the order in which a client is matched: the server's own, then groups whose answers are translated, then all. */
export function viewsOf(reader: Reader, resolver: Resolver): readonly PlannedView[] {
  const translations = resolver.serves.flatMap((s) =>
    reader.by('translation', 'server', s).map((t) => t.value),
  );
  const told = resolver.serves.flatMap((s) => reader.by('dnsView', 'server', s).map((v) => v.value));
  const views = [...told].sort((a, b) => a.position - b.position);
  const groups = Map.groupBy(translations, (t) => t.group);
  return [
    ...views.map((v) => ({ name: v.name, clients: v.clients, translations: [] })),
    ...[...groups].map(([group, ts]) => ({
      name: `group-${group}`,
      clients: ts[0]?.clients ?? [],
      translations: ts,
    })),
    { name: 'all', clients: [], translations: [] },
  ];
}

export function namedConf(
  reader: Reader,
  place: ServerPlace,
  views: readonly NamedView[],
  { folder, timeScale }: { readonly folder: string; readonly timeScale: number },
): NamedFiles {
  const { resolver, listen } = place;
  const zones = views.map((v) => ownZones(reader, resolver, v, timeScale));
  const listening =
    familyOf(listen) === 4
      ? [`listen-on port 53 { ${listen}; };`, 'listen-on-v6 { none; };']
      : [`listen-on-v6 port 53 { ${listen}; };`, 'listen-on { none; };'];
  const text = [
    `options { directory "${folder}"; pid-file none; session-keyfile none; dnssec-validation no; ${listening.join(' ')}`,
    `  allow-query { any; }; allow-recursion { any; }; allow-query-cache { any; }; empty-zones-enable no; max-cache-size 8m; ${cacheOptions(resolver, timeScale)}`,
    `  ${forwarders(upstreamOf(reader, resolver))} };`,
    'controls { };',
    ...views.map((v) => `key "${v.key.name}" { algorithm hmac-sha256; secret "${v.key.secret}"; };`),
    ...views.flatMap((v, at) => [
      `view "${v.name}" {`,
      `  match-clients { key "${v.key.name}"; ${others(views, v)} ${v.clients.length === 0 ? 'any;' : v.clients.map((c) => `${c};`).join(' ')} };`,
      ...(zones[at] ?? []).map(
        (z, n) =>
          `  zone "${z.zone}" { type primary; file "${at}-${n}.zone"; allow-update { key "${v.key.name}"; }; };`,
      ),
      ...forwardZones(
        reader,
        resolver,
        (zones[at] ?? []).map((z) => z.zone),
      ),
      '};',
    ]),
    '',
  ].join('\n');
  const files = zones.flatMap((all, at) => all.map((z, n) => ({ path: `${at}-${n}.zone`, text: z.text })));
  return { text, files };
}

/** A view's own key must reach it even from a client that an earlier view would take. */
function others(views: readonly NamedView[], own: NamedView): string {
  return views
    .filter((v) => v !== own)
    .map((v) => `!key "${v.key.name}";`)
    .join(' ');
}

function ownZones(reader: Reader, resolver: Resolver, view: PlannedView, timeScale: number) {
  const options = { view: view.name, translations: view.translations, timeScale };
  const held = resolver.serves.flatMap((s) => zoneFiles(reader, s, options));
  const hosts = rulesOf(reader, resolver).flatMap((rule) => {
    if (rule.kind !== 'host' || held.some((z) => z.zone === rule.name)) return [];
    const ttl = scaled(rule.ttlSeconds ?? 3600, options);
    const lines = rule.addresses.map((ip) => `@ ${ttl} IN ${familyOf(ip) === 4 ? 'A' : 'AAAA'} ${ip}`);
    const text = [
      `$ORIGIN ${rule.name}.`,
      `$TTL ${ttl}`,
      `@ IN SOA ns.lab. hostmaster.lab. 1 3600 600 86400 ${ttl}`,
      '@ IN NS ns.lab.',
      ...lines,
      '',
    ];
    return [{ zone: rule.name, text: text.join('\n') }];
  });
  return [...held, ...hosts];
}

function forwardZones(reader: Reader, resolver: Resolver, held: readonly string[]): readonly string[] {
  return rulesOf(reader, resolver).flatMap((rule) => {
    if (rule.kind !== 'forward' || rule.zone === '' || held.includes(rule.zone)) return [];
    const to = forwardAddresses(reader, resolver, rule.to);
    return to.length === 0 ? [] : [`  zone "${rule.zone}" { type forward; ${forwarders(to)} };`];
  });
}

/** Nothing to forward to: the server answers what it holds and refuses the rest. */
function forwarders(to: readonly string[]): string {
  return to.length === 0
    ? 'recursion no;'
    : `forward only; forwarders { ${to.map((one) => `${one};`).join(' ')} };`;
}

function cacheOptions({ cache }: Resolver, timeScale: number): string {
  const max =
    cache?.maxTtlSeconds === undefined ? '' : `max-cache-ttl ${scaled(cache.maxTtlSeconds, { timeScale })};`;
  // BIND allows at most 90 s here.
  const min = cache?.minTtlSeconds
    ? `min-cache-ttl ${Math.min(90, scaled(cache.minTtlSeconds, { timeScale }))};`
    : '';
  return `${max} ${min}`;
}
