/* Facts around a cluster that a plan may write: names, firewalls, tunnels, ban lists, texts, and what sightline.yaml tells. */
import { z } from 'zod';
import { recordTypes } from '#estate/dns.ts';
import {
  flag,
  ip,
  ips,
  match,
  name,
  place,
  port,
  prefixes,
  protocol,
  ranges,
  type SchemasOf,
  seconds,
  text,
  texts,
} from './parts.ts';

const filled = text.min(1);
const nameRule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('host'),
    name,
    addresses: ips,
    ttlSeconds: seconds.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('rewrite'),
    match: z.enum(['exact', 'suffix', 'regex']),
    from: text,
    to: text,
  }),
  z.strictObject({ kind: z.literal('forward'), zone: name, to: texts }),
  z.strictObject({ kind: z.literal('unknown'), text }),
]);

export const nameFields: SchemasOf<'recordSet' | 'translation' | 'nameRule'> = {
  recordSet: {
    server: filled,
    view: text.optional(),
    zone: name,
    name,
    type: z.enum(recordTypes),
    ttlSeconds: seconds,
    values: z.array(text).min(1),
    isProxied: flag.optional(),
  },
  translation: {
    server: filled,
    group: text,
    clients: prefixes,
    domains: z.array(name).optional(),
    from: ip,
    to: ip,
    isEnabled: flag,
  },
  nameRule: { resolver: filled, position: place, rule: nameRule },
};

export const edgeFields: SchemasOf<
  'alias' | 'portForward' | 'filterRule' | 'firewall' | 'tunnelRule' | 'banAllowlist'
> = {
  alias: {
    firewall: filled,
    name: filled,
    type: z.enum(['host', 'network', 'port', 'url', 'other']),
    entries: texts,
    descr: text,
  },
  portForward: {
    firewall: filled,
    position: place,
    interface: text,
    isEnabled: flag,
    isException: flag,
    match,
    target: text,
    localPort: z.union([port, text]).optional(),
    reflection: z.enum(['default', 'disable', 'nat-proxy', 'pure-nat']),
    associatedRule: text,
    descr: text,
  },
  filterRule: {
    firewall: filled,
    position: place,
    interfaces: texts,
    isFloating: flag,
    isQuick: flag,
    direction: z.enum(['in', 'out', 'any']),
    isEnabled: flag,
    action: z.enum(['pass', 'block', 'reject']),
    match,
    gateway: text.optional(),
    associatedRule: text.optional(),
    descr: text,
  },
  firewall: {
    name: filled,
    product: z.enum(['pfsense', 'opnsense', 'unknown']),
    version: text.optional(),
    outboundNat: z.enum(['automatic', 'hybrid', 'manual', 'disabled']),
    reflection: z.enum(['disable', 'nat-proxy', 'pure-nat']),
    reflectionSnat: flag,
    isIpv6Allowed: flag,
  },
  tunnelRule: {
    tunnel: filled,
    position: place,
    hostname: text.optional(),
    path: text.optional(),
    service: filled,
    noTlsVerify: flag,
    originServerName: text.optional(),
    httpHostHeader: text.optional(),
  },
  banAllowlist: {
    system: filled,
    name: filled,
    layer: z.enum(['parser', 'postoverflow', 'lapi']),
    ranges,
    other: texts,
  },
};

const key = z.strictObject({
  view: text.exactOptional(),
  name: text,
  algorithm: z.enum(['hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'hmac-sha1']),
  credential: text,
});
const inText = { file: filled, line: place, start: place, end: place };

export const toldFields: SchemasOf<
  'mention' | 'statedSetting' | 'monitor' | 'unmanagedHop' | 'repository' | 'systemAccess'
> = {
  mention: {
    ...inText,
    system: filled,
    ip: ip.optional(),
    text,
    context: text.optional(),
    syntax: z.enum(['hcl', 'yaml', 'json', 'toml', 'hosts', 'markdown', 'comment', 'text']),
    path: text.optional(),
  },
  statedSetting: { ...inText, repository: filled, resource: text, path: text, value: text },
  monitor: { name: filled, expectsName: name, expectsIp: ip },
  unmanagedHop: {
    id: filled,
    reason: text,
    forwards: z.array(z.strictObject({ protocol, port, to: ip.exactOptional() })).optional(),
    clientAddress: z.enum(['kept', 'own', 'proxy-protocol', 'unknown']),
    ip: ip.optional(),
  },
  repository: {
    id: filled,
    type: z.enum(['terraform', 'helm', 'kustomize', 'yaml', 'documents', 'unknown']),
    path: text,
    applies: z.enum(['manual', 'on-push', 'on-schedule', 'unknown']),
    owns: texts,
    applyCommand: texts.optional(),
    freezeCommand: text.optional(),
    thawCommand: text.optional(),
  },
  systemAccess: {
    system: filled,
    program: text.optional(),
    url: text.optional(),
    credential: text.optional(),
    writeCredential: text.optional(),
    ca: text.optional(),
    writes: z.enum(['operator', 'api', 'none']).optional(),
    account: text.optional(),
    tunnel: text.optional(),
    keys: z.array(key).optional(),
    others: texts.optional(),
    read: z.record(text, text).optional(),
    needs: texts,
  },
};
