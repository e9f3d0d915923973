/*
 * Who announces a Service's addresses in layer 2, as MetalLB's documentation ("Layer 2 mode", "Advanced L2 configuration")
 * and speaker decide it: candidates by advertisement, state and endpoints; then preference, then a hash of node and
 * address, so that every speaker finds the same one. The lab's own; the model has another.
 */
import { createHash } from 'node:crypto';
import type { Reader } from '#estate/estate.ts';
import type { Node, Selector, Service } from '#estate/kubernetes.ts';
import type { Announcing, L2Advertisement, Pool } from '#estate/metallb.ts';
import { rangeHas } from '#net/prefix.ts';

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** The node that announces; undefined: nobody. `lost`: nodes that memberlist no longer counts. */
export function announcerOf(reader: Reader, service: Service, lost: ReadonlySet<string>): string | undefined {
  const announcing = reader.get('announcing', service.cluster)?.value;
  const [first] = service.vips;
  if (!first || announcing?.program !== 'metallb') return undefined;
  const servable = endpointNodes(reader, service);
  if (servable === undefined) return undefined;
  const isNew = hasSelectors(announcing.version);
  const ads = adsFor(reader, service, isNew);
  if (ads === 'refused') return undefined;
  const nodes = reader.by('node', 'cluster', service.cluster).map((n) => n.value);
  const scored = nodes
    .filter((n) => isUsable(n, announcing, lost) && ads.some((ad) => isOneOf(ad.nodeSelectors, n.labels)))
    .filter((n) => service.externalPolicy === 'cluster' || servable.has(n.name))
    .map((n) => ({ name: n.name, score: isNew ? scoreOf(n, ads) : 0, hash: hashOf(n.name, first.ip) }));
  scored.sort((a, b) => b.score - a.score || a.hash.compare(b.hash));
  return scored[0]?.name;
}

/** Preferred nodes and Service selectors came with 0.16 (release notes); an unknown version counts as new. */
function hasSelectors(version: string | undefined): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  return major === undefined || Number(major) > 0 || Number(minor) >= 16;
}

/** Nodes with an endpoint that is ready or serving; undefined: there is no such endpoint at all. */
function endpointNodes(reader: Reader, service: Service): ReadonlySet<string> | undefined {
  const id = `${service.cluster}/${service.namespace}/${service.name}`;
  const endpoints = reader.by('endpointSlice', 'service', id).flatMap((e) => e.value.endpoints);
  const servable = endpoints.filter((e) => e.ready !== false || e.serving === true);
  if (servable.length === 0) return undefined;
  return new Set(servable.flatMap((e) => (e.node === undefined ? [] : [e.node])));
}

/** Advertisements of the address's pool that take the Service; `refused`: a shared address may not meet a selector. */
function adsFor(reader: Reader, service: Service, isNew: boolean): readonly L2Advertisement[] | 'refused' {
  const [first] = service.vips;
  const pool = reader
    .by('pool', 'cluster', service.cluster)
    .find((p) => first && p.value.ranges.some((r) => rangeHas(r, first.ip)))?.value;
  if (!pool) return [];
  const ads = reader
    .by('l2Advertisement', 'cluster', service.cluster)
    .map((a) => a.value)
    .filter((ad) => advertises(ad, pool) && (!isNew || isOneOf(ad.serviceSelectors, service.labels)));
  const isShared = isNew && service.sharingKey !== undefined;
  return isShared && ads.some((ad) => ad.serviceSelectors.length > 0) ? 'refused' : ads;
}

function advertises(ad: L2Advertisement, pool: Pool): boolean {
  if (ad.pools.length === 0 && ad.poolSelectors.length === 0) return true;
  return ad.pools.includes(pool.name) || ad.poolSelectors.some((s) => matches(s, pool.labels));
}

function isUsable(node: Node, announcing: Announcing, lost: ReadonlySet<string>): boolean {
  const speaks = announcing.speakerNodes === undefined || announcing.speakerNodes.includes(node.name);
  const isAlive = announcing.isMemberlistDisabled === true || !lost.has(node.name);
  const isExcluded = excludeLabel in node.labels && !announcing.ignoreExcludeLabel;
  return speaks && isAlive && !isExcluded && !node.isNetworkUnavailable;
}

function scoreOf(node: Node, ads: readonly L2Advertisement[]): number {
  const preferences = ads
    .filter((ad) => isOneOf(ad.nodeSelectors, node.labels))
    .flatMap((ad) => ad.preferredNodes)
    .filter((p) => matches(p.selector, node.labels));
  return preferences.reduce((sum, p) => sum + p.weight, 0);
}

function hashOf(node: string, ip: string): Buffer {
  return createHash('sha256').update(`${node}#${ip}`).digest();
}

/** No selectors: all. */
function isOneOf(selectors: readonly Selector[], labels: Readonly<Record<string, string>>): boolean {
  return selectors.length === 0 || selectors.some((s) => matches(s, labels));
}

/** A Kubernetes label selector (API conventions: both lists must hold). */
export function matches(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  const plain = Object.entries(selector.matchLabels ?? {}).every(([k, v]) => labels[k] === v);
  const expressions = (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return operator satisfies never;
    }
  });
  return plain && expressions;
}
