/*
 * What an owner would write again: which repository (or CronJob) owns a fact, and where it states a field of it. The
 * prover's "owner's next apply" and the planner's repository edits both read it here.
 */
import { parseIp } from '#net/ip.ts';
import { type IpRange, parsePrefix, parseRange, prefixToRange } from '#net/prefix.ts';
import type { Reader } from './estate.ts';
import type { Fact, FactKey } from './fact.ts';
import type { Kind } from './kinds.ts';
import type { Repository } from './settings.ts';

/** One place where an owner states a value. `fact` is the statedSetting, or the workload of a CronJob. */
export interface Statement {
  readonly fact: FactKey;
  readonly text: string;
}

/** Repositories that own the fact: by sightline.yaml's list, by the fact's own owner, or by its release's repository. */
export function repositoriesOf(reader: Reader, fact: Fact): readonly Repository[] {
  return reader
    .all('repository')
    .map((f) => f.value)
    .filter((r) => r.owns.some((o) => isNamedBy(o, fact)) || isOwner(reader, r, fact));
}

/** Statements of the field in the repository; empty where it states nothing about it. */
export function statementsOf(
  reader: Reader,
  repository: Repository,
  fact: Fact,
  field: string,
): readonly Statement[] {
  const stated = reader
    .all('statedSetting')
    .filter((f) => f.value.repository === repository.id || f.value.repository === `source/${repository.id}`)
    .filter((f) => isAbout(reader, f.value, fact, field))
    .map((f) => ({ fact: f.key, text: f.value.value }));
  return [...stated, ...jobStatements(reader, repository)];
}

/** Whether Sightline read what the owner would write; otherwise its next apply must be taken for a revert. */
export function isContentKnown(reader: Reader, repository: Repository, fact: Fact): boolean {
  const name = nameOf(fact);
  const isStated = reader
    .all('statedSetting')
    .some((f) => f.value.repository.endsWith(repository.id) && mentions(f.value, name, fact));
  return isStated || jobStatements(reader, repository).length > 0;
}

function isOwner(reader: Reader, repository: Repository, fact: Fact): boolean {
  const { owner } = fact;
  if (owner === undefined) return false;
  if (owner.name === repository.id || owner.name === `source/${repository.id}`) return true;
  if (owner.kind !== 'helm' && owner.kind !== 'flux') return false;
  const namespace = (fact.value as { readonly namespace?: string }).namespace;
  if (statesRelease(reader, repository, owner.name, namespace)) return true;
  if (owner.kind === 'flux') return false;
  return reader
    .all('helmRelease')
    .some(
      (r) =>
        r.value.namespace === namespace &&
        owner.name.endsWith(r.value.name) &&
        r.value.repository === repository.id,
    );
}

/** A HelmRelease of Flux: all that its chart makes is the repository's. */
function statesRelease(
  reader: Reader,
  repository: Repository,
  release: string,
  namespace: string | undefined,
): boolean {
  const name = release.includes('/') ? release : `${namespace ?? ''}/${release}`;
  return reader
    .by('statedSetting', 'resource', `HelmRelease ${name}`)
    .some((f) => f.value.repository === repository.id || f.value.repository === `source/${repository.id}`);
}

const kindWords: Partial<Record<Kind, readonly string[]>> = {
  service: ['service'],
  workload: ['deployment', 'daemonset', 'statefulset', 'cronjob'],
  middleware: ['middleware'],
  pool: ['pool'],
  tunnelRule: ['tunnel'],
  ingress: ['deployment', 'ingress', 'daemonset'],
  helmRelease: ['helm', 'release'],
  alias: ['alias'],
};

/** `service/ns/name`, `pool/name`, `dns/server/zone[/name/TYPE]`, `tunnel/name`, or a fact key. */
function isNamedBy(entry: string, fact: Fact): boolean {
  if (entry === fact.key) return true;
  const [word = '', ...rest] = entry.split('/');
  if (word === 'dns') return isRecordNamed(rest, fact);
  if (!(kindWords[fact.kind] ?? []).includes(word)) return false;
  const value = fact.value as {
    readonly namespace?: string;
    readonly name?: string;
    readonly tunnel?: string;
  };
  const last = rest.at(-1);
  if (fact.kind === 'tunnelRule') return value.tunnel === last || value.tunnel === entry;
  const namespace = rest.length > 1 ? rest.at(-2) : undefined;
  return value.name === last && (namespace === undefined || value.namespace === namespace);
}

