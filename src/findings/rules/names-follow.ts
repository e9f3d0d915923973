/* Whether one record moves every name inside: all routed names that lead to the address must hang on one anchor. */
import type { Reader } from '#estate/estate.ts';
import type { Ip } from '#net/ip.ts';
import { anchoredTo } from '../anchors.ts';
import { claim, count, finding, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const namesFollow: Rule = {
  code: 'names-follow',
  looksFor: 'whether one record moves every name that leads to the ingress',
  cases: ['S05'],
  needs: ['recordSet', 'zone', 'route', 'service', 'ingress'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) => f.vips.flatMap((vip) => ofAddress(reader, f, vip) ?? [])),
};

function ofAddress(reader: Reader, frontend: Frontend, vip: Ip): Finding | undefined {
  const anchored = anchoredTo(reader, vip);
  if (anchored.length === 0) return undefined;
  const isOne = anchored.length === 1;
  const anchors = anchored.map(
    (a) =>
      `${a.anchor.value.name} ${a.anchor.value.type} on ${a.anchor.value.server}${a.anchor.value.view === undefined ? '' : ` (view ${a.anchor.value.view})`}`,
  );
  const others = reader
    .by('recordSet', 'value', vip)
    .filter((r) => !anchored.some((a) => a.anchor.key === r.key));
  return finding({
    code: 'names-follow',
    severity: isOne ? 'ok' : 'warning',
    subject: `names that lead to ${vip}`,
    title: isOne
      ? `One record, ${anchors[0] ?? ''}, moves all ${anchored[0]?.names.length ?? 0} names that lead to ${serviceText(frontend.service.value)}`
      : `${count(anchored.length, 'record')} hold ${vip} for names of ${serviceText(frontend.service.value)}: moving one leaves the others behind`,
    cause: isOne
      ? 'Every routed name that this server answers with the address is an alias of that one record.'
      : `Names hang on ${list(anchors)}; each keeps the old address until it is changed itself.`,
    claims: [
      ...anchored.map((a, i) =>
        claim(`${anchors[i]}: ${count(a.names.length, 'name')}, such as ${list(a.names, 3)}`, a.anchor),
      ),
      ...(others.length > 0
        ? [
            claim(
              `${list(others.map((r) => r.value.name))} hold the address too, for other Services, and stay`,
              ...others,
            ),
          ]
        : []),
    ],
    refutedBy: `dig +short NAME @SERVER for a routed name, with an answer that does not come from ${isOne ? 'that record' : 'one of these records'}`,
    affects: { services: [frontend.id], names: anchored.flatMap((a) => a.names) },
    advice: isOne ? [] : anchors.map((a) => `Change ${a}.`),
  });
}
