/* DHCP that gives out addresses of a pool will collide with the announcer sooner or later. */
import { rangesOverlap } from '#net/prefix.ts';
import { claim, finding, list } from '../compose.ts';
import { rangeText } from '../dhcp-text.ts';
import type { Rule } from '../rule.ts';

/** DHCP that gives out addresses of a pool will collide sooner or later. */
export const poolOverlapsDhcp: Rule = {
  code: 'pool-overlaps-dhcp',
  looksFor: 'a DHCP range that gives out addresses of a pool',
  cases: [],
  needs: ['pool', 'dhcpRange'],
  check: ({ reader }) =>
    reader.all('pool').flatMap((pool) =>
      reader
        .all('dhcpRange')
        .filter((d) => pool.value.ranges.some((r) => rangesOverlap(r, d.value.range)))
        .map((d) =>
          finding({
            code: 'pool-overlaps-dhcp',
            severity: 'warning',
            subject: `pool ${pool.value.name} and DHCP on ${d.value.firewall} ${d.value.interface}`,
            title: `DHCP may give out addresses of pool ${pool.value.name}`,
            cause: `The range ${rangeText(d)} overlaps the pool; a device that gets such an address answers ARP for it beside the announcer.`,
            claims: [
              claim(
                `pool ${pool.value.name}: ${list(pool.value.ranges.map((r) => `${r.first}-${r.last}`))}`,
                pool,
              ),
              claim(`DHCP: ${rangeText(d)}`, d),
            ],
            refutedBy: 'a DHCP configuration whose range ends before the pool begins',
            advice: ['Shorten the DHCP range, or move the pool.'],
          }),
        ),
    ),
};
