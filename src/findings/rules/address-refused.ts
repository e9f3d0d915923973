/* LoadBalancer Services without an address, or without the one they ask for, with the check that refuses: key, port, backend or pool. */
import { allocate } from '#dataplane/allocate.ts';
import { portKey, sharingKeyOf } from '#dataplane/metallb/sharing.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { addressesIn } from '#estate/reference-places.ts';
import type { Ip } from '#net/ip.ts';
import { at, claim, finding, idOf, list, serviceText, short } from '../compose.ts';
import type { Claim } from '../finding.ts';
import type { Rule } from '../rule.ts';

export const addressRefused: Rule = {
  code: 'address-refused',
  looksFor: 'LoadBalancer Services that do not get the address they ask for, and which check refuses it',
  cases: ['S47', 'S48'],
  needs: ['service', 'pool', 'announcing', 'namespace'],
  check: ({ reader }) =>
    reader.all('service').flatMap((s) => {
      if (s.value.type !== 'LoadBalancer' || !reader.get('announcing', s.value.cluster)) return [];
      const wanted = wantedOf(s);
      const has = s.value.vips.map((v) => v.ip);
      const isAsIs = has.length > 0 && (wanted.length === 0 || wanted.every((ip) => has.includes(ip)));
      return isAsIs ? [] : judge(reader, s, wanted, has);
    }),
};

function wantedOf(s: Fact<'service'>): readonly Ip[] {
  return addressesIn(s.value.requestedIps ?? s.value.loadBalancerIp ?? '');
}

function judge(reader: Reader, s: Fact<'service'>, wanted: readonly Ip[], has: readonly Ip[]) {
  const allotment = allocate(reader, s.value);
  if (allotment.kind === 'not-metallb' || (allotment.kind === 'assigned' && has.length === 0)) return [];
  const isUnknown = allotment.kind === 'unknown';
  const clashes = wanted.flatMap((ip) => clashesOn(reader, s, ip));
  const why = clashes[0]?.says ?? allotment.says;
  const asks = wanted.length > 0 ? list(wanted) : 'an address';
  return [
    finding({
      code: 'address-refused',
      severity: has.length === 0 ? 'critical' : 'warning',
      certainty: isUnknown ? 'unknown' : 'established',
      subject: serviceText(s.value),
      title: `${serviceText(s.value)} asks for ${asks} and ${has.length === 0 ? 'has none' : `has ${list(has)}`}: ${why}`,
      cause: `MetalLB gives an address only if pool, sharing key, ports and (under Local) backends agree with everybody who is on it. ${allotment.says}.`,
      claims: [
        claim(
          `asks for ${asks}`,
          at(s, wanted.length > 0 ? 'metadata.annotations.loadBalancerIPs' : 'spec.type'),
        ),
        claim(`allocator: ${allotment.says}`, ...allotment.because),
        ...clashes,
      ],
      refutedBy: `kubectl -n ${s.value.namespace} describe svc ${s.value.name}: an event that it was assigned`,
      affects: { services: [idOf(s.value)] },
      advice: ['Make the named check agree, or give the Service an address of its own.'],
      gaps: allotment.gap ? [allotment.gap] : [],
    }),
  ];
}

/** Which of key, backend and port clashes with whom. */
function clashesOn(reader: Reader, s: Fact<'service'>, ip: Ip): readonly Claim[] {
  const key = sharingKeyOf(s.value);
  const ports = new Set(s.value.ports.map(portKey));
  return reader
    .by('service', 'vip', ip)
    .filter((o) => o.key !== s.key)
    .flatMap((o) => {
      const other = sharingKeyOf(o.value);
      const name = short(idOf(o.value));
      const text = (k: string) => (k === '' ? 'none' : JSON.stringify(k));
      if (key.sharing === '' || key.sharing !== other.sharing) {
        const near = misspelt(s.value.annotations);
        return [
          claim(
            `key: ${name} on ${ip} shares under ${text(other.sharing)}, this Service under ${text(key.sharing)}${near === undefined ? '' : ` (annotation ${near} is none that MetalLB reads)`}`,
            at(o, 'metadata.annotations.allow-shared-ip'),
            at(s, 'metadata.annotations'),
          ),
        ];
      }
      if (key.backend !== other.backend)
        return [
          claim(
            `backend: under Local Services share only with equal selectors; ${name} has ${text(other.backend)}, this one ${text(key.backend)}`,
            at(o, 'spec.selector'),
            at(s, 'spec.selector'),
          ),
        ];
      const taken = o.value.ports.find((p) => ports.has(portKey(p)));
      return taken === undefined
        ? []
        : [
            claim(
              `port: ${taken.port}/${taken.protocol} on ${ip} belongs to ${name}`,
              at(o, 'spec.ports'),
              at(s, 'spec.ports'),
            ),
          ];
    });
}

function misspelt(annotations: Readonly<Record<string, string>>): string | undefined {
  return Object.keys(annotations).find(
    (k) => /share/i.test(k) && !/^metallb\.(io|universe\.tf)\/allow-shared-ip$/.test(k),
  );
}
