/*
 * A rolling restart of an ingress: one pod after the other ends with grace and comes back with the new configuration.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { canonical } from '#estate/fingerprint.ts';
import type { Ingress } from '#estate/ingress.ts';
import type { Rollout } from './actuators.ts';
import type { EndpointServers } from './endpoint-servers.ts';
import { entryPointsOf, ingressPods } from './ingress-config.ts';
import type { LabStore } from './store.ts';

/** Between a pod that ends and the next: readiness probes of a chart are seconds apart. */
const betweenMs = 500;

export function ingressRollout(store: LabStore, servers: EndpointServers): Rollout {
  const running = new Map(store.reader.all('ingress').map((i) => [i.key, startedWith(i.value)]));
  return {
    roll: async (ingress) => {
      const wanted = startedWith(ingress.value);
      if (running.get(ingress.key) === wanted) return;
      running.set(ingress.key, wanted);
      for (const pod of ingressPods(store.reader, ingress.value)) {
        store.put('pod', { ...pod, isReady: false });
        await sleep(betweenMs);
        await servers.stop(pod, betweenMs);
        await servers.start(store.reader, pod);
        store.put('pod', pod);
        await sleep(betweenMs);
      }
    },
  };
}

/** Only what the process reads when it starts; the published Service and routes are read as they change. */
function startedWith(ingress: Ingress): string {
  return canonical(entryPointsOf(ingress));
}
