/*
 * Where in the lab a flow of a vantage point starts: which host, which of its addresses, which name server it asks.
 */
import type { Reader } from '#estate/estate.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { type Family, familyOf, type Ip } from '#net/ip.ts';
import { addressOf } from '../systems/resolvers.ts';
import { hostName } from './names.ts';
import { hostOfPod, isConnector } from './node-hosts.ts';

export interface StartPoint {
  readonly vantage: string;
  readonly host: string;
  /** Addresses of the client; a pod's must be named, since its host may have others. */
  readonly addresses: readonly Ip[];
  readonly resolver?: Ip;
  /** Flows of a tunnel's edge start at its connector. */
  readonly tunnel?: string;
}

/** undefined: the lab has no such place. */
export function startPointOf(reader: Reader, id: string): StartPoint | undefined {
  const v = reader.get('vantagePoint', id)?.value;
  if (!v) return undefined;
  const place = placeOf(reader, v);
  if (!place) return undefined;
  const resolver =
    v.resolver === undefined ? undefined : addressOf(reader.get('resolver', v.resolver)?.value);
  return { vantage: id, ...place, ...(resolver && { resolver }) };
}

/** The address that a flow of the family starts from. */
export function sourceOf(start: StartPoint, family: Family): Ip | undefined {
  return start.addresses.find((ip) => familyOf(ip) === family);
}

function placeOf(
  reader: Reader,
  v: VantagePoint,
): Pick<StartPoint, 'host' | 'addresses' | 'tunnel'> | undefined {
  switch (v.kind) {
    case 'internet':
    case 'lan':
    case 'vpn':
      return { host: hostName('vp', v.id), addresses: v.clients };
    case 'node': {
      const node = reader.get('node', `${v.cluster}/${v.node}`)?.value;
      return node && { host: hostName('node', node.name), addresses: node.internalIps };
    }
    case 'pod': {
      const pod = reader.get('pod', `${v.cluster}/${v.pod}`)?.value;
      return pod && { host: hostOfPod(reader, pod), addresses: pod.ips };
    }
    case 'tunnel-edge': {
      const pod = reader.all('pod').find((p) => isConnector(p.value) && p.value.ips.length > 0)?.value;
      const tunnel = v.tunnel?.replace(/^tunnel\//, '');
      return pod && tunnel ? { host: hostOfPod(reader, pod), addresses: pod.ips, tunnel } : undefined;
    }
    default:
      return v.kind satisfies never;
  }
}
