/* How a DHCP range is written in findings. */
import type { Fact } from '#estate/fact.ts';

export function rangeText(d: Fact<'dhcpRange'>): string {
  return `${d.value.range.first}-${d.value.range.last} on ${d.value.firewall} ${d.value.interface}`;
}
