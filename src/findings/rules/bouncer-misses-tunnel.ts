/* A bouncer behind a tunnel that does not trust the connector takes everybody for the connector. */
import { contains } from '#net/prefix.ts';
import { at, claim, finding, list } from '../compose.ts';
import type { Rule } from '../rule.ts';

/** A bouncer behind a tunnel that does not trust the connector takes everybody for the connector. */
export const bouncerMissesTunnel: Rule = {
  code: 'bouncer-misses-tunnel',
  looksFor: 'bouncers that take the tunnel’s connector for the client',
  cases: ['S31'],
  needs: ['middleware', 'tunnel', 'tunnelRule', 'pod'],
  check: ({ reader }) => {
    if (reader.all('tunnelRule').length === 0) return [];
    const connectors = reader
      .all('pod')
      .filter((p) => p.value.containers.some((c) => /(^|\/)cloudflared(:|@|$)/.test(c.image)));
    const addresses = connectors.flatMap((p) => p.value.ips);
    if (addresses.length === 0) return [];
    return reader.all('middleware').flatMap((m) => {
      const { rule } = m.value;
      if (rule.kind !== 'ban-list') return [];
      const missed = addresses.filter((ip) => !rule.trustedPeers.some((p) => contains(p, ip)));
      if (missed.length === 0) return [];
      return [
        finding({
          code: 'bouncer-misses-tunnel',
          severity: 'warning',
          subject: `middleware ${m.value.namespace}/${m.value.name}`,
          title: `${m.value.name} takes clients of the tunnel for its connector: ${list(missed)} ${missed.length === 1 ? 'is' : 'are'} not on its list of trusted peers`,
          cause:
            'The ingress may log the real client while the bouncer, with a trust list of its own, looks up the peer: the connector is never banned, so nobody behind it is.',
          claims: [
            claim(
              `trusted peers: ${list(rule.trustedPeers) || 'none'}`,
              at(m, `spec.plugin.${rule.plugin}.forwardedHeadersTrustedIPs`),
            ),
            claim(`the connector's pods: ${list(addresses)}`, ...connectors),
          ],
          refutedBy: 'a test ban of a client that comes through the tunnel, which then gets 403',
          advice: [
            `Add the connector's range to forwardedHeadersTrustedIPs of ${m.value.name} (and CF-Connecting-IP as its header).`,
          ],
        }),
      ];
    });
  },
};
