/*
 * What changing externalTrafficPolicy on the shared address itself would do, and to whom. MetalLB ties a Local Service
 * to its pods by its selector (k8salloc.BackendKey), so the changed one may no longer share; the others never asked.
 */
import { type Allotment, allocate } from '#dataplane/allocate.ts';
import { namesOf } from '#dataplane/flows.ts';
import { isAtLeast } from '#dataplane/version.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { at, claim, count, finding, idOf, list, serviceText, short } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import { withService } from '../move.ts';
import { nodeOfAddress } from '../node-addresses.ts';
import type { Rule } from '../rule.ts';
import { flipUnderServiceLb } from '../service-lb-flip.ts';

export const flipInPlace: Rule = {
  code: 'flip-in-place',
  looksFor: 'what changing the traffic policy on the present address would do, and to whom',
  cases: ['S48'],
  needs: ['service', 'ingress', 'pool', 'announcing', 'node'],
  check: ({ reader }) =>
    frontendsOf(reader)
      .filter((f) => f.service.value.externalPolicy === 'cluster')
      .flatMap((f) => f.vips.slice(0, 1).map((vip) => judge(reader, f, vip))),
};

function judge(reader: Reader, frontend: Frontend, vip: Ip): Finding {
  if (nodeOfAddress(reader, frontend.service.value.cluster, vip)) return flipUnderServiceLb(reader, frontend);
  const changed = { ...frontend.service.value, externalPolicy: 'local' as const };
  const allotment = allocate(withService(reader, changed), changed);
  const after = withService(reader, { ...changed, vips: [] });
  const others = reader.by('service', 'vip', vip).filter((s) => s.key !== frontend.service.key);
  const neighbours = others.map((s) => ({ service: s, allotment: allocate(after, s.value) }));
  const isLost =
    allotment.kind === 'cleared' || allotment.kind === 'assigned' || allotment.kind === 'refused';
  const said = { reader, frontend, vip, allotment, neighbours };
  if (allotment.kind === 'unknown') return undecided(said);
  return isLost ? loses(said) : keeps(said);
}

interface Judged {
  readonly reader: Reader;
  readonly frontend: Frontend;
  readonly vip: Ip;
  readonly allotment: Allotment;
  readonly neighbours: readonly { readonly service: Fact<'service'>; readonly allotment: Allotment }[];
}

function loses(j: Judged): Finding {
  const service = j.frontend.service.value;
  const names = namesOf(j.reader);
  const lost = j.neighbours.filter((n) => n.allotment.kind !== 'keeps');
  const kept = j.neighbours.length - lost.length;
  return finding({
    ...base(j),
    severity: 'warning',
    title: `Setting ${serviceText(service)} to Local on ${j.vip} takes its address away; ${count(kept, 'other Service')} keep theirs`,
    cause: `Under Local MetalLB ties a Service to its pods by its selector, so its key no longer agrees with the others on ${j.vip}. It clears the Service that was edited and cannot give the address back while others hold it; at the others it does not look again.`,
    claims: [
      claim(
        `allocator: ${j.allotment.says}`,
        at(j.frontend.service, 'spec.externalTrafficPolicy'),
        ...j.allotment.because,
      ),
      neighbourClaim(j),
      restartClaim(j),
    ],
    affects: {
      services: [j.frontend.id, ...lost.map((n) => idOf(n.service.value))],
      names,
      flows: [],
    },
    advice: [
      `Give ${serviceText(service)} an address of its own first (sightline plan --move ${short(j.frontend.id)}).`,
      `Put policy, address and sharing key into one edit, so that no state has Local on ${j.vip}.`,
    ],
  });
}

function keeps(j: Judged): Finding {
  const service = j.frontend.service.value;
  return finding({
    ...base(j),
    severity: 'ok',
    title: `${serviceText(service)} could be set to Local on ${j.vip} in place and keep the address`,
    cause: `${j.allotment.says}: ${j.neighbours.length === 0 ? 'nobody else is on the address' : 'its key still agrees with the others'}.`,
    claims: [claim(`allocator: ${j.allotment.says}`, j.frontend.service, ...j.allotment.because)],
    advice: [],
  });
}

function undecided(j: Judged): Finding {
  return finding({
    ...base(j),
    severity: 'notice',
    certainty: 'unknown',
    title: `What setting ${serviceText(j.frontend.service.value)} to Local on ${j.vip} would do is not known`,
    cause: j.allotment.says,
    claims: [claim('its policy today', at(j.frontend.service, 'spec.externalTrafficPolicy'))],
    gaps: j.allotment.gap ? [j.allotment.gap] : [],
    advice: [],
  });
}

function base(j: Judged) {
  return {
    code: 'flip-in-place',
    subject: `${serviceText(j.frontend.service.value)} on ${j.vip}`,
    refutedBy: isMetallb(j)
      ? `kubectl -n metallb-system logs deploy/controller after the same edit on a Service of a test pool: no "clearing assignment" for it`
      : 'the same edit on a Service of a test address, and what its status shows afterwards',
  };
}

function isMetallb(j: Judged): boolean {
  return j.reader.get('announcing', j.frontend.service.value.cluster)?.value.program === 'metallb';
}

function neighbourClaim(j: Judged): Claim {
  const kept = j.neighbours.filter((n) => n.allotment.kind === 'keeps');
  const lost = j.neighbours.filter((n) => n.allotment.kind !== 'keeps');
  const rest =
    lost.length === 0
      ? ''
      : `; not so ${list(lost.map((n) => `${short(idOf(n.service.value))} (${n.allotment.says})`))}`;
  const names = kept.map((n) => short(idOf(n.service.value)));
  return claim(
    `${count(kept.length, 'other Service')} on ${j.vip} keep the address: ${list(names, 12)}${rest}`,
    ...j.neighbours.map((n) => n.service),
  );
}

/** MetalLB before 0.14.2 could hand the address to whichever Service it saw first after a restart. */
function restartClaim(j: Judged): Claim {
  const announcing = j.reader.get('announcing', j.frontend.service.value.cluster);
  const version = announcing?.value.version;
  const isSafe = version === undefined ? undefined : isAtLeast(version, '0.14.2');
  const says =
    isSafe === undefined
      ? 'the release of MetalLB is not known: before 0.14.2 a restart of its controller in that state may take the address from the others'
      : isSafe
        ? `MetalLB ${version} loads what is assigned before it assigns anew, so a restart of its controller in that state changes nothing for the others`
        : `MetalLB ${version} is older than 0.14.2: a restart of its controller in that state may give the address to the changed Service and take it from the others`;
  return claim(says, announcing);
}
