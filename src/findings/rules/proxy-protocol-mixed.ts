/* PROXY protocol required from everybody although some clients never send it, or trusted from a gateway that may not. */
import type { Reader } from '#estate/estate.ts';
import { contains } from '#net/prefix.ts';
import { at, claim, finding, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const proxyProtocolMixed: Rule = {
  code: 'proxy-protocol-mixed',
  looksFor: 'clients that send no PROXY header to a program that requires it',
  cases: ['S29', 'S13'],
  needs: ['ingress', 'service', 'unmanagedHop', 'firewallInterface'],
  check: ({ reader }) => frontendsOf(reader).flatMap((f) => mixed(reader, f)),
};

function mixed(reader: Reader, frontend: Frontend): readonly Finding[] {
  const { program } = frontend.ingress.value;
  const listeners = frontend.ingress.value.listeners.filter((l) => l.proxyProtocol !== undefined);
  const senders = reader.all('unmanagedHop').filter((h) => h.value.clientAddress === 'proxy-protocol');
  return listeners.flatMap((listener) => {
    const trust = listener.proxyProtocol;
    const subject = `entry point ${listener.name} of ${frontend.ingress.value.namespace}/${frontend.ingress.value.name}`;
    if (program === 'ingress-nginx' || program === 'haproxy')
      return [
        finding({
          code: 'proxy-protocol-mixed',
          severity: 'warning',
          subject,
          title: `${program} requires a PROXY header on ${listener.name}: clients that come without one get a broken connection`,
          cause:
            'Every connection must begin with the header. Pods and nodes that dial the address are short-cut to the pods by kube-proxy and never pass the sender of the header.',
          claims: [
            claim(
              `PROXY protocol is on for ${listener.name}`,
              at(frontend.ingress, `listeners.${listener.name}.proxyProtocol`),
            ),
            claim(
              `${serviceText(frontend.service.value)} is also reachable inside at ${list(frontend.service.value.clusterIps)} and ${list(frontend.vips)}`,
              frontend.service,
            ),
          ],
          refutedBy: 'curl from a pod to the address with an answer',
          affects: { services: [frontend.id] },
          advice: [
            'Let in-cluster clients use another listener, or set ipMode Proxy on the Service’s status where the load balancer supports it.',
          ],
        }),
      ];
    const gateways = reader
      .all('firewallInterface')
      .filter(
        (i) =>
          i.value.ipv4 !== undefined &&
          trust?.from.some((p) => i.value.ipv4 !== undefined && contains(p, i.value.ipv4.ip)),
      );
    if (program !== 'traefik' || senders.length > 0 || gateways.length === 0) return [];
    return [
      finding({
        code: 'proxy-protocol-mixed',
        severity: 'notice',
        certainty: 'unknown',
        subject,
        title: `${listener.name} trusts PROXY headers of a gateway, and nothing in the snapshot sends one`,
        cause:
          'Traefik takes connections with and without the header from trusted peers, so this alone breaks nothing. If a path breaks when trust is turned on, the cause is another: look at the forwarder.',
        claims: [
          claim(
            `trusted: ${list(trust?.from ?? [])}`,
            at(frontend.ingress, `entryPoints.${listener.name}.proxyProtocol`),
          ),
          claim('a gateway is among them', ...gateways),
        ],
        refutedBy: 'tcpdump of the first bytes from that gateway: "PROXY" or 0d0a0d0a, or a TLS hello',
        affects: { services: [frontend.id] },
        advice: ['Test with and without the header: curl --haproxy-protocol.'],
      }),
    ];
  });
}
