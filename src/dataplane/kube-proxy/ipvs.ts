/*
 * Where IPVS mode departs from the other two (kube-proxy: pkg/proxy/ipvs/proxier.go, syncEndpoint and the ipsets
 * KUBE-*-LOCAL). Read from source; not checked against a kernel, because the lab's kernel has no IPVS.
 */
import type { Categories, PolicyUse } from './categorise.ts';
import { noEndpoint, noLocalEndpoint, type Verdict } from './verdict.ts';

/** External traffic under policy Local: local endpoints for everyone; without one, all of them and no masquerade. */
export function ipvsExternalVerdict(
  categories: Categories,
  use: PolicyUse,
  isFromNodeOrPod: boolean,
): Verdict {
  if (!categories.hasAny) return noEndpoint;
  const cluster = categories.cluster ?? [];
  if (!use.isExternalLocal) {
    return { kind: 'dnat', endpoints: cluster, isMasqueraded: true, says: 'policy Cluster masquerades' };
  }
  const local = categories.local ?? [];
  if (local.length > 0) {
    return { kind: 'dnat', endpoints: local, isMasqueraded: false, says: 'policy Local keeps the source' };
  }
  if (isFromNodeOrPod) {
    return {
      kind: 'dnat',
      endpoints: cluster,
      isMasqueraded: false,
      says: 'no local endpoint, so any is used',
    };
  }
  return {
    ...noLocalEndpoint,
    says: 'an endpoint elsewhere is chosen without masquerade, so its answer is lost',
  };
}
