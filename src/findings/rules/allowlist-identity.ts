/* Allowlist entries that name a person: a ban by address acts before anybody has an identity. */
import type { Reader } from '#estate/estate.ts';
import { claim, count, finding } from '../compose.ts';
import type { Finding } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** Entries that are no address cannot stop a ban by address. */
export const allowlistIdentity: Rule = {
  code: 'allowlist-identity',
  looksFor: 'allowlist entries that name a person instead of an address',
  cases: [],
  needs: ['banAllowlist', 'protectedPeople'],
  check: ({ reader }) => {
    const lists = reader.all('banAllowlist');
    if (lists.length === 0) return [];
    const identities = new Set(reader.all('protectedPeople').flatMap((p) => p.value.identities));
    for (const l of lists)
      for (const o of l.value.other)
        for (const mail of o.match(/[\w.+-]+@[\w-]+\.[\w.-]+/g) ?? []) identities.add(mail);
    return [...identities].map((identity) => identityFinding(reader, identity));
  },
};

function identityFinding(reader: Reader, identity: string): Finding {
  const lists = reader.all('banAllowlist').filter((l) => l.value.other.some((o) => o.includes(identity)));
  const people = reader.all('protectedPeople').filter((p) => p.value.identities.includes(identity));
  return finding({
    code: 'allowlist-identity',
    severity: 'notice',
    subject: identity,
    title: `${identity} on an allowlist protects nobody from a ban by address`,
    cause:
      'A ban by address acts on the first packet or request, before anybody has logged in; there is no identity yet that a list could look at.',
    claims: [
      ...lists.map((l) =>
        claim(
          `${l.value.name} (${l.value.layer}) holds it as ${JSON.stringify(l.value.other.find((o) => o.includes(identity)))}, which is no address`,
          l,
        ),
      ),
      ...people.map((p) => claim(`${p.value.name} is named by it`, p)),
      ...(lists.length === 0
        ? [
            claim(
              `no list can hold it: ${count(reader.all('banAllowlist').length, 'list')} of addresses`,
              ...reader.all('banAllowlist'),
            ),
          ]
        : []),
    ],
    refutedBy:
      'a test ban of an address from which that person is logged in: cscli decisions add --ip ADDRESS -d 1m still refuses the requests',
    advice: [
      'Protect the addresses the person comes from (ranges, or the VPN), and keep a way in that no ban touches.',
    ],
  });
}
