/* A flow: one conversation that someone starts at a vantage point. What is asked of the walk. */
import type { Family, Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Protocol } from '#net/port.ts';

export interface Flow {
  /** Vantage point id. */
  readonly from: string;
  readonly family: Family;
  /** The client's own address; undefined: the vantage point's first of the family. */
  readonly source?: Ip;
  /** A name to resolve there, or an address dialled directly. */
  readonly to: { readonly name: DnsName } | { readonly ip: Ip };
  readonly port: number;
  readonly protocol: Protocol;
  /** TLS name and Host header; defaults to the name. */
  readonly host?: DnsName;
  /** HTTP path; default `/`. */
  readonly path?: string;
  /** Headers the client sends by itself, lower-case names: a forged x-forwarded-for for example. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** `internet → immich.example.org:443/udp over IPv4`, for people and for keys. */
export function flowText(flow: Flow): string {
  const to = 'name' in flow.to ? flow.to.name : flow.to.ip;
  const host = flow.host && flow.host !== to ? ` as ${flow.host}` : '';
  const path = flow.path && flow.path !== '/' ? flow.path : '';
  return `${flow.from} → ${to}:${flow.port}/${flow.protocol}${path}${host} over IPv${flow.family}`;
}
