/*
 * The other LoadBalancer Services with policy Cluster have the defect of the ingress too; those whose protocol carries or
 * logs the client's address suffer from it.
 */
import { announcerOf } from '#dataplane/announce.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';
import { at, claim, count, finding, idOf, list, short } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const othersMasked: Rule = {
  code: 'others-masked',
  looksFor: 'other Services on the address of the ingress that see a node instead of their clients',
  cases: [],
  needs: ['service', 'ingress', 'announcing'],
  check: ({ reader }) => {
    const frontends = frontendsOf(reader);
    const ids = new Set(frontends.map((f) => f.id));
    const vips = [...new Set(frontends.flatMap((f) => f.vips))];
    return vips.flatMap((vip) => {
      const others = reader
        .by('service', 'vip', vip)
        .filter((s) => s.value.externalPolicy === 'cluster' && !ids.has(idOf(s.value)));
      return others.length === 0 ? [] : [ofAddress(reader, vip, others)];
    });
  },
};

const carriers: readonly {
  readonly ports: readonly number[];
  readonly word?: RegExp;
  readonly why: string;
}[] = [
  {
    ports: [3478, 3479, 5349],
    word: /turn|stun/i,
    why: 'STUN and TURN tell the client the address it is seen by, so a wrong one breaks its calls',
  },
  { ports: [6881], word: /torrent/i, why: 'BitTorrent announces peers by the address they connect from' },
  {
    ports: [51820, 1194],
    word: /wireguard|openvpn/i,
    why: 'a VPN logs and remembers the address its peer roams to',
  },
  {
    ports: [53],
    word: /dns|pihole|adguard|technitium/i,
    why: 'a DNS server picks its view and its limits by the client',
  },
  { ports: [25, 465, 587], word: /mail|smtp/i, why: 'a mail server judges senders by their address' },
];

/** Why the protocol of the Service cares who the client is; undefined: nothing known. */
function carries(service: Service): string | undefined {
  const name = `${service.namespace}/${service.name}`;
  return carriers.find((c) => c.word?.test(name) || service.ports.some((p) => c.ports.includes(p.port)))?.why;
}

function ofAddress(reader: Reader, vip: Ip, others: readonly Fact<'service'>[]): Finding {
  const announcement = announcerOf(reader, vip);
  const judged = others.map((s) => ({ s, why: carries(s.value) }));
  const worse = judged.filter((j) => j.why !== undefined);
  const names = others.map((s) => short(idOf(s.value)));
  return finding({
    code: 'others-masked',
    severity: worse.length > 0 ? 'warning' : 'notice',
    subject: `${count(others.length, 'other Service')} on ${vip}`,
    title: `${count(others.length, 'other Service')} on ${vip} ${others.length === 1 ? 'sees' : 'see'} a node instead of clients too${
      worse.length > 0
        ? `; ${list(
            worse.map((j) => short(idOf(j.s.value))),
            8,
          )} suffer from it`
        : ''
    }`,
    cause:
      'They have externalTrafficPolicy Cluster on the same announced address. Moving the ingress away does not change them.',
    claims: [
      ...(announcement ? [claim(`election: ${announcement.says}`, ...announcement.because.slice(-3))] : []),
      ...judged.map((j) =>
        claim(
          `${short(idOf(j.s.value))} (${list(
            j.s.value.ports.map((p) => `${p.port}/${p.protocol}`),
            4,
          )}): policy Cluster${j.why === undefined ? '' : `; ${j.why}`}`,
          at(j.s, 'spec.externalTrafficPolicy'),
        ),
      ),
    ],
    refutedBy: `a log of one of ${list(names, 3)} that shows public addresses of its direct clients`,
    affects: { services: others.map((s) => idOf(s.value)) },
    advice:
      worse.length > 0
        ? [
            `Later, give ${list(
              worse.map((j) => short(idOf(j.s.value))),
              8,
            )} addresses of their own with Local too; they are out of scope of moving the ingress.`,
          ]
        : [],
  });
}
