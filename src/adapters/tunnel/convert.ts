/*
 * A tunnel's configuration → facts: cloudflared's own /config answer, the API's envelope, or a local config.yaml
 * (cloudflared 2026.8, ingress/ingress.go). Rules are tried in order; the last one must match everything. Pure.
 */

import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Tunnel, TunnelRule } from '#estate/tunnel.ts';
import { parseName } from '#net/name.ts';
import { asObject } from '../json-lines.ts';
import type { Discovery } from '../source.ts';

/** The configuration, whatever it was written in. */
export interface TunnelFile {
  readonly name: string;
  readonly file: string;
  readonly value: unknown;
  readonly lineOf: (node: unknown) => number | undefined;
  readonly isLocal: boolean;
}

type Json = Readonly<Record<string, unknown>>;

interface Configuration {
  readonly tunnel: Tunnel;
  readonly ingress: readonly unknown[] | undefined;
  readonly defaults: Json;
}

export function convertTunnel(file: TunnelFile): Discovery {
  if (asObject(file.value)?.TunnelSecret !== undefined) return { facts: [], gaps: [] }; // credentials, not configuration
  const configuration = configurationOf(file);
  if (typeof configuration === 'string') return { facts: [], gaps: [unreadable(file, configuration)] };
  const { tunnel, ingress, defaults } = configuration;
  const facts: Fact[] = [fact('tunnel', tunnel, placeOf(file, file.value, 'tunnel'))];
  if (ingress === undefined) return { facts, gaps: [unreadable(file, 'it has no ingress rules')] };
  const gaps: Gap[] = [];
  for (const [position, node] of ingress.entries()) {
    const rule = ruleOf(asObject(node) ?? {}, { tunnel: tunnel.name, position, defaults });
    const isLast = position === ingress.length - 1;
    const problem = typeof rule === 'string' ? rule : orderProblem(rule, isLast);
    if (problem !== undefined) gaps.push(gapOf(file, { node, position, what: problem }));
    if (typeof rule !== 'string')
      facts.push(fact('tunnelRule', rule, placeOf(file, node, `ingress[${position}]`)));
  }
  return { facts, gaps };
}

/** A gap for all that the file could have told. */
export function unreadable(at: { name: string; file: string }, what: string, line = 1): Gap {
  return {
    id: `tunnel/${at.name}/${at.file.split('/').at(-1)}`,
    system: `tunnel/${at.name}`,
    kinds: ['tunnel', 'tunnelRule'],
    what: `the tunnel's configuration cannot be read: ${what}`,
    expected: "cloudflared's answer on /config, the API's answer of configurations, or config.yaml",
    evidence: { file: at.file, line },
  };
}

/** The parts of the three forms, or why it is none of them. cloudflared says version -1 while nothing came from remote. */
function configurationOf(file: TunnelFile): Configuration | string {
  const top = asObject(file.value);
  if (top === undefined) return 'it is no object';
  if (top.success === false) return 'the API answered with an error';
  const holder = asObject(top.result) ?? top;
  const config = asObject(holder.config) ?? holder;
  const version = typeof holder.version === 'number' && holder.version >= 0 ? holder.version : undefined;
  const tunnel: Tunnel = {
    name: file.name,
    isRemotelyManaged: managedRemotely(holder, file.isLocal),
    ...(version !== undefined && { version }),
  };
  const ingress = Array.isArray(config.ingress) ? config.ingress : undefined;
  return { tunnel, ingress, defaults: asObject(config.originRequest) ?? {} };
}

/** A local file is ignored once the tunnel is managed remotely, so it alone does not tell. */
function managedRemotely(holder: Json, isLocal: boolean): boolean | undefined {
  if (holder.source === 'cloudflare') return true;
  if (holder.source === 'local') return false;
  return isLocal || typeof holder.version !== 'number' ? undefined : holder.version >= 0;
}

interface Around {
  readonly tunnel: string;
  readonly position: number;
  readonly defaults: Json;
}

/** The rule with the tunnel's defaults filled in, or why cloudflared would refuse it. */
function ruleOf(rule: Json, { tunnel, position, defaults }: Around): TunnelRule | string {
  const hostname = textOf(rule.hostname);
  const service = textOf(rule.service);
  if (service === undefined || !isService(service)) return 'the rule has no service that cloudflared knows';
  if (hostname !== undefined && !isHostname(hostname)) return 'the host name of the rule is none';
  const origin: Json = { ...defaults, ...asObject(rule.originRequest) };
  const path = textOf(rule.path);
  const originServerName = textOf(origin.originServerName);
  const httpHostHeader = textOf(origin.httpHostHeader);
  return {
    tunnel,
    position,
    ...(hostname !== undefined &&
      hostname !== '*' && { hostname: hostname.toLowerCase().replace(/\.$/, '') }),
    ...(path !== undefined && { path }),
    service: withoutLogin(service),
    noTlsVerify: origin.noTLSVerify === true,
    ...(originServerName !== undefined && { originServerName }),
    ...(httpHostHeader !== undefined && { httpHostHeader }),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? printable(value) : undefined;
}

const services = /^(https?|wss?|tcp|ssh|rdp|smb):\/\/[^\s/]|^(unix|unix\+tls):\S|^http_status:\d{3}$/;
const named = new Set(['hello_world', 'hello-world', 'bastion', 'socks-proxy']);

function isService(service: string): boolean {
  return services.test(service) || named.has(service);
}

/** `*` alone, or a name whose only wildcard is its first label; no port. */
function isHostname(hostname: string): boolean {
  return hostname === '*' || (!hostname.includes(':') && parseName(hostname) !== undefined);
}

function orderProblem(rule: TunnelRule, isLast: boolean): string | undefined {
  const isCatchAll = rule.hostname === undefined && rule.path === undefined;
  if (isLast)
    return isCatchAll ? undefined : 'the last rule does not match everything; cloudflared refuses that';
  return isCatchAll ? 'a rule before the last one matches everything; cloudflared refuses that' : undefined;
}

function gapOf(file: TunnelFile, at: { node: unknown; position: number; what: string }): Gap {
  return {
    id: `tunnel/${file.name}/ingress[${at.position}]`,
    system: `tunnel/${file.name}`,
    kinds: ['tunnelRule'],
    what: `ingress rule ${at.position}: ${at.what}`,
    evidence: placeOf(file, at.node, `ingress[${at.position}]`),
  };
}

function placeOf(file: TunnelFile, node: unknown, object: string) {
  const line = file.lineOf(node);
  return { file: file.file, ...(line !== undefined && { line }), object };
}

function withoutLogin(service: string): string {
  return service.replace(/\/\/[^/@]*@/, '//');
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
