/* One network: who answers ARP or NDP for an address there, so who gets the packet. */
import { keptPart, type Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Ip } from '#net/ip.ts';
import { rangeHas } from '#net/prefix.ts';
import { type Announcement, announcerOf } from './announce.ts';
import { firstGap } from './gaps.ts';
import { ended, missing, type Next, on, unknownAt, type Way, withStep } from './way.ts';

/** Hands the packet to the firewall, node or announcer that has its destination. */
export function onLink(reader: Reader, way: Way): readonly Next[] {
  const { destination } = way.packet;
  const i = reader.by('firewallInterface', 'ip', destination)[0];
  if (i) return [on(way, { kind: 'firewall', firewall: i.value.firewall, interface: i.value.name })];
  const virtual = reader.by('virtualIp', 'ip', destination)[0];
  if (virtual)
    return [
      on(way, { kind: 'firewall', firewall: virtual.value.firewall, interface: virtual.value.interface }),
    ];
  const node = reader.by('node', 'ip', destination)[0];
  if (node)
    return [on(way, { kind: 'node', cluster: node.value.cluster, node: node.value.name, origin: 'network' })];
  return announced(reader, way);
}

function announced(reader: Reader, way: Way): readonly Next[] {
  const host = way.hops.at(-1)?.host ?? 'link';
  const announcement = answerer(reader, way.packet.destination);
  if (announcement === undefined) return [nobody(reader, way, host)];
  const { nodes, services, says, rule, because, gap } = announcement;
  const stepped = withStep(way, host, {
    stage: 'announce',
    says: `${says}.`,
    because,
    ...(rule && { rule }),
  });
  if (gap) return [unknownAt(stepped, host, 'announce', gap)];
  if (nodes.length === 0) return [ended(stepped, 'no-announcer')];
  const cluster = services[0]?.split('/')[0] ?? '';
  return nodes.map((node) => on(stepped, { kind: 'node', cluster, node, origin: 'network' }));
}

/** Who announces the address, without who would take over: that changes no way. */
function answerer(reader: Reader, address: Ip): Omit<Announcement, 'candidates'> | undefined {
  return keptPart(reader, `answers for ${address}`, (r) => {
    const { candidates: _, ...rest } = announcerOf(r, address) ?? { nodes: undefined };
    return rest.nodes === undefined ? undefined : rest;
  });
}

/** Nothing in the snapshot has the address: that is certain only for an address that MetalLB alone gives out. */
function nobody(reader: Reader, way: Way, host: string): Next {
  const { destination } = way.packet;
  const gap = firstGap(reader, ['service', 'node', 'firewallInterface', 'virtualIp', 'pool']);
  if (gap) return unknownAt(way, host, 'announce', gap);
  const pool = reader.all('pool').find((p) => p.value.ranges.some((r) => rangeHas(r, destination)));
  if (!pool) return unknownAt(way, host, 'announce', stranger(destination));
  const says = `${destination} is in pool ${pool.value.name}, and no Service has it: nobody answers ARP for it.`;
  return ended(withStep(way, host, { stage: 'announce', says, because: [pool.evidence] }), 'no-announcer');
}

function stranger(address: string): Gap {
  return missing(`host/${address}`, 'node', `who has ${address} is not in the snapshot`);
}