function isRecordNamed(parts: readonly string[], fact: Fact): boolean {
  if (fact.kind !== 'recordSet') return false;
  const { server, zone, name, type } = (fact as Fact<'recordSet'>).value;
  const [folder, inZone, ofName, ofType] = parts;
  if (server !== folder && server !== `dns/${folder}`) return false;
  if (inZone !== undefined && inZone !== zone) return false;
  return (ofName === undefined || ofName === name) && (ofType === undefined || ofType === type);
}

const tails: Partial<Record<Kind, Readonly<Record<string, RegExp>>>> = {
  service: {
    requestedIps: /loadBalancerIPs/i,
    loadBalancerIp: /load_?balancer_?ip"?\]?$/i,
    sharingKey: /allow-shared-ip/i,
    externalPolicy: /external_?traffic_?policy/i,
    type: /(^|\.)type$/i,
  },
  recordSet: { values: /./, ttlSeconds: /ttl/i },
  tunnelRule: { service: /service/i },
  workload: { hostAliases: /host_?aliases/i },
  middleware: { rule: /source_?range|rule/i },
  translation: { to: /./ },
  ingress: { publishedService: /published_?service/i },
  pool: { ranges: /(^|\.)addresses$/i },
};

interface Stated {
  readonly resource: string;
  readonly path: string;
  readonly file: string;
  readonly value: string;
}

function isAbout(reader: Reader, stated: Stated, fact: Fact, field: string): boolean {
  const tail = tails[fact.kind]?.[field];
  if (tail === undefined || !tail.test(stated.path)) return false;
  if (fact.kind === 'recordSet' && field === 'values') {
    return (
      (fact as Fact<'recordSet'>).value.values.includes(stated.value) && mentions(stated, nameOf(fact), fact)
    );
  }
  if (fact.kind === 'pool' && isOfObject(reader, stated, nameOf(fact))) return true;
  return mentions(stated, nameOf(fact), fact);
}

/** The object that the place belongs to has the name, stated beside it. */
function isOfObject(reader: Reader, { resource, file }: Stated, name: string): boolean {
  return reader
    .by('statedSetting', 'resource', resource)
    .some((f) => f.value.file === file && /metadata\.name$/.test(f.value.path) && f.value.value === name);
}

/** Ranges as a repository writes them: `10.0.0.1-10.0.0.9, 10.0.1.0/24`. */
export function rangesText(ranges: readonly IpRange[]): string {
  return ranges.map((r) => (r.first === r.last ? `${r.first}/32` : `${r.first}-${r.last}`)).join(', ');
}

/** true: the text gives these ranges, in whatever way it writes them. */
export function statesRanges(text: string, ranges: readonly IpRange[]): boolean {
  const stated = text.split(',').flatMap((part) => rangeOf(part.trim()) ?? []);
  return stated.length === ranges.length && stated.every((r, i) => isSameRange(r, ranges[i]));
}

function rangeOf(text: string): IpRange | undefined {
  const prefix = parsePrefix(text);
  const ip = parseIp(text);
  if (prefix !== undefined) return prefixToRange(prefix);
  return ip === undefined ? parseRange(text) : { first: ip, last: ip };
}

function isSameRange(a: IpRange, b: IpRange | undefined): boolean {
  return a.first === b?.first && a.last === b.last;
}

function mentions(stated: Stated, name: string, fact: Fact): boolean {
  if (fact.kind === 'recordSet') return /dns|record|zone/i.test(`${stated.resource} ${stated.path}`);
  if (fact.kind === 'tunnelRule') return /tunnel/i.test(`${stated.resource} ${stated.path}`);
  const words = `${stated.resource} ${stated.path}`.toLowerCase().split(/[^a-z0-9]+/);
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .every((w) => words.includes(w));
}

function nameOf(fact: Fact): string {
  return (fact.value as { readonly name?: string }).name ?? '';
}

/** A CronJob that writes settings again states them in its arguments. */
function jobStatements(reader: Reader, repository: Repository): readonly Statement[] {
  return reader
    .all('workload')
    .filter((f) => f.value.type === 'CronJob' && f.value.name === repository.id)
    .map((f) => ({ fact: f.key, text: f.value.containers.flatMap((c) => c.args).join(' ') }));
}
