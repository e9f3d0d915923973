/* Re-pointing one reference from the old address to the new one, or to the Service itself where it lives in its cluster. */
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Reference } from '#estate/reference.ts';
import { addressesIn, dialled } from '#estate/reference-places.ts';
import type { Ip } from '#net/ip.ts';
import type { Because } from './change.ts';
import { answerText, type DraftChange, makeChange, type Phase, type Wanted } from './draft.ts';
import { firewallRepointed } from './repoint-firewall.ts';

/** The move that a reference follows. */
export interface Move {
  readonly service: Fact<'service'>;
  readonly from: Ip;
  readonly to: Ip;
}

export interface Repointed {
  readonly changes: readonly DraftChange[];
  /** true: works already before the new address answers. */
  readonly isIndependent: boolean;
}

/** Changes that re-point the reference; undefined where nobody can write it. */
export function repoint(
  reader: Reader,
  reference: Reference,
  move: Move,
  why: Because,
): Repointed | undefined {
  const kind = reference.kind;
  const fact = reader.get(kind, reference.fact.slice(kind.length + 1));
  if (fact === undefined) return undefined;
  switch (fact.kind) {
    case 'recordSet':
      return one(
        reader,
        recordWanted(fact as Fact<'recordSet'>, move),
        named(reader, fact, 're-point', 'record', why),
      );
    case 'translation':
      return one(
        reader,
        [{ fact: fact as Fact<'translation'>, fields: { to: move.to } }],
        named(reader, fact, 're-point', 'translation', why),
      );
    case 'nameRule':
      return one(
        reader,
        nameRuleWanted(fact as Fact<'nameRule'>, move),
        named(reader, fact, 're-point', 'name-rule', why),
      );
    case 'tunnelRule':
      return tunnelRepointed(reader, fact as Fact<'tunnelRule'>, move, why);
    case 'portForward':
    case 'filterRule':
      return firewallRepointed(reader, fact as Fact<'portForward' | 'filterRule'>, move, why);
    case 'workload':
      return one(
        reader,
        workloadWanted(fact as Fact<'workload'>, move),
        named(reader, fact, 're-point', 'workload', why),
      );
    case 'unmanagedHop':
      return one(
        reader,
        hopWanted(reader, fact as Fact<'unmanagedHop'>, move),
        named(reader, fact, 're-point', 'bridge', why),
      );
    case 'monitor':
      return one(
        reader,
        [{ fact: fact as Fact<'monitor'>, fields: { expectsIp: move.to } }],
        named(reader, fact, 'finish', 'monitor', why),
      );
    case 'mention':
      return mentionRepointed(reader, fact as Fact<'mention'>, move, why);
    default:
      return undefined;
  }
}

function one(
  reader: Reader,
  wanted: readonly Wanted[] | undefined,
  described: Parameters<typeof makeChange>[2],
): Repointed | undefined {
  if (wanted === undefined || wanted.length === 0) return undefined;
  return { changes: [makeChange(reader, wanted, described)], isIndependent: false };
}

function named(reader: Reader, fact: Fact, phase: Phase, word: string, why: Because) {
  const id = fact.key.slice(fact.kind.length + 1);
  const evidence: readonly Evidence[] = [...why.evidence, fact.evidence];
  const says =
    word === 'monitor' ? `Expect the new address in monitor ${id}` : `Re-point ${titleOf(reader, fact)}`;
  return { id: `${word}-${slug(id)}`, title: says, phase, because: { ...why, evidence } };
}

function titleOf(reader: Reader, fact: Fact): string {
  if (fact.kind === 'recordSet') {
    const r = (fact as Fact<'recordSet'>).value;
    return `${r.name} ${r.type} in ${r.server}`;
  }
  if (fact.kind === 'nameRule') return answerText(reader, fact.key);
  if (fact.kind === 'translation') return `the translation of ${answerText(reader, fact.key)}`;
  if (fact.kind === 'workload') {
    const { type, namespace, name } = (fact as Fact<'workload'>).value;
    return `${type} ${namespace}/${name}`;
  }
  const name = fact.kind === 'unmanagedHop' ? 'the bridge' : fact.kind;
  return `${name} ${fact.key.slice(fact.kind.length + 1)}`;
}

export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

function swapped(text: string, move: Move): string {
  return addressesIn(text).includes(move.from) ? text.replaceAll(move.from, move.to) : text;
}

