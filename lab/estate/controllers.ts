/*
 * The lab's controllers: each follows the object store as the real one does, in a loop of its own, with the real one's
 * delays. What one writes the next one sees; nobody waits for anybody, so the real races are there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reader } from '#estate/estate.ts';
import type { FactKey } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Node, Service } from '#estate/kubernetes.ts';
import type { Announcer } from '../kernel/announcer.ts';
import type { Lab } from '../kernel/lab.ts';
import type { Delays } from './delays.ts';
import { slicesFor } from './endpoints.ts';
import { Loop } from './loop.ts';
import { allocate } from './metallb-allocate.ts';
import { announcerOf } from './metallb-elect.ts';
import { hostName } from './names.ts';
import { nodeRules } from './node-rules.ts';
import { firewallRuleset } from './pf-rules.ts';
import type { LabStore } from './store.ts';

export interface ControllerParts {
  readonly lab: Lab;
  readonly store: LabStore;
  /** By node name; a lost node has none. */
  readonly announcers: Map<string, Announcer>;
  readonly delays: Delays;
  /** Gives every ingress its routes anew. */
  readonly reroute?: () => Promise<void>;
  /** Makes unmanaged hops as the store says. */
  readonly followHops?: () => Promise<void>;
  /** Called after a node's rules were replaced. */
  readonly afterSync?: (node: Node) => Promise<void>;
}

export class Controllers {
  /** Nodes that do not answer any more. */
  readonly lost = new Set<string>();
  private readonly parts: ControllerParts;
  private readonly loaded = new Map<string, string>();
  /** VIP → node that answers for it. */
  private readonly announced = new Map<string, string>();
  private readonly changed = new Set<FactKey>();
  /** Services whose slices list pods that nobody has read: their slices cannot be made from pods. */
  private readonly isForeign: (service: Service) => boolean;
  private readonly loops: readonly Loop[];
  private readonly proxies = new Map<string, Loop>();

  constructor(parts: ControllerParts) {
    this.parts = parts;
    const { delays } = parts;
    this.isForeign = foreignSlices(parts.store.reader);
    const watching = { delayMs: delays.watch, intervalMs: 0 };
    const allocation = new Loop(() => this.allocateAll(), watching);
    const endpoints = new Loop(() => this.keepSlices(), watching);
    const announcing = new Loop(() => this.announceAll(), watching);
    const firewalls = new Loop(() => this.reloadFirewalls(), {
      delayMs: delays.firewallReload,
      intervalMs: 0,
    });
    const routes = new Loop(async () => parts.reroute?.(), {
      delayMs: delays.watch,
      intervalMs: delays.ingressRoutes,
    });
    const hops = new Loop(async () => parts.followHops?.(), { delayMs: delays.hopReload, intervalMs: 0 });
    const loops = { allocation, endpoints, announcing, firewalls, routes, hops };
    this.loops = Object.values(loops);
    for (const { value: node } of parts.store.reader.all('node'))
      this.proxies.set(
        node.name,
        new Loop(() => this.syncNode(node), { delayMs: delays.watch, intervalMs: delays.proxySync }),
      );
    parts.store.watch((keys) => this.see(keys, loops));
  }

  /** What the topology was started with counts as loaded; announces what the estate's status says. */
  async begin(): Promise<void> {
    const { reader } = this.parts.store;
    for (const { value: node } of reader.all('node'))
      this.loaded.set(node.name, canonical(nodeRules(reader, node)));
    for (const { value: f } of reader.all('firewall'))
      this.loaded.set(hostName('fw', f.name), firewallRuleset(reader, f.name));
    await this.announceAll();
  }

  /** Resolves when every controller has done what the last writes ask for. */
  async settled(): Promise<void> {
    const all = [...this.loops, ...this.proxies.values()];
    while (all.some((loop) => !loop.isIdle)) for (const loop of all) await loop.idle();
    for (const loop of all) await loop.idle();
  }

  /** The node that answers for a VIP now. */
  announcerNow(vip: string): string | undefined {
    return this.announced.get(vip);
  }

  /** Memberlist no longer counts a node, or does again. */
  async setLost(node: string, isLost: boolean): Promise<void> {
    if (isLost) this.lost.add(node);
    else this.lost.delete(node);
    await this.announceAll();
  }

  private see(
    keys: readonly FactKey[],
    loops: Readonly<
      Record<'allocation' | 'endpoints' | 'announcing' | 'firewalls' | 'routes' | 'hops', Loop>
    >,
  ): void {
    const kinds = new Set(keys.map((key) => key.slice(0, key.indexOf(':'))));
    const has = (...names: string[]) => names.some((name) => kinds.has(name));
    for (const key of keys) this.changed.add(key);
    if (has('service', 'pool', 'namespace')) loops.allocation.poke();
    if (has('service', 'pod')) loops.endpoints.poke();
    if (has('service', 'endpointSlice', 'l2Advertisement', 'node', 'pool', 'announcing'))
      loops.announcing.poke();
    if (has('service', 'endpointSlice', 'serviceProxy', 'node'))
      for (const loop of this.proxies.values()) loop.poke();
    if (has('route', 'middleware', 'service', 'endpointSlice')) loops.routes.poke();
    if (has('alias', 'portForward', 'filterRule', 'firewall', 'outboundNatRule')) loops.firewalls.poke();
    if (has('unmanagedHop', 'publicAddress')) loops.hops.poke();
  }

