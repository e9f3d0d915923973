/* The firewall of a made estate: forwards in every form, reflection, filters, outbound NAT, a second NAT before it. */
import type { AddressMatch, FilterRule, PortForward, RuleMatch } from '#estate/firewall.ts';
import type { Service } from '#estate/kubernetes.ts';
import { familyOf, ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { type Draft, type ForwardedPort, publicIp } from './differential-estates.ts';

const firewall = 'fw';
const any: AddressMatch = { kind: 'any' };
const wanAddress: AddressMatch = { kind: 'interface', name: 'wan', part: 'address', not: false };
const everything: RuleMatch = {
  family: 'both',
  protocol: 'any',
  source: any,
  sourcePort: { kind: 'any' },
  destination: any,
  destinationPort: { kind: 'any' },
};

/** The ports that it forwards from outside. */
export function firewallFacts(draft: Draft, services: readonly Service[]): readonly ForwardedPort[] {
  const { chance, add, hasV6 } = draft;
  const isBehindHop = chance.is(0.3);
  add('firewall', {
    name: firewall,
    product: 'pfsense',
    version: 'config 24.0',
    outboundNat: chance.one(['automatic', 'automatic', 'hybrid', 'manual', 'disabled'] as const),
    reflection: chance.one(['disable', 'nat-proxy', 'pure-nat'] as const),
    reflectionSnat: chance.is(0.5),
    isIpv6Allowed: hasV6,
  });
  interfaceFacts(draft, isBehindHop);
  const forwarded = forwardFacts(draft, services);
  filterFacts(draft);
  if (isBehindHop) hopFacts(draft, forwarded);
  add('publicAddress', { ip: publicIp, firewall, interface: 'wan', through: isBehindHop ? ['isp'] : [] });
  const vips = isBehindHop ? [] : services.flatMap((s) => s.vips.filter((v) => familyOf(v.ip) === 6));
  for (const vip of vips) add('publicAddress', { ip: vip.ip, firewall, interface: 'wan', through: [] });
  return forwarded;
}

function interfaceFacts({ chance, add, hasV6 }: Draft, isBehindHop: boolean): void {
  const base = { firewall, isEnabled: true, isWan: false, isDynamic: false, blocksPrivate: false };
  const wan = isBehindHop
    ? { ip: ip('192.168.100.2'), network: prefix('192.168.100.0/24') }
    : { ip: publicIp, network: prefix('203.0.113.0/24') };
  const wan6 = { ipv6: { ip: ip('2001:db8:1::2'), network: prefix('2001:db8:1::/64') } };
  add('firewallInterface', {
    ...base,
    name: 'wan',
    descr: 'WAN',
    device: 'em0',
    isWan: true,
    ipv4: wan,
    ...(hasV6 && !isBehindHop && wan6),
    gateway: 'WANGW',
    blocksPrivate: chance.is(0.3),
  });
  add('firewallInterface', {
    ...base,
    name: 'lan',
    descr: 'LAN',
    device: 'em1',
    ipv4: { ip: ip('192.168.1.1'), network: prefix('192.168.1.0/24') },
  });
  add('firewallInterface', {
    ...base,
    name: 'opt1',
    descr: 'K8S',
    device: 'em2',
    ipv4: { ip: ip('10.0.20.1'), network: prefix('10.0.20.0/24') },
    ...(hasV6 && { ipv6: { ip: ip('2001:db8:20::1'), network: prefix('2001:db8:20::/64') } }),
  });
  add('gateway', {
    firewall,
    name: 'WANGW',
    interface: 'wan',
    ip: ip(isBehindHop ? '192.168.100.1' : '203.0.113.1'),
    isDefault: true,
    family: 4,
  });
  if (hasV6 && !isBehindHop)
    add('gateway', {
      firewall,
      name: 'WANGW6',
      interface: 'wan',
      ip: ip('2001:db8:1::1'),
      isDefault: true,
      family: 6,
    });
}

/** One forward for each port of most Services: to an alias or an address, passed by a rule or by itself. */
function forwardFacts({ chance, add }: Draft, services: readonly Service[]): readonly ForwardedPort[] {
  const ports = services.flatMap((s) =>
    s.ports.filter(() => chance.is(0.75)).map((p) => ({ service: s, p })),
  );
  const usesAlias = chance.is(0.6);
  services.forEach((s) => {
    add('alias', { firewall, name: `lb_${s.name}`, type: 'host', entries: [s.vips[0]?.ip ?? ''], descr: '' });
  });
  let rules = 0;
  ports.forEach(({ service, p }, position) => {
    const target = service.vips[0]?.ip ?? '';
    const passes = chance.one(['pass', 'rule', 'rule', 'none'] as const);
    const id = `nat_${position}`;
    const protocol = p.protocol === 'udp' ? 'udp' : 'tcp';
    const match: RuleMatch = {
      ...everything,
      family: 4,
      protocol,
      destination: wanAddress,
      destinationPort: portOf(p.port),
    };
    const limited: AddressMatch = { kind: 'address', prefix: prefix('198.51.100.0/25'), not: chance.is(0.5) };
    const source = chance.is(0.15) ? limited : any;
    add('portForward', {
      firewall,
      position,
      interface: 'wan',
      isEnabled: chance.is(0.95),
      isException: chance.is(0.05),
      match: { ...match, source },
      target: usesAlias ? `lb_${service.name}` : target,
      localPort: p.port,
      reflection: chance.one(['default', 'default', 'disable', 'pure-nat', 'nat-proxy'] as const),
      associatedRule: passes === 'pass' ? 'pass' : passes === 'rule' ? id : '',
      descr: '',
    } satisfies PortForward);
    if (passes === 'rule') {
      const destination: AddressMatch = { kind: 'address', prefix: prefix(`${target}/32`), not: false };
      add('filterRule', {
        ...rule(100 + rules++, 'wan', 'pass', { ...match, source, destination }),
        associatedRule: id,
      });
    }
  });
  return ports.flatMap(({ p }) => (p.protocol === 'sctp' ? [] : [{ port: p.port, protocol: p.protocol }]));
}

function filterFacts({ chance, add, hasV6 }: Draft): void {
  const toWeb: RuleMatch = { ...everything, family: 4, protocol: 'tcp', destinationPort: portOf(443) };
  if (chance.is(0.25))
    add('filterRule', { ...rule(10, 'lan', chance.one(['block', 'reject'] as const), toWeb) });
  if (chance.is(0.2))
    add('filterRule', {
      ...rule(5, 'wan', 'block', { ...everything, family: 4, protocol: 'udp' }),
      isFloating: true,
      isQuick: chance.is(0.5),
      interfaces: chance.is(0.5) ? ['wan'] : [],
    });
  if (chance.is(0.9)) add('filterRule', rule(200, 'lan', 'pass', everything));
  if (chance.is(0.9)) add('filterRule', rule(201, 'opt1', 'pass', everything));
  if (hasV6 && chance.is(0.7)) add('filterRule', rule(202, 'wan', 'pass', { ...everything, family: 6 }));
}

function rule(position: number, on: string, action: FilterRule['action'], match: RuleMatch): FilterRule {
  return {
    firewall,
    position,
    interfaces: [on],
    isFloating: false,
    isQuick: true,
    direction: 'in',
    isEnabled: true,
    action,
    match,
    descr: '',
  };
}

function portOf(port: number): RuleMatch['destinationPort'] {
  return { kind: 'range', range: { first: port, last: port } };
}

function hopFacts({ chance, add }: Draft, forwarded: readonly ForwardedPort[]): void {
  add('unmanagedHop', {
    id: 'isp',
    reason: 'made',
    forwards: forwarded.filter(() => chance.is(0.85)).map((f) => ({ ...f, to: ip('192.168.100.2') })),
    clientAddress: 'kept',
    ip: ip('192.168.100.1'),
  });
}
