/* Where a cluster's API is and who asks it: by a kubeconfig's context, or by an address and a token. */
import { credentialOf } from '../credential.ts';
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

/** The API of the settings. The credential is fetched when it is first needed. */
export function apiOf(settings: Omit<KubernetesSettings, 'cluster'>): KubernetesApi {
  const { credential, url = '', ca } = settings;
  const context = /^kubeconfig:(.+)$/.exec(credential)?.[1];
  const token = credentialOf(credential);
  const access =
    context === undefined
      ? async () => ({ url, token: await token(), ...(ca !== undefined && { ca }) })
      : kubeconfigAccess(context);
  return new KubernetesApi(access, settings.timeoutMs);
}
