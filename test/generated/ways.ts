/* How clients come into a generated house: the tunnel, the firewall's forwards and rules, reflection, a bridge for IPv6. */
import { ip } from '#net/ip.ts';
import { alias, anyMatch, box, forward, record, rule, stated, tunnelRule, vantage, vip } from '../estates.ts';
import type { Dice, Part } from './house.ts';

export function wayParts(dice: Dice): readonly Part[] {
  return [tunnel(dice), forwards(dice), reflection(dice), bridge(dice)];
}

function tunnel(dice: Dice): Part {
  const how = dice.one(['name', 'address', 'cluster address', 'none'] as const);
  if (how === 'name') return { says: 'tunnel by name' };
  if (how === 'none') {
    return {
      says: 'no tunnel',
      without: ['tunnelRule:home/00000', 'tunnelRule:home/00009', 'vantagePoint:edge', 'tunnel:home'],
    };
  }
  const host = how === 'address' ? vip : '10.96.0.80';
  return { says: `tunnel by ${how}`, add: [tunnelRule(0, 'proxied.example.org', `https://${host}:443`)] };
}

/** Forwards by alias or literally, passing by themselves or with a filter rule that belongs to them. */
function forwards(dice: Dice): Part {
  const isLiteral = dice.chance(0.3);
  const isShared = dice.chance(0.3);
  const hasRules = dice.chance(0.4);
  const target = isLiteral ? vip : 'nginx';
  const destination = isLiteral
    ? ({ kind: 'address', prefix: `${vip}/32` as never, not: false } as const)
    : ({ kind: 'alias', name: 'nginx', not: false } as const);
  const says = [
    isLiteral ? 'literal forwards' : 'forwards by alias',
    ...(hasRules ? ['with their rules'] : []),
    ...(isShared ? ['alias also for the database'] : []),
  ];
  return {
    says: says.join(', '),
    add: [
      ...[443, 80].flatMap((port, i) => [
        forward(i, port, { target, ...(hasRules && { associatedRule: `nat_${port}` }) }),
        ...(hasRules ? [passes(i, port, destination)] : []),
      ]),
      ...(isShared ? [alias('nginx', [vip]), forward(2, 5432, { target: 'nginx', descr: 'database' })] : []),
    ],
  };
}

/** The filter rule that belongs to the forward of a port. */
function passes(position: number, port: number, destination: (typeof anyMatch)['destination']) {
  return rule(position, ['wan'], {
    associatedRule: `nat_${port}`,
    match: {
      ...anyMatch,
      family: 4,
      protocol: 'tcp/udp',
      destination,
      destinationPort: { kind: 'range', range: { first: port, last: port } },
    },
  });
}

/** People of the house whose names lead out and in again. */
function reflection(dice: Dice): Part {
  if (!dice.chance(0.25)) return { says: '' };
  return {
    says: 'reflection for guests',
    add: [
      box({ reflection: 'pure-nat', reflectionSnat: true }),
      stated('resolver', { id: 'public', program: 'public', serves: ['dns/cloudflare'] }),
      vantage('guest', 'lan', ['192.168.1.90'], {
        gateway: 'pfsense',
        networks: ['192.168.1.0/24' as never],
        resolver: 'public',
      }),
    ],
  };
}

/** IPv6 from outside by a bridge that nobody can read, TCP only. */
function bridge(dice: Dice): Part {
  if (!dice.chance(0.25)) return { says: '' };
  const to = vip;
  return {
    says: 'IPv6 by a bridge',
    add: [
      vantage('internet', 'internet', ['198.51.100.7', '2001:db8:99::7']),
      record('dns/cloudflare', 'immich.example.org', 'AAAA', ['2001:db8:10::443'], { isProxied: false }),
      stated('unmanagedHop', {
        id: 'bridge',
        reason: 'a rented server',
        clientAddress: 'own',
        ip: ip('10.0.20.99'),
        forwards: [
          { protocol: 'tcp', port: 443, to },
          { protocol: 'tcp', port: 80, to },
        ],
      }),
      stated('publicAddress', { ip: ip('2001:db8:10::443'), through: ['bridge'] }),
    ],
  };
}
