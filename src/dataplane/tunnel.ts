/*
 * Tunnels: from a proxied name or a tunnel edge to the rule that takes it, the connector's pods, and the origin that
 * they dial (cloudflared 2026.8: ingress rules are tried in order, `*.` matches any depth, the last rule takes all).
 */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { TunnelRule } from '#estate/tunnel.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { matchesSelector } from './metallb/selector.ts';
import { missing } from './way.ts';

export type Origin =
  | {
      readonly kind: 'address';
      readonly host: { readonly ip: Ip } | { readonly name: DnsName };
      readonly port: number;
    }
  | { readonly kind: 'status'; readonly code: number }
  | { readonly kind: 'other'; readonly text: string };

export type TunnelChoice =
  | {
      readonly kind: 'rule';
      readonly tunnel: Fact<'tunnel'> | undefined;
      readonly name: string;
      readonly rule: Fact<'tunnelRule'>;
      readonly origin: Origin;
    }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'none' };

/** The rule for a host among all tunnels: one that names it before any catch-all. */
export function chooseTunnel(reader: Reader, host: DnsName, path: string): TunnelChoice {
  const gap = reader.gap('tunnel') ?? reader.gap('tunnelRule');
  const tunnels = reader.all('tunnel');
  const choices = tunnels.map((t) => chooseRule(reader, t.value.name, host, path));
  const naming = choices.find((c) => c.kind === 'rule' && c.rule.value.hostname !== undefined);
  if (naming) return naming;
  if (gap) return { kind: 'gap', gap };
  return choices.find((c) => c.kind !== 'none') ?? { kind: 'none' };
}

/** The first rule of one tunnel that takes the host and path. */
export function chooseRule(reader: Reader, tunnel: string, host: DnsName, path: string): TunnelChoice {
  const fact = reader.get('tunnel', tunnel);
  const gap = reader.gap('tunnelRule', `tunnel/${tunnel}`) ?? reader.gap('tunnel', `tunnel/${tunnel}`);
  if (gap) return { kind: 'gap', gap };
  for (const rule of rulesFor(reader.by('tunnelRule', 'tunnel', tunnel), host)) {
    const taken = pathMatches(rule.value, path);
    if (taken === undefined)
      return {
        kind: 'gap',
        gap: missing(
          `tunnel/${tunnel}/rule/${rule.value.position}`,
          'tunnelRule',
          `the path ${rule.value.path} of a tunnel rule is not understood`,
        ),
      };
    if (taken)
      return { kind: 'rule', tunnel: fact, name: tunnel, rule, origin: parseOrigin(rule.value.service) };
  }
  if (fact) return { kind: 'none' };
  return {
    kind: 'gap',
    gap: missing(`tunnel/${tunnel}`, 'tunnel', `nothing is told about tunnel ${tunnel}`, `tunnel/${tunnel}`),
  };
}

/** Pods that run the connector, as vantage point ids. */
export function connectorPods(
  reader: Reader,
  tunnel: Fact<'tunnel'> | undefined,
  name: string,
): readonly string[] | Gap {
  const told = tunnel?.value.connector;
  return keptPart(reader, `connectors of ${name} ${told}`, (r) => connectorPodsIn(r, told, name));
}

function connectorPodsIn(reader: Reader, told: string | undefined, name: string): readonly string[] | Gap {
  const connector = told ?? onlyConnector(reader);
  if (!connector)
    return missing(
      `tunnel/${name}/connector`,
      'tunnel',
      `where the connector of tunnel ${name} runs is not known`,
      `tunnel/${name}`,
    );
  const [cluster = '', namespace = '', workload = ''] = connector.split('/');
  const found = (['Deployment', 'DaemonSet', 'StatefulSet'] as const)
    .map((type) => reader.get('workload', `${cluster}/${namespace}/${type}/${workload}`))
    .find((w) => w !== undefined);
  const pods = found ? readyPods(reader.by('pod', 'cluster', cluster), found) : [];
  if (pods.length > 0) return pods;
  const gap = reader.gap(found ? 'pod' : 'workload', `cluster/${cluster}`);
  return (
    gap ??
    missing(
      `tunnel/${name}/pods`,
      'pod',
      `no ready pod of the connector ${connector} is in the snapshot`,
      `cluster/${cluster}`,
    )
  );
}

const podsOfWorkloads = new WeakMap<readonly Fact<'pod'>[], Map<Fact<'workload'>, readonly string[]>>();

