/*
 * Places outside the one record and the one alias that state the ingress address: other zones and views, translation
 * maps, pods' host aliases, resolvers' own rules, files of nodes, monitors, boxes that pass traffic on, prose.
 */
import type { Reader } from '#estate/estate.ts';
import { type Reference, referencesTo } from '#estate/reference.ts';
import type { Ip } from '#net/ip.ts';
import { isUnder, parseName } from '#net/name.ts';
import { anchoredTo, anchorOf } from '../anchors.ts';
import { claim, count, finding, list, serviceText } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import { groupBy } from '../masked.ts';
import { nodeOfAddress } from '../node-addresses.ts';
import type { Rule } from '../rule.ts';

export const addressElsewhere: Rule = {
  code: 'address-elsewhere',
  looksFor: 'places beside the main record and the firewall that state the address of the ingress',
  cases: ['S05', 'S06', 'S09'],
  needs: [
    'service',
    'ingress',
    'recordSet',
    'translation',
    'nameRule',
    'mention',
    'workload',
    'pod',
    'configMap',
    'monitor',
    'firewall',
    'node',
  ],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) =>
      f.vips
        .filter((vip) => !nodeOfAddress(reader, f.service.value.cluster, vip))
        .flatMap((vip) => ofAddress(reader, f, vip)),
    ),
};

type Group =
  | 'second zone'
  | 'other name'
  | 'translation'
  | 'resolver'
  | 'hostAliases'
  | 'node file'
  | 'monitor'
  | 'cluster object'
  | 'second firewall'
  | 'other hop'
  | 'document';

const why: Readonly<Record<Group, string>> = {
  'second zone': 'The record that moves is another one; names that hang on this anchor keep the old answer.',
  'other name':
    'No routed name leads there, so it may well mean another Service on the address, which stays. Which port is meant no record says.',
  translation:
    'A map that rewrites answers by address knows nothing of names: it goes on giving out or looking for the old address.',
  resolver: 'A resolver that answers by its own rule never asks the zone.',
  hostAliases: 'A host alias is written into /etc/hosts of the pod and wins over DNS.',
  'node file':
    'A program on the node dials the address itself; running pods do not notice, the next pull or boot does.',
  monitor: 'It expects the old answer and goes red although users are fine, or it hides that they are not.',
  'cluster object': 'It dials the address itself.',
  'second firewall': 'Its rules are another box’s, and moving the alias on the first does not move them.',
  'other hop': 'It passes traffic on to the address and cannot be changed with the rest.',
  document: 'People and runbooks will follow it.',
};

function ofAddress(reader: Reader, frontend: Frontend, vip: Ip): readonly Finding[] {
  const anchor = anchorOf(reader, vip);
  const anchors = new Set<string>(anchoredTo(reader, vip).map((a) => a.anchor.key));
  const firewalls = mainFirewalls(reader);
  const references = referencesTo(reader, { kind: 'ip', ip: vip }, { leaving: [frontend.id] });
  const placed = references.flatMap((r) => {
    const group = groupOf(r, {
      anchorZone: anchor?.value.zone,
      anchorServer: anchor?.value.server,
      anchors,
      firewalls,
    });
    return group === undefined ? [] : [{ group, r }];
  });
  return [...groupBy(placed, (p) => p.group)].map(([, found]) =>
    findingOf(
      frontend,
      vip,
      found[0]?.group ?? 'document',
      found.map((f) => f.r),
    ),
  );
}

interface Main {
  readonly anchorZone: string | undefined;
  readonly anchorServer: string | undefined;
  /** Records that routed names lead to. */
  readonly anchors: ReadonlySet<string>;
  readonly firewalls: ReadonlySet<string>;
}

/** undefined: part of the move itself (the Service, the pool, the anchor and its zone, the firewall, a repository). */
function groupOf(r: Reference, main: Main): Group | undefined {
  switch (r.kind) {
    case 'recordSet':
      return main.anchors.has(r.fact)
        ? isAnchorZone(r, main)
          ? undefined
          : 'second zone'
        : isAnchorZone(r, main)
          ? undefined
          : 'other name';
    case 'translation':
      return 'translation';
    case 'nameRule':
    case 'resolver':
      return 'resolver';
    case 'pod':
    case 'workload':
      return r.field.includes('hostAliases') ? 'hostAliases' : 'cluster object';
    case 'configMap':
    case 'otherObject':
    case 'endpointSlice':
      return 'cluster object';
    case 'monitor':
      return 'monitor';
    case 'unmanagedHop':
      return 'other hop';
    case 'alias':
    case 'portForward':
    case 'filterRule':
      return main.firewalls.has(r.system ?? '') ? undefined : 'second firewall';
    case 'mention':
      return mentionGroup(r);
    default:
      return undefined;
  }
}

