/* Cilium and kube-vip choose the announcing node by a lease, without or with too little regard to endpoints. */
import { announcerOf } from '#dataplane/announce.ts';
import { isAtLeast } from '#dataplane/version.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { nodesWith } from '../frontends.ts';
import { localServices } from '../local-services.ts';
import type { Rule } from '../rule.ts';

export const leaseAnnouncer: Rule = {
  code: 'lease-announcer',
  looksFor: 'announcers that choose a node without looking where the pods are',
  cases: ['S36', 'S38'],
  needs: ['announcing', 'service', 'endpointSlice', 'node', 'lease'],
  check: ({ reader }) =>
    reader.all('announcing').flatMap((a) => {
      const { program } = a.value;
      if (program !== 'cilium' && program !== 'kube-vip') return [];
      if (a.value.means?.includes('lease') === false) return [];
      return localServices(reader, a.value.cluster)
        .filter((s) => s.value.loadBalancerClass !== 'io.cilium/bgp-control-plane')
        .flatMap((s) => judge(reader, a, s) ?? []);
    }),
};

function judge(reader: Reader, a: Fact<'announcing'>, s: Fact<'service'>): Finding | undefined {
  const on = [...nodesWith(reader, idOf(s.value)).keys()];
  const vip = s.value.vips[0]?.ip;
  if (vip === undefined)
    return found(reader, a, s, on, {
      title: `${serviceText(s.value)} is Local and has no address from ${a.value.program}`,
    });
  const nodes = reader.by('node', 'cluster', a.value.cluster).map((n) => n.value.name);
  if ((nodes.length > 0 && nodes.every((n) => on.includes(n))) || looksAtEndpoints(a)) return undefined;
  const held = announcerOf(reader, vip);
  const only = `${serviceText(s.value)} works only while ${a.value.program}’s lease is held by one of ${list(on) || 'no node'}`;
  if (held === undefined || held.gap !== undefined)
    return {
      ...found(reader, a, s, on, { title: only }),
      certainty: 'unknown',
      gaps: held?.gap ? [held.gap] : [],
    };
  const without = held.nodes.filter((n) => !on.includes(n));
  const claims = [claim(held.says, ...held.because)];
  return without.length === 0
    ? found(reader, a, s, on, { title: only, claims })
    : found(reader, a, s, on, {
        title: `${list(without)} announces ${vip} of ${serviceText(s.value)} and has none of its pods`,
        severity: 'critical',
        claims,
      });
}

/** Since 1.20.2 only nodes with an endpoint ask for the lease of a Local Service (Cilium #46399). */
function looksAtEndpoints({ value }: Fact<'announcing'>): boolean {
  return value.program === 'cilium' && isAtLeast(value.version, '1.20.2') === true;
}

type Told = Pick<Finding, 'title'> & Partial<Pick<Finding, 'severity' | 'claims'>>;

function found(
  reader: Reader,
  a: Fact<'announcing'>,
  s: Fact<'service'>,
  on: readonly string[],
  told: Told,
): Finding {
  const { program, version } = a.value;
  const isCilium = program === 'cilium';
  return finding({
    code: 'lease-announcer',
    severity: told.severity ?? 'warning',
    subject: serviceText(s.value),
    title: told.title,
    cause: isCilium
      ? `Cilium ${version ?? ''} gives the lease of an address to any node that matches its policy, without a look at endpoints; under Local a holder without a pod drops everything.`
      : `kube-vip ${version ?? ''} may keep an address on a node whose pod has gone, or wait for one that never comes; under Local the traffic then ends there.`,
    claims: [
      claim(`${program} announces`, a),
      claim('policy Local', at(s, 'spec.externalTrafficPolicy')),
      claim(`endpoints on ${list(on) || 'no node'}`, ...reader.by('endpointSlice', 'service', idOf(s.value))),
      ...(told.claims ?? []),
    ],
    refutedBy: isCilium
      ? `kubectl -n kube-system get lease cilium-l2announce-${s.value.namespace}-${s.value.name} -o jsonpath='{.spec.holderIdentity}' naming one of ${list(on)}`
      : `kubectl get lease -A, and the annotation kube-vip.io/vipHost, naming one of ${list(on)}`,
    affects: { services: [idOf(s.value)] },
    advice: ['Run a pod on every node that may announce, or limit the announcing nodes to those with pods.'],
  });
}
