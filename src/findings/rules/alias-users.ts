/* Every firewall rule that leads to the ingress address: rules that share its alias move with it, literal ones do not. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { claim, count, finding, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

export const aliasUsers: Rule = {
  code: 'alias-users',
  looksFor: 'firewall rules beside 443 that use the same alias, and rules that name the address itself',
  cases: [],
  needs: ['alias', 'portForward', 'filterRule', 'service', 'ingress'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) => f.vips.flatMap((vip) => ofAddress(reader, f, vip))),
};

function ofAddress(reader: Reader, frontend: Frontend, vip: Ip): readonly Finding[] {
  const literal = reader
    .all('portForward')
    .filter((p) => p.value.isEnabled && parseIp(p.value.target) === vip);
  const aliases = reader.all('alias').filter((a) => a.value.entries.includes(vip));
  return [
    ...aliases.flatMap((a) => ofAlias(reader, frontend, a, vip) ?? []),
    ...(literal.length > 0 ? [literalFinding(frontend, vip, literal)] : []),
  ];
}

function ofAlias(reader: Reader, frontend: Frontend, alias: Fact<'alias'>, vip: Ip): Finding | undefined {
  const { firewall, name } = alias.value;
  const forwards = reader
    .by('portForward', 'firewall', firewall)
    .filter((p) => p.value.isEnabled && p.value.target === name);
  const filters = reader
    .by('filterRule', 'firewall', firewall)
    .filter(
      (r) =>
        r.value.isEnabled &&
        r.value.match.destination.kind === 'alias' &&
        r.value.match.destination.name === name,
    );
  const own = forwards.filter((p) => leadsToIngress(frontend, p));
  const isHttps = own.some((p) => portOf(p) === 443);
  const rest = forwards.filter((p) => !(portOf(p) === 443));
  if (!isHttps || rest.length + filters.length === 0) return undefined;
  return finding({
    code: 'alias-users',
    severity: 'notice',
    subject: `alias ${name} on ${firewall}`,
    title: `Alias ${name} (${vip}) carries ${list(forwards.map(forwardText), 8)}${filters.length > 0 ? ` and ${count(filters.length, 'filter rule')}` : ''}: not only 443`,
    cause: `Changing the target of 443 alone leaves ${list(rest.map(forwardText), 8) || 'the filter rules'} on the old address; changing the alias moves every rule that names it.`,
    claims: [
      claim(`alias ${name} is ${alias.value.entries.join(', ')}`, alias),
      ...forwards.map((p) =>
        claim(
          `forward ${forwardText(p)} on ${p.value.interface} goes to ${name}${leadsToIngress(frontend, p) ? ', which the ingress serves' : ', which the ingress does not serve'}`,
          p,
        ),
      ),
      ...(filters.length > 0
        ? [claim(`${count(filters.length, 'filter rule')} let traffic to ${name} pass`, ...filters)]
        : []),
    ],
    refutedBy: `the firewall's alias page: ${name} with fewer references than these`,
    affects: { services: [frontend.id] },
    advice: [
      `Decide for each rule: ${list(own.map(forwardText), 8)} belong to the ingress and move together (80 carries the redirect to HTTPS)${rest.some((p) => !leadsToIngress(frontend, p)) ? `; ${list(rest.filter((p) => !leadsToIngress(frontend, p)).map(forwardText))} belong to others and must not` : ''}.`,
      'A new alias for the new address keeps the others as they are.',
    ],
  });
}

function literalFinding(frontend: Frontend, vip: Ip, forwards: readonly Fact<'portForward'>[]): Finding {
  return finding({
    code: 'alias-users',
    severity: 'warning',
    subject: `${vip} in forwards of ${forwards[0]?.value.firewall ?? ''}`,
    title: `${count(forwards.length, 'port forward')} to ${serviceText(frontend.service.value)} ${forwards.length === 1 ? 'names' : 'name'} ${vip} itself instead of an alias`,
    cause: 'A literal address must be changed in every rule, by hand, at the moment of the move.',
    claims: forwards.map((p) => claim(`forward ${forwardText(p)} goes to ${p.value.target}`, p)),
    refutedBy: 'a newer export of the firewall whose forwards name aliases',
    affects: { services: [frontend.id] },
    advice: ['Make an alias for the address and let the forwards name it, before the move.'],
  });
}

function leadsToIngress(frontend: Frontend, forward: Fact<'portForward'>): boolean {
  const port = targetPort(forward);
  const protocols =
    forward.value.match.protocol === 'tcp/udp' ? ['tcp', 'udp'] : [forward.value.match.protocol];
  return frontend.service.value.ports.some((p) => p.port === port && protocols.includes(p.protocol));
}

function targetPort(forward: Fact<'portForward'>): number | undefined {
  return typeof forward.value.localPort === 'number' ? forward.value.localPort : portOf(forward);
}

function portOf(forward: Fact<'portForward'>): number | undefined {
  const { destinationPort } = forward.value.match;
  return destinationPort.kind === 'range' ? destinationPort.range.first : undefined;
}

function forwardText(forward: Fact<'portForward'>): string {
  const { destinationPort, protocol } = forward.value.match;
  const ports =
    destinationPort.kind === 'range'
      ? destinationPort.range.first === destinationPort.range.last
        ? `${destinationPort.range.first}`
        : `${destinationPort.range.first}-${destinationPort.range.last}`
      : destinationPort.kind === 'alias'
        ? destinationPort.name
        : 'any';
  return `${ports}/${protocol}`;
}
