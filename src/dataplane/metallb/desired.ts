/*
 * The addresses that a Service asks for by name (MetalLB: getDesiredLbIPs of controller/service.go): the annotation
 * loadBalancerIPs, a comma list, or spec.loadBalancerIP; never both.
 */
import type { Service } from '#estate/kubernetes.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { familiesOf } from './allocate.ts';

/** `ips` empty: it asks for none. */
export type Desired =
  | { readonly ok: true; readonly ips: readonly Ip[] }
  | { readonly ok: false; readonly reason: string };

export function desiredIps(service: Pick<Service, 'requestedIps' | 'loadBalancerIp'>): Desired {
  const list = service.requestedIps ?? '';
  const single = service.loadBalancerIp ?? '';
  if (list !== '' && single !== '') {
    return { ok: false, reason: 'both the annotation loadBalancerIPs and spec.loadBalancerIP are set' };
  }
  const texts = list !== '' ? list.split(',') : single !== '' ? [single] : [];
  const ips = texts.map((t) => parseIp(t.trim()));
  const bad = ips.indexOf(undefined);
  if (bad >= 0) return { ok: false, reason: `${JSON.stringify(texts[bad])} is not an address` };
  const known = ips.filter((ip) => ip !== undefined);
  if (known.length > 0 && familiesOf(known) === undefined) {
    return { ok: false, reason: `${known.join(', ')} are not one address of each family` };
  }
  return { ok: true, ips: known };
}
