/*
 * Unmanaged hops that show their own address (or tell the client's in a PROXY header): a TCP bridge on each.
 */
import type { Reader } from '#estate/estate.ts';
import type { UnmanagedHop } from '#estate/settings.ts';
import { hostName } from '../estate/names.ts';
import type { BridgeListener } from '../hosts/bridge.ts';
import type { Lab } from '../kernel/lab.ts';

export async function startBridges(lab: Lab, reader: Reader): Promise<void> {
  const hops = reader.all('unmanagedHop').map((h) => h.value);
  await Promise.all(
    hops.map(async (hop) => {
      const listeners = listenersOf(reader, hop);
      const host = hostName('hop', hop.id);
      if (listeners.length === 0 || !lab.topology.hosts.some((h) => h.name === host)) return;
      const agent = await lab.agent(host);
      await agent.ask('bridge.start', { listeners });
    }),
  );
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
