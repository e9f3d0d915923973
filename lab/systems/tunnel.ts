/*
 * A tunnel's connector: takes the first rule that fits the name, as cloudflared's ingress rules do (documentation
 * "Configuration file", first match wins), and dials its origin from its own pod. The edge and the way from it to the
 * connector are left out: the connector itself asks, with the headers that the edge adds.
 */
import type { Reader } from '#estate/estate.ts';
import type { TunnelRule } from '#estate/tunnel.ts';

export type TunnelOrigin =
  | {
      readonly kind: 'dial';
      readonly protocol: 'http' | 'http1';
      /** A name of the cluster's DNS, or an address. */
      readonly host: string;
      readonly port: number;
      /** For the TLS handshake; the Host header stays the client's. */
      readonly serverName: string;
    }
  | { readonly kind: 'status'; readonly status: number }
  /** No rule, or one for something else than HTTP. */
  | { readonly kind: 'none' };

export function originOf(reader: Reader, tunnel: string, name: string, path = '/'): TunnelOrigin {
  const rules = reader.by('tunnelRule', 'tunnel', tunnel).map((r) => r.value);
  const rule = rules.find((r) => fits(r, name, path));
  const status = /^http_status:(\d+)$/.exec(rule?.service ?? '')?.[1];
  if (status !== undefined) return { kind: 'status', status: Number(status) };
  const url = URL.parse(rule?.service ?? '');
  if (!rule || !url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return { kind: 'none' };
  const isTls = url.protocol === 'https:';
  return {
    kind: 'dial',
    protocol: isTls ? 'http1' : 'http',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    serverName: rule.httpHostHeader ?? name,
  };
}

/** What the edge tells the origin about a client. */
export function edgeHeaders(client: string): Readonly<Record<string, string>> {
  return { 'cf-connecting-ip': client, 'x-forwarded-for': client };
}

function fits(rule: TunnelRule, name: string, path: string): boolean {
  const { hostname } = rule;
  const isHost =
    hostname === undefined ||
    hostname === '' ||
    hostname === name ||
    (hostname.startsWith('*.') && name.endsWith(hostname.slice(1)));
  return isHost && (rule.path === undefined || new RegExp(rule.path).test(path));
}