/** Ready pods of a workload by its selector; found once for each list of pods. */
function readyPods(pods: readonly Fact<'pod'>[], workload: Fact<'workload'>): readonly string[] {
  const known = podsOfWorkloads.get(pods) ?? new Map<Fact<'workload'>, readonly string[]>();
  podsOfWorkloads.set(pods, known);
  const { namespace, selector } = workload.value;
  const found =
    known.get(workload) ??
    pods
      .filter((p) => p.value.namespace === namespace && p.value.isReady)
      .filter((p) => matchesSelector(selector, p.value.labels))
      .map((p) => `pod/${p.key.slice('pod:'.length)}`);
  known.set(workload, found);
  return found;
}

const connectors = new WeakMap<readonly Fact<'workload'>[], readonly string[]>();

/** Where one tunnel and one workload with cloudflared's image are all there is, they belong together. */
function onlyConnector(reader: Reader): string | undefined {
  const workloads = reader.all('workload');
  const known =
    connectors.get(workloads) ??
    workloads.filter(runsCloudflared).map((w) => `${w.value.cluster}/${w.value.namespace}/${w.value.name}`);
  connectors.set(workloads, known);
  return known.length === 1 && reader.all('tunnel').length === 1 ? known[0] : undefined;
}

function runsCloudflared(w: Fact<'workload'>): boolean {
  return (
    w.value.type !== 'CronJob' && w.value.containers.some((c) => /(^|\/)cloudflared(:|@|$)/.test(c.image))
  );
}

/** The origin as a rule writes it. */
export function parseOrigin(service: string): Origin {
  const status = /^http_status:(\d+)$/.exec(service);
  if (status) return { kind: 'status', code: Number(status[1]) };
  const url = /^([a-z0-9+]+):\/\/(\[[^\]]+\]|[^/:]+)(?::(\d+))?(?:\/.*)?$/i.exec(service);
  if (!url) return { kind: 'other', text: service };
  const [, scheme = '', where = '', written] = url;
  const defaults: Readonly<Record<string, number>> = {
    http: 80,
    https: 443,
    ws: 80,
    wss: 443,
    tcp: 7864,
    ssh: 22,
    rdp: 3389,
  };
  const port = Number(written ?? defaults[scheme.toLowerCase()]);
  const text = where.replace(/^\[|\]$/g, '');
  const ip = parseIp(text);
  const name = parseName(text);
  const host = ip ? { ip } : name ? { name } : undefined;
  if (!host || !Number.isInteger(port)) return { kind: 'other', text: service };
  return { kind: 'address', host, port };
}

interface RuleIndex {
  readonly exact: ReadonlyMap<string | undefined, readonly Fact<'tunnelRule'>[]>;
  /** Wildcards and rules for any host. */
  readonly open: readonly Fact<'tunnelRule'>[];
}

/** Kept for as long as the list of rules is the same object. */
const ruleIndexes = new WeakMap<readonly Fact<'tunnelRule'>[], RuleIndex>();

/** Rules that match the host, in their order. */
function rulesFor(rules: readonly Fact<'tunnelRule'>[], host: DnsName): readonly Fact<'tunnelRule'>[] {
  const index = ruleIndexes.get(rules) ?? indexRules(rules);
  const matching = [
    ...(index.exact.get(host) ?? []),
    ...index.open.filter((r) => hostMatches(r.value, host)),
  ];
  return matching.sort((a, b) => a.value.position - b.value.position);
}

function indexRules(rules: readonly Fact<'tunnelRule'>[]): RuleIndex {
  const isOpen = (r: Fact<'tunnelRule'>) => !r.value.hostname || r.value.hostname.startsWith('*');
  const exact = Map.groupBy(rules, (r) => r.value.hostname?.toLowerCase());
  const index = { exact, open: rules.filter(isOpen) };
  ruleIndexes.set(rules, index);
  return index;
}

function hostMatches(rule: TunnelRule, host: DnsName): boolean {
  if (rule.hostname === undefined || rule.hostname === '' || rule.hostname === '*') return true;
  const wanted = rule.hostname.toLowerCase();
  return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted;
}

/** undefined: the expression is not one that can be evaluated here. */
function pathMatches(rule: TunnelRule, path: string): boolean | undefined {
  if (rule.path === undefined) return true;
  if (rule.path.length > 500 || /[+*}][^(]*\)[+*{?]/.test(rule.path)) return undefined;
  try {
    return new RegExp(rule.path).test(path);
  } catch {
    return undefined;
  }
}
