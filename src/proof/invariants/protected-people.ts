/* Nobody on the protected list becomes bannable: no consumer that bans would act on an address of theirs. */
import type { Identity } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { ProtectedPeople } from '#estate/settings.ts';
import type { Ip } from '#net/ip.ts';
import { contains, type IpRange, type Prefix, rangeHas } from '#net/prefix.ts';
import { broken, type FlowInvariant, holds } from '../invariant.ts';
import { identitiesOf } from '../judge.ts';

export const protectedPeople: FlowInvariant = {
  code: 'protected-people-not-bannable',
  isWindowed: false,
  appliesTo: (role) => role.kind === 'name',
  check: ({ before, after }) => {
    if (before.walk === after.walk) return holds;
    const banned = identitiesOf(after.walk).filter(bans);
    if (banned.length === 0) return holds;
    const already = new Set(
      identitiesOf(before.walk)
        .filter(bans)
        .map((i) => i.client),
    );
    for (const identity of banned) {
      const who = personAt(after.reader, identity.client);
      if (who !== undefined && !already.has(identity.client)) {
        return broken(`${who.name} (${identity.client}) becomes bannable: ${identity.says}`);
      }
    }
    return holds;
  },
};

function bans(identity: Identity): boolean {
  return identity.verdict === 'bans';
}

function personAt(reader: Reader, client: Ip | undefined): ProtectedPeople | undefined {
  if (client === undefined) return undefined;
  return reader.all('protectedPeople').find((f) => f.value.ranges.some((r) => has(r, client)))?.value;
}

function has(range: Prefix | IpRange, client: Ip): boolean {
  return typeof range === 'string' ? contains(range, client) : rangeHas(range, client);
}
