/* Whether the address that a move would take is free: pool, allocator, DHCP, and every place that names it. ARP no file shows. */
import { allocate } from '#dataplane/allocate.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { type Reference, referencesTo } from '#estate/reference.ts';
import { type Ip, ipToNumber } from '#net/ip.ts';
import { rangeHas } from '#net/prefix.ts';
import { claim, finding, list, serviceText } from '../compose.ts';
import { rangeText } from '../dhcp-text.ts';
import type { Claim, Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import { allotmentOfMove } from '../move.ts';
import { nodeOfAddress } from '../node-addresses.ts';
import type { Rule } from '../rule.ts';

export const addressFree: Rule = {
  code: 'address-free',
  looksFor: 'whether the address that the ingress would move to is free',
  cases: ['S51'],
  needs: [
    'service',
    'ingress',
    'pool',
    'announcing',
    'dhcpRange',
    'recordSet',
    'node',
    'firewallInterface',
    'virtualIp',
  ],
  check: ({ reader }) =>
    frontendsOf(reader)
      .filter((f) => f.service.value.externalPolicy === 'cluster' && isShared(reader, f))
      .flatMap((f) => judge(reader, f)),
};

/** Alone on its address it has one of its own already, and needs no other; a node's own is not left for another. */
function isShared(reader: Reader, frontend: Frontend): boolean {
  const { cluster } = frontend.service.value;
  return frontend.vips.some(
    (vip) => reader.by('service', 'vip', vip).length > 1 && !nodeOfAddress(reader, cluster, vip),
  );
}

function judge(reader: Reader, frontend: Frontend): readonly Finding[] {
  const allotment = allotmentOfMove(reader, frontend);
  const ips = allotment.oneOf === undefined ? allotment.ips : (allotment.oneOf[0] ?? []);
  const service = serviceText(frontend.service.value);
  const [ip] = ips;
  if (ip === undefined) {
    return [
      finding({
        ...base(service, 'no address'),
        severity: allotment.kind === 'unknown' ? 'notice' : 'warning',
        certainty: allotment.kind === 'unknown' ? 'unknown' : 'established',
        title:
          allotment.kind === 'unknown'
            ? `Whether an address is free for ${service} to move to is not known`
            : `No address is free for ${service} to move to`,
        cause: allotment.says,
        claims: [claim(`allocator: ${allotment.says}`, ...allotment.because)],
        gaps: allotment.gap ? [allotment.gap] : [],
        advice: ['Widen the pool, or free an address in it.'],
      }),
    ];
  }
  return [
    freeOrTaken(
      reader,
      frontend,
      ip,
      claim(`allocator: asked for any address of its own, ${allotment.says}`, ...allotment.because),
    ),
  ];
}

function freeOrTaken(reader: Reader, frontend: Frontend, ip: Ip, allocator: Claim): Finding {
  const service = serviceText(frontend.service.value);
  const dhcp = reader
    .all('dhcpRange')
    .filter((d) => rangeHas(d.value.range, ip) || d.value.staticIps.includes(ip));
  const seen = referencesTo(reader, { kind: 'ip', ip }).filter((r) => !statesRange(r));
  const taken = seen.filter((r) => r.class !== 'prose');
  const isTaken = dhcp.length > 0 || taken.length > 0;
  return finding({
    ...base(service, ip),
    severity: isTaken ? 'warning' : 'notice',
    certainty: isTaken ? 'established' : 'unknown',
    title: isTaken
      ? `${ip}, the next address of the pool, is not free`
      : `${ip} is free as far as files show; who answers ARP for it no file shows`,
    cause: isTaken
      ? `${[...dhcp.map(() => 'a DHCP range holds it'), ...taken.map((r) => `${r.kind} states it (${r.text})`)].join('; ')}.`
      : 'The allocator would give it out, no DHCP range holds it and nothing in the snapshot names it. A device with a fixed address would still collide, and only the wire tells.',
    claims: [allocator, explicitClaim(reader, frontend, ip), dhcpClaim(reader, dhcp), seenClaim(seen, ip)],
    advice: isTaken
      ? [`Take another address, or free ${ip} first.`]
      : [`Run the test below before the move: arping -D -c 3 -I IFACE ${ip} from two nodes.`],
  });
}

function base(service: string, ip: string) {
  return {
    code: 'address-free',
    subject: `${ip} for ${service}`,
    refutedBy: `arping -D -c 3 -I IFACE ${ip} on a node of that network: any answer means that somebody has it`,
  };
}

/** A pool that holds it is what makes it available, not a use of it. */
function statesRange(r: Reference): boolean {
  return r.because === 'it states a range, not this address alone';
}

function explicitClaim(reader: Reader, frontend: Frontend, ip: Ip): Claim {
  const { sharingKey: _key, ...rest } = frontend.service.value;
  const wanted = { ...rest, externalPolicy: 'local' as const, requestedIps: ip, vips: [] };
  const allotment = allocate(reader, wanted);
  return claim(`allocator: asked for ${ip} by name, ${allotment.says}`, ...allotment.because);
}

function dhcpClaim(reader: Reader, dhcp: readonly Fact<'dhcpRange'>[]): Claim {
  if (dhcp.length > 0) return claim(`DHCP gives it out: ${list(dhcp.map(rangeText))}`, ...dhcp);
  const all = reader.all('dhcpRange');
  const near = [...all].sort((a, b) =>
    Number(ipToNumber(a.value.range.first) - ipToNumber(b.value.range.first)),
  );
  return claim(
    all.length === 0
      ? 'no DHCP range is in the snapshot'
      : `no DHCP range holds it (${list(near.map(rangeText))})`,
    ...near,
  );
}

function seenClaim(seen: readonly Reference[], ip: Ip): Claim {
  if (seen.length === 0) return claim(`nothing in the snapshot names ${ip}`);
  return claim(
    `${ip} is named by ${list(seen.map((r) => `${r.kind} ${r.field}`))}`,
    ...seen.map((r) => r.evidence),
  );
}
