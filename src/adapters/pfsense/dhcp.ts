/* DHCP ranges. pfSense keeps them under dhcpd for both servers; `dhcpbackend` says which one runs (2.7.1 and later). */
import type { DhcpRange } from '#estate/firewall.ts';
import { parseIp } from '#net/ip.ts';
import { parseRange } from '#net/prefix.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, has, text } from './decode.ts';
import type { XmlElement } from './xml.ts';

export function convertDhcp(box: Box): void {
  const server = text(box.root, 'dhcpbackend') === 'kea' ? 'kea' : 'isc';
  for (const section of ['dhcpd', 'dhcpdv6']) {
    for (const scope of at(box.root, section)?.children ?? []) {
      if (has(scope, 'enable')) convertScope(box, scope, { section, server });
    }
  }
}

function convertScope(
  box: Box,
  scope: XmlElement,
  { section, server }: { section: string; server: DhcpRange['server'] },
): void {
  const staticIps = all(scope, 'staticmap').flatMap((m) => parseIp(text(m, 'ipaddr') ?? '') ?? []);
  const pools = [scope, ...all(scope, 'pool')].flatMap((p) => all(p, 'range'));
  for (const [i, element] of pools.entries()) {
    const written = `${text(element, 'from') ?? ''}-${text(element, 'to') ?? ''}`;
    const range = parseRange(written);
    const object = `${section}/${scope.name}/range[${i}]`;
    if (range === undefined || written.startsWith('::')) {
      if (written === '-') continue;
      const what = `the DHCP range ${quoted(written)} of ${scope.name} cannot be read`;
      miss(box, { about: object, what, kinds: ['dhcpRange'], element });
      continue;
    }
    const value = {
      firewall: box.firewall,
      interface: scope.name,
      range,
      server,
      staticIps: i === 0 ? staticIps : [],
    };
    add(box, 'dhcpRange', value, element, object);
  }
}