  /** Services in the order in which they were written: who comes first keeps or gets the address. */
  private async allocateAll(): Promise<void> {
    const { store } = this.parts;
    const services = store.reader
      .all('service')
      .filter((s) => s.value.type === 'LoadBalancer' || s.value.vips.length > 0);
    const first = services.filter((s) => this.changed.has(s.key));
    this.changed.clear();
    for (const { key } of [...first, ...services.filter((s) => !first.includes(s))])
      await this.allocateOne(key);
  }

  private async allocateOne(key: FactKey): Promise<void> {
    const { store, delays } = this.parts;
    const id = key.slice('service:'.length);
    const service = store.reader.get('service', id)?.value;
    if (!service) return;
    const ips = allocate(store.reader, service);
    const now = service.vips.map((v) => v.ip);
    if (ips.join() === now.join()) return;
    if (now.length > 0) {
      store.put('service', { ...service, vips: [] });
      await sleep(delays.clearedToAllocated);
    }
    const fresh = store.reader.get('service', id)?.value;
    if (fresh && ips.length > 0)
      store.put('service', { ...fresh, vips: ips.map((ip) => ({ ip, ipMode: 'VIP' as const })) });
  }

  /** Only Services whose pods or selector are not what their slices say get new ones. */
  private async keepSlices(): Promise<void> {
    const { store } = this.parts;
    for (const { value: service } of store.reader.all('service')) {
      const wanted = slicesFor(store.reader, service);
      if (!service.selector || this.isForeign(service) || sliceText(wanted) === this.sliceTextOf(service))
        continue;
      const own = store.reader.by('endpointSlice', 'service', idOf(service));
      for (const old of own) if (!wanted.some((w) => old.key.endsWith(`/${w.name}`))) store.remove(old.key);
      for (const slice of wanted) store.put('endpointSlice', slice);
    }
  }

  private sliceTextOf(service: Service): string {
    return sliceText(
      this.parts.store.reader.by('endpointSlice', 'service', idOf(service)).map((e) => e.value),
    );
  }

  private async announceAll(): Promise<void> {
    const { store, announcers } = this.parts;
    const { reader } = store;
    const wanted = new Map<string, string>();
    for (const { value: service } of reader.all('service')) {
      const node = announcerOf(reader, service, this.lost);
      if (node !== undefined)
        for (const vip of service.vips) if (!wanted.has(vip.ip)) wanted.set(vip.ip, node);
    }
    for (const [vip, node] of [...this.announced]) {
      if (wanted.get(vip) === node) continue;
      this.announced.delete(vip);
      if (!this.lost.has(node)) await announcers.get(node)?.remove(vip);
    }
    for (const [vip, node] of wanted) {
      if (this.announced.get(vip) === node) continue;
      this.announced.set(vip, node);
      await announcers.get(node)?.add(vip);
    }
  }

  private async syncNode({ name, cluster }: Node): Promise<void> {
    const { lab, store, afterSync } = this.parts;
    const node = store.reader.get('node', `${cluster}/${name}`)?.value;
    if (!node || this.lost.has(name)) return;
    const rules = nodeRules(store.reader, node);
    if (this.loaded.get(name) === canonical(rules)) return;
    const host = hostName('node', name);
    if (rules.iptables) await lab.loadIptables(host, rules.iptables);
    else await lab.loadRules(host, rules.nft);
    this.loaded.set(name, canonical(rules));
    await afterSync?.(node);
  }

  private async reloadFirewalls(): Promise<void> {
    const { lab, store } = this.parts;
    for (const { value: firewall } of store.reader.all('firewall')) {
      const host = hostName('fw', firewall.name);
      const rules = firewallRuleset(store.reader, firewall.name);
      if (this.loaded.get(host) === rules) continue;
      await lab.loadRules(host, rules);
      this.loaded.set(host, rules);
    }
  }
}

function idOf(service: Service): string {
  return `${service.cluster}/${service.namespace}/${service.name}`;
}

/** Judged once, at the start: pods come and go later. */
function foreignSlices(reader: Reader): (service: Service) => boolean {
  const foreign = new Set(
    reader
      .all('endpointSlice')
      .map((e) => e.value)
      .filter((s) => s.endpoints.some((e) => !e.pod || !reader.get('pod', `${s.cluster}/${e.pod}`)))
      .map((s) => `${s.cluster}/${s.namespace}/${s.service}`),
  );
  return (service) => foreign.has(idOf(service));
}

/** What matters of slices, in an order of its own. */
function sliceText(slices: ReturnType<typeof slicesFor>): string {
  const lines = slices.flatMap((s) =>
    s.endpoints.map((e) =>
      [
        s.ports.map((p) => `${p.name}${p.port}${p.protocol}`).sort(),
        e.addresses,
        e.node,
        e.ready !== false,
        e.serving !== false,
        e.terminating === true,
      ].join(' '),
    ),
  );
  return lines.sort().join('\n');
}
