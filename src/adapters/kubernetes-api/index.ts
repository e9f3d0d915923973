/* Writes to a cluster through its API. Reading is another adapter's: a read-only run never loads this one. */
import type { Actuator } from '#apply/actuator.ts';
import { credentialOf } from '../credential.ts';
import { KubernetesActuator } from './actuate.ts';
import { KubernetesApi } from './api.ts';
import { kubeconfigAccess } from './kubeconfig.ts';

export interface KubernetesSettings {
  /** Name of the cluster in the snapshot. */
  readonly cluster: string;
  /** Needed unless the credential is a kubeconfig's context. */
  readonly url?: string;
  /** `kubeconfig:CONTEXT`, or a token by `env:`, `file:` or `cmd:`. */
  readonly credential: string;
  /** PEM of a private authority. */
  readonly ca?: string;
  readonly timeoutMs?: number;
}

/** The actuator of one cluster. The credential is fetched when it is first needed. */
export function kubernetesActuator(settings: KubernetesSettings): Actuator {
  const { credential, url = '', ca } = settings;
  const context = /^kubeconfig:(.+)$/.exec(credential)?.[1];
  const token = credentialOf(credential);
  const access =
    context === undefined
      ? async () => ({ url, token: await token(), ...(ca !== undefined && { ca }) })
      : kubeconfigAccess(context);
  return new KubernetesActuator(settings.cluster, new KubernetesApi(access, settings.timeoutMs));
}
