/* /etc/hosts of a pod: what hostAliases put there is asked before any resolver. */
import type { Reader } from '#estate/estate.ts';
import { type Family, familyOf } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import type { Vantage } from './vantage.ts';

/** /etc/hosts of a pod comes before every resolver (kubelet writes hostAliases into it). */
export function hostAlias(reader: Reader, vantage: Vantage, name: DnsName, family: Family) {
  const { cluster, pod: id } = vantage.point;
  const pod = cluster && id ? reader.get('pod', `${cluster}/${id}`) : undefined;
  if (!pod) return undefined;
  const ips = pod.value.hostAliases.filter(
    (a) => familyOf(a.ip) === family && a.names.some((n) => parseName(n) === name),
  );
  if (ips.length === 0) return undefined;
  return ips.map(({ ip }) => ({
    ip,
    step: {
      stage: 'resolve' as const,
      says: `hostAliases of the pod say ${name} is ${ip}.`,
      because: [pod.evidence],
      rule: 'kubelet: hostAliases',
    },
  }));
}