/** A file of a machine is read by a program, whatever its syntax is; its comments are prose. */
function mentionGroup(r: Reference): Group | undefined {
  if (r.evidence.file.startsWith('node/')) return /^\s*[#;]/.test(r.text) ? 'document' : 'node file';
  return r.class === 'prose' ? 'document' : r.class === 'consumer' ? 'node file' : undefined;
}

function isAnchorZone(r: Reference, main: Main): boolean {
  const [server, , zone] = r.fact.slice('recordSet:'.length).split('|');
  if (server !== main.anchorServer) return false;
  const name = parseName(zone ?? '');
  const anchor = parseName(main.anchorZone ?? '');
  return name !== undefined && anchor !== undefined && isUnder(name, anchor);
}

/** Firewalls where flows from the internet come in; all of them where that is not told and there is one. */
function mainFirewalls(reader: Reader): ReadonlySet<string> {
  const told = reader.all('publicAddress').flatMap((p) => p.value.firewall ?? []);
  const all = reader.all('firewall').map((f) => f.value.name);
  const main = told.length > 0 ? told : all.slice(0, 1);
  return new Set(main.map((f) => `firewall/${f.replace(/^firewall\//, '')}`));
}

function findingOf(frontend: Frontend, vip: Ip, group: Group, references: readonly Reference[]): Finding {
  const service = serviceText(frontend.service.value);
  const breaks = references.filter((r) => r.state !== 'unaffected' || group === 'node file');
  const isProse = group === 'document' || group === 'other name';
  const places = references.map((r) => `${r.fact.split(':')[0]} ${placeText(r)}`);
  return finding({
    code: 'address-elsewhere',
    severity: isProse || breaks.length === 0 ? 'notice' : 'warning',
    subject: `${vip} in ${group}`,
    title: `${count(references.length, 'place')} of kind "${group}" ${references.length === 1 ? 'states' : 'state'} ${vip}, the address of ${service}`,
    cause: why[group],
    claims: [...groupBy(references, placeOf).values()].map(placeClaim),
    refutedBy: `sightline who SNAPSHOT ${vip} without these places, or a newer copy of ${list([...new Set(references.map((r) => r.evidence.file))], 3)}`,
    affects: { services: [frontend.id], names: namesIn(references) },
    advice: [
      group === 'other name'
        ? `Check that ${list(namesIn(references))} mean the Services that stay.`
        : isProse
          ? `Update ${list([...new Set(references.map((r) => r.evidence.file))])} with the move.`
          : `Re-point ${list(places, 4)} before ${vip} is left${group === 'hostAliases' || group === 'node file' ? ', to a name instead of an address where it can be' : ''}.`,
    ],
  });
}

/** Mentions in one file are one place; facts are places of their own. */
function placeOf(r: Reference): string {
  return r.kind === 'mention' ? r.evidence.file : `${r.fact} ${r.field}`;
}

function placeClaim(group: readonly Reference[]): Claim {
  const [first] = group;
  if (first === undefined) throw new RangeError('a place has at least one reference');
  const more = group.length > 1 ? `, and ${count(group.length - 1, 'more line')}` : '';
  const why = first.state === 'unaffected' ? '' : `: ${first.because}`;
  return claim(
    `${placeText(first)} says ${JSON.stringify(first.text)}${more}${why}`,
    ...group.map((r) => r.evidence),
  );
}

function placeText(r: Reference): string {
  const id = r.fact.slice(r.fact.indexOf(':') + 1);
  return r.kind === 'mention'
    ? `${r.evidence.file}${r.evidence.line === undefined ? '' : `:${r.evidence.line}`}`
    : `${id} ${r.field}`;
}

function namesIn(references: readonly Reference[]): readonly string[] {
  return references.flatMap((r) => (r.kind === 'recordSet' ? [r.fact.split('|')[3] ?? ''] : []));
}
