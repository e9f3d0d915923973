/* The Kubernetes zone that a cluster's own DNS answers (CoreDNS, plugin kubernetes): names of Services. */
import type { Fact } from '#estate/fact.ts';
import { familyOf } from '#net/ip.ts';
import { type DnsName, isUnder } from '#net/name.ts';
import { type Ask, found, linked, none, type Resolution, unknown } from './resolution.ts';
import { missing } from './way.ts';

const clusterDomain = 'cluster.local' as DnsName;

/** The Kubernetes zone of a cluster's own DNS: `<service>.<namespace>.svc.cluster.local`. */
export function clusterName(
  a: Ask,
  resolver: Fact<'resolver'>,
  name: DnsName,
): readonly Resolution[] | undefined {
  if (!isUnder(name, clusterDomain)) return undefined;
  const system = resolver.value.serves.find((s) => s.startsWith('cluster/'));
  if (!system && resolver.value.program !== 'coredns') return undefined;
  const [service, namespace] = name.split('.');
  const cluster = system?.slice('cluster/'.length) ?? onlyCluster(a);
  if (cluster === undefined) {
    const what = `for which cluster ${resolver.value.id} answers is not told`;
    return [unknown(a, missing(`resolver/${resolver.value.id}/cluster`, 'resolver', what))];
  }
  const fact = a.reader.get('service', `${cluster}/${namespace}/${service}`);
  if (!fact) {
    const gap = a.reader.gap('service', `cluster/${cluster}`);
    return [gap ? unknown(a, gap) : none(a, `${cluster} has no Service ${namespace}/${service}.`, [])];
  }
  const ips = fact.value.clusterIps.filter((i) => familyOf(i) === a.family);
  if (ips.length === 0)
    return [
      none(a, `Service ${namespace}/${service} has no IPv${a.family} cluster address.`, [fact.evidence]),
    ];
  const next = linked(a, fact, name, 'service', 30);
  return ips.map((ip) =>
    found(next, ip, {
      stage: 'resolve',
      says: `${name} is the cluster address ${ip}.`,
      because: [fact.evidence],
    }),
  );
}

/** The cluster of the estate, where there is one alone. */
function onlyCluster(a: Ask): string | undefined {
  const [proxy, ...others] = a.reader.all('serviceProxy');
  return others.length === 0 ? proxy?.value.cluster : undefined;
}
