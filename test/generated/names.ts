/* How names are answered in a generated house: one anchor or many, two zones, overrides, a translation map, long TTLs. */
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import { record, route, stated, vip, zone } from '../estates.ts';
import type { Dice, Part } from './house.ts';

const inside = 'dns/technitium';

export function nameParts(dice: Dice): readonly Part[] {
  return [layout(dice), apps(dice), secondZone(dice), rules(dice), translated(dice)];
}

/** The one anchor behind a wildcard, a chain of aliases, or an address for each name. */
function layout(dice: Dice): Part {
  const ttlSeconds = dice.one([60, 300, 3600]);
  const how = dice.one(['wildcard', 'chain', 'each'] as const);
  const apex = record(inside, 'example.org', 'A', [vip], { ttlSeconds });
  const says = `names by ${how}, TTL ${ttlSeconds}`;
  if (how === 'wildcard') return { says, add: [apex] };
  if (how === 'chain') {
    return {
      says,
      add: [
        apex,
        record(inside, 'lb.example.org', 'CNAME', ['example.org'], { ttlSeconds: 120 }),
        record(inside, '*.example.org', 'CNAME', ['lb.example.org'], { ttlSeconds }),
      ],
    };
  }
  return {
    says,
    without: [`recordSet:${inside}||example.org|*.example.org|CNAME`],
    add: [
      apex,
      ...['immich', 'proxied'].map((n) => record(inside, `${n}.example.org`, 'A', [vip], { ttlSeconds })),
    ],
  };
}

/** More applications behind the same ingress, public or in the house only. */
function apps(dice: Dice): Part {
  const names = ['forge', 'send'].filter(() => dice.chance(0.4));
  const records = names.flatMap((n) => [
    route(n, `${n}.example.org`),
    record('dns/cloudflare', `${n}.example.org`, 'A', ['203.0.113.10'], { isProxied: false }),
    record(inside, `${n}.example.org`, 'CNAME', ['example.org']),
  ]);
  return { says: names.length === 0 ? '' : `also ${names.join()}`, add: records };
}

function secondZone(dice: Dice): Part {
  if (!dice.chance(0.3)) return { says: '' };
  const at = { zone: dnsName('example.lan'), ttlSeconds: dice.one([60, 600]) };
  return {
    says: 'second zone',
    add: [
      zone(inside, 'example.lan', false),
      record(inside, 'example.lan', 'A', [vip], at),
      record(inside, 'immich.example.lan', 'CNAME', ['example.lan'], at),
      route('immich-lan', 'immich.example.lan'),
    ],
  };
}

/** CoreDNS of the cluster answers a name itself, by the address or by another name. */
function rules(dice: Dice): Part {
  if (!dice.chance(0.3)) return { says: '' };
  const isHost = dice.chance(0.5);
  const name = dnsName('immich.example.org');
  return {
    says: isHost ? 'CoreDNS hosts entry' : 'CoreDNS rewrite',
    add: [
      stated('nameRule', {
        resolver: 'coredns',
        position: 0,
        rule: isHost
          ? { kind: 'host', name, addresses: [vip], ttlSeconds: 60 }
          : { kind: 'rewrite', match: 'exact', from: name, to: 'traefik.traefik.svc.cluster.local' },
      }),
    ],
  };
}

/** The server answers people of one network with another address than it has in its zone. */
function translated(dice: Dice): Part {
  if (!dice.chance(0.25)) return { says: '' };
  const publicIp = '203.0.113.10';
  return {
    says: 'translation map',
    add: [
      record(inside, 'send2.example.org', 'A', [publicIp]),
      route('send2', 'send2.example.org'),
      stated('translation', {
        server: inside,
        group: 'lan',
        clients: [prefix('192.168.1.0/24'), prefix('10.0.20.0/24')],
        from: publicIp as never,
        to: vip,
        isEnabled: true,
      }),
    ],
  };
}