function recordWanted(fact: Fact<'recordSet'>, move: Move): readonly Wanted[] | undefined {
  const values = fact.value.values.map((v) => (v === move.from ? move.to : v));
  return values.join() === fact.value.values.join() ? undefined : [{ fact, fields: { values } }];
}

function nameRuleWanted(fact: Fact<'nameRule'>, move: Move): readonly Wanted[] | undefined {
  const { rule } = fact.value;
  if (rule.kind !== 'host') return undefined;
  const addresses = rule.addresses.map((a) => (a === move.from ? move.to : a));
  return [{ fact, fields: { rule: { ...rule, addresses } } }];
}

function workloadWanted(fact: Fact<'workload'>, move: Move): readonly Wanted[] {
  const hostAliases = fact.value.hostAliases.map((h) => (h.ip === move.from ? { ...h, ip: move.to } : h));
  const containers = fact.value.containers.map((c) => ({
    ...c,
    args: c.args.map((a) => swapped(a, move)),
    env: Object.fromEntries(Object.entries(c.env).map(([k, v]) => [k, swapped(v, move)])),
  }));
  const isAliased = fact.value.hostAliases.some((h) => h.ip === move.from);
  return [{ fact, fields: { ...(isAliased && { hostAliases }), ...(!isAliased && { containers }) } }];
}

/** A bridge forwards several ports: only those that the Service serves follow it. */
function hopWanted(reader: Reader, fact: Fact<'unmanagedHop'>, move: Move): readonly Wanted[] | undefined {
  const ports = new Set(serviceNow(reader, move).ports.map((p) => `${p.protocol}/${p.port}`));
  const forwards = fact.value.forwards?.map((f) =>
    f.to === move.from && ports.has(`${f.protocol}/${f.port}`) ? { ...f, to: move.to } : f,
  );
  return forwards === undefined ? undefined : [{ fact, fields: { forwards } }];
}

export function serviceNow(reader: Reader, move: Move): Service {
  return reader.get('service', move.service.key.slice('service:'.length))?.value ?? move.service.value;
}

function tunnelRepointed(
  reader: Reader,
  fact: Fact<'tunnelRule'>,
  move: Move,
  why: Because,
): Repointed | undefined {
  const change = tunnelAtName(reader, fact.value.tunnel, move.service, [move.from], why);
  return change === undefined ? undefined : { changes: [change], isIndependent: true };
}

/** All rules of the tunnel that dial one of the addresses, in one configuration; they get the Service's own name. */
export function tunnelAtName(
  reader: Reader,
  tunnel: string,
  service: Fact<'service'>,
  addresses: readonly Ip[],
  why: Because,
): DraftChange | undefined {
  const { namespace, name } = service.value;
  const host = `${name}.${namespace}.svc.cluster.local`;
  const wanted = reader.by('tunnelRule', 'tunnel', tunnel).flatMap((r): readonly Wanted[] => {
    const ip = addresses.find((a) => dialled(r.value.service)?.host === a);
    return ip === undefined ? [] : [{ fact: r, fields: { service: r.value.service.replace(ip, host) } }];
  });
  if (wanted.length === 0) return undefined;
  const evidence = [...why.evidence, ...wanted.slice(0, 3).map((w) => w.fact.evidence)];
  return makeChange(reader, wanted, {
    id: `tunnel-${slug(tunnel)}`,
    title: `Point tunnel ${tunnel} at the Service ${namespace}/${name} by name`,
    phase: 'prepare',
    because: { ...why, evidence },
  });
}

function mentionRepointed(
  reader: Reader,
  fact: Fact<'mention'>,
  move: Move,
  why: Because,
): Repointed | undefined {
  if (!addressesIn(fact.value.text).includes(move.from)) return undefined;
  const { file, line, syntax } = fact.value;
  const isText = syntax === 'markdown' || syntax === 'comment' || syntax === 'text';
  const phase: Phase = isText ? 'finish' : 're-point';
  const wanted: Wanted = {
    fact,
    fields: { text: fact.value.text.replaceAll(move.from, move.to), ip: move.to },
  };
  const described = {
    id: `text-${slug(`${file}-${line}`)}`,
    title: `${isText ? 'Update' : 'Re-point'} ${file} line ${line}`,
    phase,
    because: { ...why, evidence: [...why.evidence, fact.evidence] },
  };
  return { changes: [makeChange(reader, [wanted], described)], isIndependent: false };
}
