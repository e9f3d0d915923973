/*
 * What acts by itself in the random simulator, written apart from plan/settle.ts: who gets which address, endpoints of
 * new Services, filter rules that belong to a forward.
 */
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import { type Ip, ipToNumber, numberToIp } from '#net/ip.ts';

export type Facts = Map<FactKey, Fact>;

/** Lets everything that follows by itself follow. */
export function controllersAct(facts: Facts): void {
  endpointsFollow(facts);
  podsFollow(facts);
  for (let round = 0; round < 4; round++) {
    for (const [key, fact] of [...facts]) {
      if (fact.kind !== 'service') continue;
      const service = fact.value as Service;
      const vips = allotted(facts, key, service);
      if (vips.join() !== service.vips.map((v) => v.ip).join()) put(facts, fact, { vips: vips.map(asVip) });
    }
  }
}

function asVip(ip: Ip) {
  return { ip, ipMode: 'VIP' as const };
}

function put(facts: Facts, fact: Fact, fields: object): void {
  facts.set(fact.key, { ...fact, value: { ...fact.value, ...fields } } as unknown as Fact);
}

/** The address that it asks for, or the one that it has, or the first free one; nothing where others do not share. */
function allotted(facts: Facts, key: FactKey, service: Service): readonly Ip[] {
  if (service.type !== 'LoadBalancer') return [];
  const asked = (service.requestedIps ?? service.loadBalancerIp) as Ip | undefined;
  if (asked !== undefined) return isFree(facts, key, service, asked) ? [asked] : [];
  const [has] = service.vips;
  if (has !== undefined && isFree(facts, key, service, has.ip)) return [has.ip];
  return poolAddresses(facts)
    .filter((ip) => isFree(facts, key, service, ip))
    .slice(0, 1);
}

function isFree(facts: Facts, key: FactKey, service: Service, ip: Ip): boolean {
  return [...facts.values()].every((f) => {
    if (f.kind !== 'service' || f.key === key) return true;
    const other = f.value as Service;
    return other.vips.every((v) => v.ip !== ip) || mayShare(service, other);
  });
}

function mayShare(a: Service, b: Service): boolean {
  if (a.sharingKey === undefined || a.sharingKey !== b.sharingKey) return false;
  const isSame = (x: Service['ports'][number], y: Service['ports'][number]) =>
    x.port === y.port && x.protocol === y.protocol;
  if (a.ports.some((x) => b.ports.some((y) => isSame(x, y)))) return false;
  const areCluster = a.externalPolicy === 'cluster' && b.externalPolicy === 'cluster';
  return areCluster || JSON.stringify(a.selector) === JSON.stringify(b.selector);
}

function poolAddresses(facts: Facts): readonly Ip[] {
  return [...facts.values()].flatMap((f) => {
    if (f.kind !== 'pool') return [];
    return (f as Fact<'pool'>).value.ranges.flatMap(({ first, last }) => {
      const [from, to] = [ipToNumber(first), ipToNumber(last)];
      return Array.from({ length: Number(to - from) + 1 }, (_, i) => numberToIp(from + BigInt(i), 4));
    });
  });
}

/** A new Service has the endpoints of the one whose pods it selects; those of one that is gone go too. */
function endpointsFollow(facts: Facts): void {
  const slices = [...facts.values()].filter((f): f is Fact<'endpointSlice'> => f.kind === 'endpointSlice');
  const idOf = (s: Fact<'endpointSlice'>) => `${s.value.cluster}/${s.value.namespace}/${s.value.service}`;
  for (const s of slices) if (!facts.has(`service:${idOf(s)}`)) facts.delete(s.key);
  for (const fact of [...facts.values()]) {
    if (fact.kind !== 'service') continue;
    const service = fact.value as Service;
    if (service.clusterIps.length === 0) put(facts, fact, { clusterIps: ['10.96.200.1'] });
    const id = fact.key.slice('service:'.length);
    if (slices.some((s) => idOf(s) === id)) continue;
    const model = slices.find((s) => {
      const of = facts.get(`service:${idOf(s)}`)?.value as Service | undefined;
      return (
        JSON.stringify(of?.selector ?? 0) === JSON.stringify(service.selector ?? 1) &&
        of?.namespace === service.namespace
      );
    });
    if (model === undefined) continue;
    const value = { ...model.value, name: `${service.name}-sim`, service: service.name };
    const key: FactKey = `endpointSlice:${service.cluster}/${service.namespace}/${value.name}`;
    facts.set(key, { kind: 'endpointSlice', key, value, evidence: { file: 'simulated' } } as unknown as Fact);
  }
}

/** Pods have the hosts file of the Deployment that made them. */
function podsFollow(facts: Facts): void {
  for (const fact of [...facts.values()]) {
    if (fact.kind !== 'workload') continue;
    const { type, hostAliases, namespace, name } = (fact as Fact<'workload'>).value;
    for (const pod of [...facts.values()]) {
      const of = pod.kind === 'pod' ? (pod as Fact<'pod'>).value : undefined;
      if (type === 'Deployment' && of?.namespace === namespace && of.labels.app === name)
        put(facts, pod, { hostAliases });
    }
  }
}

/** Saving a forward re-writes the destination of the rule that belongs to it. */
export function ruleFollows(facts: Facts, key: FactKey): void {
  const forward = facts.get(key) as Fact<'portForward'> | undefined;
  if (forward?.kind !== 'portForward') return;
  const { associatedRule, target, firewall } = forward.value;
  if (associatedRule === '' || associatedRule === 'pass') return;
  for (const fact of [...facts.values()]) {
    if (fact.kind !== 'filterRule') continue;
    const rule = (fact as Fact<'filterRule'>).value;
    if (rule.firewall !== firewall || rule.associatedRule !== associatedRule) continue;
    const isLiteral = /^[\d.]+$/.test(target);
    const destination = isLiteral
      ? { kind: 'address', prefix: `${target}/32`, not: false }
      : { kind: 'alias', name: target, not: false };
    put(facts, fact, { match: { ...rule.match, destination } });
  }
}
