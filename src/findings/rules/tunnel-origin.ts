/*
 * Where a tunnel's connector hands its names to: an origin written as the VIP (or a name that leads to it) goes down
 * with the address, an origin by the Service's name inside the cluster does not notice the move.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { dialled } from '#estate/reference-places.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { parseName } from '#net/name.ts';
import { at, claim, count, finding, idOf, list } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf } from '../frontends.ts';
import { distinct, groupBy } from '../masked.ts';
import type { Rule } from '../rule.ts';

export const tunnelOrigin: Rule = {
  code: 'tunnel-origin',
  looksFor: 'whether names that come through a tunnel reach the ingress by its address or by its Service',
  cases: ['S02'],
  needs: ['tunnel', 'tunnelRule', 'service', 'ingress'],
  check: ({ reader }) => [
    ...reader.all('tunnel').flatMap((t) => ofTunnel(reader, t)),
    ...hiddenConnectors(reader),
  ],
};

function ofTunnel(reader: Reader, tunnel: Fact<'tunnel'>): readonly Finding[] {
  const rules = reader.by('tunnelRule', 'tunnel', tunnel.value.name);
  if (rules.length === 0) return [notRead(`tunnel ${tunnel.value.name}`, tunnel)];
  const byOrigin = groupBy(
    rules.filter((r) => dialled(r.value.service) !== undefined),
    (r) => r.value.service,
  );
  return [...byOrigin.values()].flatMap((group) => ofOrigin(reader, tunnel, group) ?? []);
}

function ofOrigin(
  reader: Reader,
  tunnel: Fact<'tunnel'>,
  rules: readonly Fact<'tunnelRule'>[],
): Finding | undefined {
  const origin = rules[0]?.value.service ?? '';
  const host = dialled(origin)?.host ?? '';
  const names = distinct(rules.map((r) => r.value.hostname));
  const vip = vipsBehind(reader, host);
  if (vip !== undefined) return byAddress(reader, { tunnel, rules, origin, names, ...vip });
  const service = serviceNamed(reader, host);
  return service && inCluster({ tunnel, rules, origin, names, service });
}

interface Origin {
  readonly tunnel: Fact<'tunnel'>;
  readonly rules: readonly Fact<'tunnelRule'>[];
  readonly origin: string;
  readonly names: readonly string[];
}

/** The VIP of an ingress that the host is, or that a record gives it. */
function vipsBehind(
  reader: Reader,
  host: string,
): { readonly vip: Ip; readonly record?: Fact<'recordSet'> } | undefined {
  const vips = new Set(frontendsOf(reader).flatMap((f) => f.vips));
  const ip = parseIp(host);
  if (ip !== undefined) return vips.has(ip) ? { vip: ip } : undefined;
  const name = parseName(host);
  if (name === undefined) return undefined;
  const servers = distinct(reader.all('zone').map((z) => z.value.server));
  for (const server of servers) {
    for (const record of reader.by('recordSet', 'name', `${server}|${name}`)) {
      const vip = record.value.values.map((v) => parseIp(v)).find((v) => v !== undefined && vips.has(v));
      if (vip !== undefined) return { vip, record };
    }
  }
  return undefined;
}

/** `name.ns`, `name.ns.svc`, `name.ns.svc.cluster.local`: a Service that selects an ingress. */
function serviceNamed(reader: Reader, host: string): Fact<'service'> | undefined {
  const [name, namespace, svc] = host.split('.');
  if (name === undefined || namespace === undefined || (svc !== undefined && svc !== 'svc')) return undefined;
  return reader
    .all('ingress')
    .flatMap((i) => reader.get('service', `${i.value.cluster}/${namespace}/${name}`) ?? [])[0];
}

