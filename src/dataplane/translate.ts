/*
 * Technitium's Split Horizon app, address translation (app README, 2026): a group is chosen by the longest matching
 * domain, else by the most specific client network (a disabled one too, which then translates nothing); its map
 * replaces external addresses in A and AAAA answers.
 */
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { type DnsName, isUnder } from '#net/name.ts';
import { contains, prefixBits } from '#net/prefix.ts';

export interface Translated {
  readonly ip: Ip;
  readonly by?: Fact<'translation'>;
  readonly gap?: Gap;
}

/** The address that the server's clients get instead of `ip`, or the same. */
export function translate(
  reader: Reader,
  servers: readonly string[],
  question: { readonly name: DnsName; readonly client?: Ip | undefined },
  ip: Ip,
): Translated {
  for (const server of servers) {
    const gap = reader.gap('translation', server);
    if (gap) return { ip, gap };
    const all = reader.by('translation', 'server', server);
    const group = byDomain(all, question.name) ?? byNetwork(all, question.client);
    const by = all.find((t) => t.value.group === group && t.value.isEnabled && t.value.from === ip);
    if (by) return { ip: by.value.to, by };
  }
  return { ip };
}

function byDomain(all: readonly Fact<'translation'>[], name: DnsName): string | undefined {
  let best: { group: string; length: number } | undefined;
  for (const t of all)
    for (const domain of t.value.domains ?? [])
      if (isUnder(name, domain) && domain.length > (best?.length ?? -1))
        best = { group: t.value.group, length: domain.length };
  return best?.group;
}

function byNetwork(all: readonly Fact<'translation'>[], client: Ip | undefined): string | undefined {
  if (client === undefined) return undefined;
  let best: { group: string; bits: number } | undefined;
  for (const t of all)
    for (const network of t.value.clients)
      if (contains(network, client) && prefixBits(network) > (best?.bits ?? -1))
        best = { group: t.value.group, bits: prefixBits(network) };
  return best?.group;
}
