/*
 * Unmanaged hops as they are now: a TCP bridge on each that shows its own address (or tells the client's in a PROXY
 * header), NAT on those that keep it. They follow the store, as whoever minds them does in life.
 */
import type { Reader } from '#estate/estate.ts';
import type { UnmanagedHop } from '#estate/settings.ts';
import { hopRules } from '../estate/internet-hosts.ts';
import { hostName } from '../estate/names.ts';
import type { BridgeListener } from '../hosts/bridge.ts';
import type { Lab } from '../kernel/lab.ts';

export class LabHops {
  private readonly lab: Lab;
  /** Ids of bridges, by host. */
  private readonly bridges = new Map<string, string>();
  /** What each hop does by now, by host. */
  private readonly known = new Map<string, string>();

  private constructor(lab: Lab) {
    this.lab = lab;
  }

  /** Rules came with the topology; starts the bridges. */
  static async start(lab: Lab, reader: Reader): Promise<LabHops> {
    const hops = new LabHops(lab);
    for (const [host, hop] of hops.built(reader)) hops.known.set(host, textOf(reader, hop));
    await Promise.all(
      [...hops.built(reader)].map(([host, hop]) => hops.bridge(host, listenersOf(reader, hop))),
    );
    return hops;
  }

  /** Makes every hop as the store says; connections that stand are left as they are. */
  async follow(reader: Reader): Promise<void> {
    for (const [host, hop] of this.built(reader)) {
      const text = textOf(reader, hop);
      if (this.known.get(host) === text) continue;
      this.known.set(host, text);
      await this.lab.loadRules(host, hopRules(reader, hop));
      await this.bridge(host, listenersOf(reader, hop));
    }
  }

  private built(reader: Reader): ReadonlyMap<string, UnmanagedHop> {
    const hosts = new Set(this.lab.topology.hosts.map((h) => h.name));
    const all = reader.all('unmanagedHop').map(({ value }) => [hostName('hop', value.id), value] as const);
    return new Map(all.filter(([host]) => hosts.has(host)));
  }

  private async bridge(host: string, listeners: readonly BridgeListener[]): Promise<void> {
    const id = this.bridges.get(host);
    if (id === undefined && listeners.length === 0) return;
    const agent = await this.lab.agent(host);
    if (id !== undefined) return void (await agent.ask('bridge.set', { id, listeners }));
    this.bridges.set(host, (await agent.ask('bridge.start', { listeners })).id);
  }
}

function textOf(reader: Reader, hop: UnmanagedHop): string {
  return hopRules(reader, hop) + JSON.stringify(listenersOf(reader, hop));
}

function listenersOf(reader: Reader, hop: UnmanagedHop): readonly BridgeListener[] {
  if (hop.clientAddress !== 'own' && hop.clientAddress !== 'proxy-protocol') return [];
  const publics = reader.all('publicAddress').filter((p) => p.value.through[0] === hop.id);
  return publics.flatMap(({ value: p }) =>
    (hop.forwards ?? []).flatMap(({ protocol, port, to }) => {
      if (protocol !== 'tcp' || to === undefined) return [];
      const target = { address: to, port };
      return [{ address: p.ip, port, to: target, sendsProxyHeader: hop.clientAddress === 'proxy-protocol' }];
    }),
  );
}