function byAddress(
  reader: Reader,
  o: Origin & { readonly vip: Ip; readonly record?: Fact<'recordSet'> },
): Finding {
  const frontend = frontendsOf(reader).find((f) => f.vips.includes(o.vip));
  const { namespace, name } = frontend?.service.value ?? { namespace: '', name: '' };
  return finding({
    code: 'tunnel-origin',
    severity: 'critical',
    subject: `tunnel ${o.tunnel.value.name} to ${o.origin}`,
    title: `${count(o.names.length, 'proxied name')} of tunnel ${o.tunnel.value.name} go down when ${o.vip} is left`,
    cause: `The connector dials ${o.origin}, so proxied names use the address of the Service and not its ClusterIP: they stop when the ingress leaves ${o.vip}, in place at once, additive when the old address is retired.`,
    claims: [
      claim(
        `the tunnel's rules say ${o.origin}`,
        ...o.rules.slice(0, 3).map((r) => at(r, 'service', r.value.service)),
      ),
      claim(`${o.vip} is the address of Service ${namespace}/${name}`, frontend?.service),
      ...(o.record ? [claim(`${o.record.value.name} leads to ${o.vip}`, o.record)] : []),
      ...managedClaim(o.tunnel),
    ],
    refutedBy: `curl -s http://CONNECTOR:METRICS-PORT/config (cloudflared) with another origin for these names`,
    affects: { services: frontend ? [frontend.id] : [], names: o.names },
    advice: [
      `Before the move, point the tunnel at https://${name}.${namespace}.svc.cluster.local:443 (keep originServerName or noTLSVerify as it is now).`,
      'Where a repository owns the tunnel, change it there: a change in the dashboard alone is reverted by its next apply.',
    ],
  });
}

function inCluster(o: Origin & { readonly service: Fact<'service'> }): Finding {
  const id = idOf(o.service.value);
  return finding({
    code: 'tunnel-origin',
    severity: 'ok',
    subject: `tunnel ${o.tunnel.value.name} to ${o.origin}`,
    title: `${count(o.names.length, 'proxied name')} of tunnel ${o.tunnel.value.name} reach the ingress by its Service, not by its address`,
    cause: `The origin is ${o.origin}: the connector dials the ClusterIP of ${o.service.value.namespace}/${o.service.value.name}, which a move of the LoadBalancer address leaves as it is.`,
    claims: [
      claim(
        `the tunnel's rules say ${o.origin}`,
        ...o.rules.slice(0, 3).map((r) => at(r, 'service', r.value.service)),
      ),
      claim(
        `that Service has ClusterIP ${o.service.value.clusterIps.join(', ')}`,
        at(o.service, 'spec.clusterIPs'),
      ),
      ...managedClaim(o.tunnel),
    ],
    refutedBy: `curl -s http://CONNECTOR:METRICS-PORT/config (cloudflared) with an origin by address; rules kept in a dashboard may have changed since the snapshot`,
    affects: { services: [id], names: o.names },
    advice: [],
  });
}

function managedClaim(tunnel: Fact<'tunnel'>) {
  if (tunnel.value.isRemotelyManaged !== true) return [];
  return [
    claim(
      `the rules live in the provider's dashboard${tunnel.value.version === undefined ? '' : ` (version ${tunnel.value.version})`}, not in a file of the connector`,
      tunnel,
    ),
  ];
}

/** A connector that takes its rules from elsewhere, while no tunnel was read. */
function hiddenConnectors(reader: Reader): readonly Finding[] {
  if (reader.all('tunnel').length > 0) return [];
  return reader
    .all('workload')
    .filter((w) => w.value.containers.some((c) => /(^|\/)cloudflared(:|@|$)/.test(c.image)))
    .map((w) => notRead(`connector ${w.value.namespace}/${w.value.name}`, w));
}

function notRead(subject: string, place: Fact): Finding {
  return finding({
    code: 'tunnel-origin',
    severity: 'warning',
    certainty: 'unknown',
    subject,
    title: `Where ${subject} hands its names to is not known`,
    cause:
      'A connector with a token takes its rules from the provider; no file of the cluster shows them, and an origin by address would go down with the address.',
    claims: [claim('it runs here without rules in the snapshot', place)],
    refutedBy: `curl -s http://CONNECTOR:METRICS-PORT/config, saved as tunnel/NAME.json in the snapshot`,
    advice: [
      `Add tunnel/NAME.json to the snapshot and check again; ${list(['until then no plan may call proxied names unaffected'])}.`,
    ],
  });
}
