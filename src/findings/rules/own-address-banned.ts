/* A decision against an address of one's own: the public address, a node, or people who must never be banned. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { type IpRange, parseRange, prefix, rangesOverlap } from '#net/prefix.ts';
import { claim, finding } from '../compose.ts';
import { rangeOf, rangeText } from '../coverage.ts';
import type { Finding } from '../finding.ts';
import type { Rule } from '../rule.ts';

export const ownAddressBanned: Rule = {
  code: 'own-address-banned',
  looksFor: 'decisions against addresses of the estate itself or of protected people',
  cases: ['S16'],
  needs: ['banDecision', 'publicAddress', 'protectedPeople', 'node'],
  check: ({ reader }) => {
    const own = ownRanges(reader);
    return reader.all('banDecision').flatMap((decision) => {
      const range = parseRange(decision.value.value);
      const hit = range && own.find((o) => rangesOverlap(o.range, range));
      return hit ? [banned(decision, hit)] : [];
    });
  },
};

interface Own {
  readonly range: IpRange;
  readonly who: string;
  readonly fact: Fact;
}

function ownRanges(reader: Reader): readonly Own[] {
  return [
    ...reader
      .all('publicAddress')
      .map((p) => ({ range: rangeOf(prefix(p.value.ip)), who: `the public address ${p.value.ip}`, fact: p })),
    ...reader.all('node').flatMap((n) =>
      n.value.internalIps.map((ip) => ({
        range: rangeOf(prefix(ip)),
        who: `node ${n.value.name}`,
        fact: n,
      })),
    ),
    ...reader
      .all('protectedPeople')
      .flatMap((p) =>
        p.value.ranges.map((r) => ({ range: rangeOf(r), who: `${p.value.name} (${rangeText(r)})`, fact: p })),
      ),
  ];
}

function banned(decision: Fact<'banDecision'>, own: Own): Finding {
  const { value, type, origin, system, until } = decision.value;
  return finding({
    code: 'own-address-banned',
    severity: 'critical',
    subject: `${value} in ${system}`,
    title: `${system} has a ${type} decision against ${value}, which is ${own.who}`,
    cause: `The decision came from ${origin}${until === undefined ? '' : ` and lasts until ${until}`}; everybody who shows that address is refused wherever a bouncer acts on it.`,
    claims: [
      claim(`decision ${decision.value.id}: ${type} of ${value}`, decision),
      claim(`${own.who} is one's own`, own.fact),
    ],
    refutedBy: `cscli decisions list --ip ${value} showing none`,
    advice: [
      `cscli decisions delete --id ${decision.value.id}`,
      `Put ${value} on an allowlist of the local API.`,
    ],
  });
}
