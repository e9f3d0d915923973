/* Writes to a cluster through its API. Reading is another adapter's: a read-only run never loads this one. */
import type { Actuator } from '#apply/actuator.ts';
import { KubernetesActuator } from './actuate.ts';
import { apiOf, type KubernetesSettings } from './settings.ts';

export type { KubernetesSettings };

/** The actuator of one cluster. The credential is fetched when it is first needed. */
export function kubernetesActuator(settings: KubernetesSettings): Actuator {
  return new KubernetesActuator(settings.cluster, apiOf(settings));
}
