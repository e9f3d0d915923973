/* Re-pointing a firewall: a new alias for the new address, and the forwards and rules for the Service's ports aimed at it. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { AddressMatch, Alias } from '#estate/firewall.ts';
import type { Ip } from '#net/ip.ts';
import type { Because } from './change.ts';
import { createdSetting, type DraftChange, makeChange, type Wanted } from './draft.ts';
import { type Move, type Repointed, serviceNow, slug } from './repoint.ts';

/** A new alias, then every forward and rule for ports of the Service that points at the old address, in one save. */
export function firewallRepointed(
  reader: Reader,
  fact: Fact<'portForward' | 'filterRule'>,
  move: Move,
  why: Because,
): Repointed | undefined {
  const { firewall } = fact.value;
  const old = aliasesOf(reader, firewall, move.from);
  const alias = aliasFor(reader, firewall, move);
  const forwards = reader
    .by('portForward', 'firewall', firewall)
    .filter((f) => old.has(f.value.target) && isServed(reader, f.value.match, move));
  const rules = reader
    .by('filterRule', 'firewall', firewall)
    .filter((r) => isAimedAt(r.value.match.destination, old) && isServed(reader, r.value.match, move));
  const wanted: Wanted[] = [
    ...forwards.map((f): Wanted => ({ fact: f, fields: { target: alias.value.name } })),
    ...rules.map(
      (r): Wanted => ({
        fact: r,
        fields: { match: { ...r.value.match, destination: aimed(r, alias.value) } },
      }),
    ),
  ];
  if (wanted.length === 0) return undefined;
  const moved = makeChange(reader, wanted, {
    id: `forwards-${slug(firewall)}`,
    title: `Point the forwards of ${firewall} for ${portsText(reader, move)} at alias ${alias.value.name}`,
    phase: 're-point',
    because: { ...why, evidence: [...why.evidence, ...forwards.slice(0, 3).map((f) => f.evidence)] },
  });
  return { changes: [...alias.changes, moved], isIndependent: false };
}

function isAimedAt(destination: AddressMatch, old: ReadonlySet<string>): boolean {
  if (destination.kind === 'alias') return old.has(destination.name) && !destination.not;
  return (
    destination.kind === 'address' && !destination.not && old.has(destination.prefix.replace(/\/\d+$/, ''))
  );
}

function aimed(rule: Fact<'filterRule'>, alias: Alias): AddressMatch {
  const { destination } = rule.value.match;
  const not = 'not' in destination ? destination.not : false;
  return { kind: 'alias', name: alias.name, not };
}

/** The address itself and every alias that holds nothing else. */
function aliasesOf(reader: Reader, firewall: string, ip: Ip): ReadonlySet<string> {
  const names = reader
    .by('alias', 'firewall', firewall)
    .filter((a) => a.value.entries.length === 1 && a.value.entries[0] === ip)
    .map((a) => a.value.name);
  return new Set([ip, ...names]);
}

function isServed(reader: Reader, match: Fact<'filterRule'>['value']['match'], move: Move): boolean {
  const { destinationPort, protocol } = match;
  if (destinationPort.kind !== 'range') return false;
  const { first, last } = destinationPort.range;
  return serviceNow(reader, move).ports.some(
    (p) =>
      first <= p.port && p.port <= last && (protocol === 'any' || protocol.split('/').includes(p.protocol)),
  );
}

function portsText(reader: Reader, move: Move): string {
  return serviceNow(reader, move)
    .ports.map((p) => `${p.port}/${p.protocol}`)
    .join(', ');
}

/** The alias that stands for the new address: one that is there, or a new one. */
function aliasFor(reader: Reader, firewall: string, move: Move) {
  const there = reader
    .by('alias', 'firewall', firewall)
    .find((a) => a.value.entries.length === 1 && a.value.entries[0] === move.to);
  if (there !== undefined) return { value: there.value, changes: [] };
  const { namespace, name } = move.service.value;
  const value: Alias = {
    firewall,
    name: freeAliasName(reader, firewall, `${slug(name).replaceAll('-', '_')}_lb`),
    type: 'host',
    entries: [move.to],
    descr: `LoadBalancer address of ${namespace}/${name}`,
  };
  const change: DraftChange = {
    id: `alias-${slug(value.name)}`,
    title: `Create alias ${value.name} for ${move.to} on ${firewall}`,
    phase: 'prepare',
    change: { kind: 'set', settings: [createdSetting('alias', value)] },
    through: { by: 'operator', system: `firewall/${firewall}` },
    because: {
      says: 'rules name aliases, never literal addresses',
      serves: 'aliases-not-literals',
      evidence: [],
    },
  };
  return { value, changes: [change] };
}

function freeAliasName(reader: Reader, firewall: string, wanted: string): string {
  for (let name = wanted, n = 2; ; name = `${wanted}${n++}`) {
    if (reader.get('alias', `${firewall}/${name}`) === undefined) return name;
  }
}
