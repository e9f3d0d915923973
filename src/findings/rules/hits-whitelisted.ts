/*
 * What CrowdSec makes of the node address that stands in for everybody: dropped by a whitelist of private ranges (so no
 * decision at all), or banned, and then everybody behind it.
 */

import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { claim, count, finding, list } from '../compose.ts';
import { isCovered } from '../coverage.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf, maskOf } from '../frontends.ts';
import { logShareOf } from '../log-share.ts';
import { maskKinds } from '../needs.ts';
import type { Rule } from '../rule.ts';

export const hitsWhitelisted: Rule = {
  code: 'hits-whitelisted',
  looksFor: 'what a ban engine makes of the address that stands in for many clients',
  cases: ['S33'],
  needs: [...maskKinds, 'banEngine', 'banAllowlist'],
  check: ({ reader }) => {
    const masks = frontendsOf(reader).flatMap((f) => f.vips.flatMap((vip) => maskOf(reader, f, vip) ?? []));
    const seen = [...new Set(masks.flatMap((m) => m.seenAs))];
    return reader.all('banEngine').flatMap((engine) => seen.map((ip) => ofAddress(reader, engine, ip)));
  },
};

function ofAddress(reader: Reader, engine: Fact<'banEngine'>, ip: Ip): Finding {
  const all = reader
    .all('banAllowlist')
    .filter((l) => l.value.system === engine.value.system && isCovered(prefix(ip), l.value.ranges));
  const parsed = all.filter((l) => l.value.layer !== 'lapi');
  const lists = parsed.length > 0 ? parsed : all;
  const share = logShareOf(reader, [ip]);
  const hits =
    share.total > 0
      ? [claim(`log: ${share.hits} of ${share.total} hits came from ${ip}${share.span}`, ...share.evidence)]
      : [];
  const isDropped = lists.length > 0;
  return finding({
    code: 'hits-whitelisted',
    severity: isDropped ? 'notice' : 'critical',
    subject: `${ip} in ${engine.value.system}`,
    title: isDropped
      ? `${engine.value.system} makes no decision about ${ip}: ${list(lists.map((l) => l.value.name))} ${parsed.length > 0 ? `${lists.length === 1 ? 'drops' : 'drop'} its hits` : 'refuses decisions about it'}`
      : `${engine.value.system} may ban ${ip}, which stands in for every direct client`,
    cause: isDropped
      ? 'The address is private, and a list of private ranges stops its lines before any scenario counts them, or the decision itself. So the engine does not decide against the node: for direct clients it decides nothing.'
      : 'No list holds the address. One misbehaving client is enough to ban it, and with it everybody who arrives by that node.',
    claims: [
      claim(`parser: reads ${engine.value.readsAddressFrom} of the log`, engine),
      ...lists.map((l) => claim(`${l.value.name} (${l.value.layer}) holds ${ip}`, l)),
      ...(isDropped
        ? []
        : [
            claim(
              `${count(reader.all('banAllowlist').length, 'list')}, and none holds ${ip}`,
              ...reader.all('banAllowlist').slice(0, 4),
            ),
          ]),
      ...hits,
    ],
    refutedBy: isDropped
      ? `cscli explain --log LINE --type traefik with a line of ${ip}: a line that is not whitelisted`
      : `cscli decisions list --ip ${ip} and cscli explain of a line from it that is dropped`,
    effectOf: 'client-masked',
    advice: isDropped
      ? ['Expect real decisions only once clients are seen as themselves.']
      : [`Put ${ip} on an allowlist until the ingress sees its clients.`],
  });
}
