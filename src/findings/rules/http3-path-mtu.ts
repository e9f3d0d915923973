/* Paths that carry too few bytes for QUIC although HTTP/2 works: VPNs and tunnels (quic-go sends 1280-byte payloads). */

import { quicMtu } from '#dataplane/quic.ts';
import { claim, finding } from '../compose.ts';
import { distinct, groupBy } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import { offeredWays } from '../quic-ways.ts';
import type { Rule } from '../rule.ts';

export const http3PathMtu: Rule = {
  code: 'http3-path-mtu',
  looksFor: 'vantage points whose path is too narrow for HTTP/3',
  cases: ['S56'],
  needs: walkKinds,
  check: (context) => {
    const narrow = offeredWays(context).filter((w) => /carries \d+ bytes/.test(w.quic.says));
    return [...groupBy(narrow, (w) => `${w.flow.from} ${w.flow.family}`).values()].flatMap((ways) => {
      const [first] = ways;
      if (first === undefined) return [];
      const { from, family } = first.flow;
      return [
        finding({
          code: 'http3-path-mtu',
          severity: 'warning',
          subject: `HTTP/3 from ${from} over IPv${family}`,
          title: `HTTP/3 cannot work from ${from} over IPv${family}: the path is too narrow`,
          cause: `${/The path carries[^.]*\./.exec(first.quic.says)?.[0] ?? first.quic.says} QUIC may not fragment; HTTP/2 goes on working, so it looks like a fault of HTTP/3 itself.`,
          claims: [
            claim(`HTTP/3 needs packets of ${quicMtu(family)} bytes on IPv${family}`, ...first.quic.because),
          ],
          refutedBy: `ping -M do -s ${quicMtu(family) - 28} from ${from} to the address: an answer`,
          affects: { names: distinct(ways.map((w) => w.name)).flatMap(context.namesLike), flows: [from] },
          effectOf: 'http3',
          advice: ['Raise the MTU of that VPN or tunnel, or accept HTTP/2 there.'],
        }),
      ];
    });
  },
};
