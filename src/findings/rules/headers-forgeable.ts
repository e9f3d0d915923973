/*
 * Headers that name the client are believed from peers that anybody may be: where the trusted ranges hold the address
 * that masquerading shows, every client of the internet is a trusted peer and may write its own X-Forwarded-For.
 */

import type { Reader } from '#estate/estate.ts';
import type { Listener } from '#estate/ingress.ts';
import type { Ip } from '#net/ip.ts';
import { contains } from '#net/prefix.ts';
import { at, claim, finding, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { type Frontend, frontendsOf, type Mask, maskOf } from '../frontends.ts';
import { maskKinds } from '../needs.ts';
import type { Rule } from '../rule.ts';

export const headersForgeable: Rule = {
  code: 'headers-forgeable',
  looksFor: 'forwarding headers that are believed from peers that any client may appear as',
  cases: ['S15'],
  needs: [...maskKinds, 'middleware'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) => {
      const masks = f.vips.flatMap((vip) => maskOf(reader, f, vip) ?? []);
      const listeners = f.ingress.value.listeners.filter((l) => l.protocol === 'tcp' && isServed(f, l));
      return [...listeners.flatMap((l) => ofListener(f, l, masks)), ...ofMiddlewares(reader, f, masks)];
    }),
};

/** A port of the Service leads to it: by number, or by the name that charts give the container port. */
function isServed(frontend: Frontend, listener: Listener): boolean {
  return frontend.service.value.ports.some(
    (p) => p.targetPort === listener.port || p.targetPort === listener.name || p.name === listener.name,
  );
}

function ofListener(frontend: Frontend, listener: Listener, masks: readonly Mask[]): readonly Finding[] {
  const trust = listener.forwardedHeaders;
  const shown = masks.flatMap((m) => m.seenAs);
  const trusted = shown.filter((ip) => trust.from.some((p) => contains(p, ip)));
  if (!trust.everyone && trusted.length === 0) return deleted(frontend, listener, masks);
  const ranges = trust.from.filter((p) => trusted.some((ip) => contains(p, ip)));
  const who = trust.everyone ? 'every peer' : `${list(ranges)}, which holds ${list([...new Set(trusted)])}`;
  return [
    finding({
      code: 'headers-forgeable',
      severity: 'critical',
      subject: `entry point ${listener.name} of ${frontend.ingress.value.namespace}/${frontend.ingress.value.name}`,
      title: `Any client can write its own X-Forwarded-For: entry point ${listener.name} believes ${who}`,
      cause: trust.everyone
        ? 'Forwarding headers are kept from every peer, so a client that sends X-Forwarded-For is logged, limited and banned as whoever it says.'
        : `Under Cluster clients from outside arrive as ${list([...new Set(trusted)])}, an address of the trusted ranges. So the header that they send is kept instead of deleted.`,
      claims: [
        claim(
          `trusted: ${trust.everyone ? 'insecure, every peer' : list(trust.from)}`,
          at(frontend.ingress, `entryPoints.${listener.name}.forwardedHeaders`),
        ),
        ...masks.map((m) =>
          claim(
            `clients of ${m.vip} are seen as ${list(m.seenAs)}: ${m.announcement.says}`,
            at(frontend.service, 'spec.externalTrafficPolicy'),
            ...m.announcement.because.slice(0, 2),
          ),
        ),
      ],
      refutedBy: `curl -H 'X-Forwarded-For: 192.0.2.1' https://NAME/ from outside, whose line in the access log does not show 192.0.2.1`,
      affects: { services: [frontend.id] },
      advice: [
        'Trust only addresses of proxies that you run (the tunnel connector’s pods), not the range of the nodes.',
        'With policy Local the nodes stand in for nobody any more; the range should still go.',
      ],
    }),
  ];
}

/** What clients send is deleted: nobody who stands in for them is trusted. */
function deleted(frontend: Frontend, listener: Listener, masks: readonly Mask[]): readonly Finding[] {
  if (!listener.tls || masks.length === 0) return [];
  const { from } = listener.forwardedHeaders;
  const shown = [...new Set(masks.flatMap((m) => m.seenAs))];
  return [
    finding({
      code: 'headers-forgeable',
      severity: 'ok',
      subject: `entry point ${listener.name} of ${frontend.ingress.value.namespace}/${frontend.ingress.value.name}`,
      title: `Entry point ${listener.name} deletes the X-Forwarded-For that clients send`,
      cause: `Clients arrive as ${list(shown)}, which is not among the trusted peers (${list(from) || 'none'}), so their header is thrown away.`,
      claims: [
        claim(
          `trusted: ${list(from) || 'nobody'}`,
          at(frontend.ingress, `entryPoints.${listener.name}.forwardedHeaders`),
        ),
        ...masks.map((m) => claim(`clients of ${m.vip} are seen as ${list(m.seenAs)}`, frontend.service)),
      ],
      refutedBy: `curl -H 'X-Forwarded-For: 192.0.2.1' https://NAME/ from outside, whose line in the access log shows 192.0.2.1`,
      affects: { services: [frontend.id] },
      advice: [],
    }),
  ];
}

/** Consumers that believe CF-Connecting-IP (or another header that no proxy deletes) from such a peer. */
function ofMiddlewares(reader: Reader, frontend: Frontend, masks: readonly Mask[]): readonly Finding[] {
  const shown = [...new Set(masks.flatMap((m) => m.seenAs))];
  return reader.by('middleware', 'cluster', frontend.service.value.cluster).flatMap((m) => {
    const { rule } = m.value;
    if (rule.kind !== 'ban-list' || rule.header === undefined) return [];
    const believed = shown.filter((ip: Ip) => rule.trustedPeers.some((p) => contains(p, ip)));
    const isAnyone = rule.trustedPeers.some((p) => p.endsWith('/0'));
    if (believed.length === 0 && !isAnyone) return [];
    return [
      finding({
        code: 'headers-forgeable',
        severity: 'critical',
        subject: `middleware ${m.value.namespace}/${m.value.name}`,
        title: `${m.value.name} believes ${rule.header} from ${isAnyone ? 'everybody' : list(believed)}: any client can be whoever it says`,
        cause: `${rule.header} is set by the tunnel's edge, but a client that reaches ${serviceText(frontend.service.value)} without it can send the header itself, and the peer it appears as is trusted.`,
        claims: [
          claim(
            `trusted peers: ${list(rule.trustedPeers)}; header: ${rule.header}`,
            at(m, `spec.plugin.${rule.plugin}`),
          ),
          ...masks.map((mask) =>
            claim(
              `clients of ${mask.vip} are seen as ${list(mask.seenAs)}`,
              at(frontend.service, 'spec.externalTrafficPolicy'),
            ),
          ),
        ],
        refutedBy: `curl -H '${rule.header}: 6.6.6.6' to the address directly, after which nothing is decided about 6.6.6.6`,
        affects: { services: [frontend.id] },
        advice: ['Trust that header from the connector’s own addresses only.'],
      }),
    ];
  });
}
