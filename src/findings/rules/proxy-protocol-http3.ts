/* PROXY protocol is a header of TCP connections: on QUIC the ingress sees the forwarder (traefik#11747). */
import { at, claim, finding, serviceText } from '../compose.ts';
import { frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const proxyProtocolHttp3: Rule = {
  code: 'proxy-protocol-http3',
  looksFor: 'HTTP/3 beside PROXY protocol, which shows the forwarder instead of clients',
  cases: ['S30'],
  needs: ['ingress', 'service'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) =>
      f.ingress.value.listeners.flatMap((l) => {
        const hasUdp = f.service.value.ports.some((p) => p.protocol === 'udp');
        if (l.proxyProtocol === undefined || l.http3 === undefined || !l.tls || !hasUdp) return [];
        return [
          finding({
            code: 'proxy-protocol-http3',
            severity: 'warning',
            subject: `entry point ${l.name} of ${f.ingress.value.namespace}/${f.ingress.value.name}`,
            title: `HTTP/1 and HTTP/2 show the client on ${l.name}, HTTP/3 shows the forwarder`,
            cause:
              'PROXY protocol is a header of TCP connections; the ingress reads none on QUIC. The list of trusted addresses has nothing to do with it.',
            claims: [
              claim(
                `${l.name} reads PROXY headers and speaks HTTP/3`,
                at(f.ingress, `entryPoints.${l.name}`),
              ),
              claim(`${serviceText(f.service.value)} exposes UDP`, at(f.service, 'spec.ports')),
            ],
            refutedBy:
              'an HTTP/3 request whose line in the access log shows the client although a forwarder is on the way',
            affects: { services: [f.id] },
            advice: ['Switch HTTP/3 off behind such a forwarder, or give UDP a path that keeps the source.'],
          }),
        ];
      }),
    ),
};
