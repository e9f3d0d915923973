/* The latest log lines of pods, through the API with a credential that only reads. */
import { SightlineError } from '#estate/error.ts';
import type { KubernetesApi, ObjectRef } from './api.ts';
import { mapOf, mapsOf, textOf } from './decode.ts';
import { apiOf, type KubernetesSettings } from './settings.ts';

export interface PodLogs {
  /** Text of all containers of all running pods with the labels. Throws SightlineError `unreadable-now`. */
  recent(namespace: string, labels: Readonly<Record<string, string>>, sinceSeconds: number): Promise<string>;
}

/** Of one log. */
const mostBytes = 8 * 1024 * 1024;

export function podLogs(settings: Omit<KubernetesSettings, 'cluster'>): PodLogs {
  const api = apiOf(settings);
  return {
    recent: async (namespace, labels, sinceSeconds) => {
      const texts = [];
      for (const { ref, container } of await containersOf(api, namespace, labels)) {
        const answer = await api.log(ref, { container, sinceSeconds, limitBytes: mostBytes });
        if (answer.kind === 'failed') throw unreadable(answer.says, answer.status);
        texts.push(answer.text);
      }
      return texts.join('\n');
    },
  };
}

async function containersOf(api: KubernetesApi, namespace: string, labels: Readonly<Record<string, string>>) {
  const all: ObjectRef = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespace, name: '' };
  const answer = await api.list(all, labels);
  if (answer.kind === 'failed') throw unreadable(answer.says, answer.status);
  const found = mapsOf(answer.object.items)
    .filter((pod) => mapOf(pod.status).phase === 'Running')
    .flatMap((pod) =>
      mapsOf(mapOf(pod.spec).containers).map((c) => ({
        ref: { ...all, name: textOf(mapOf(pod.metadata).name) },
        container: textOf(c.name),
      })),
    );
  if (found.length > 0) return found;
  throw unreadable(`no running pod in ${namespace} has the labels of the ingress`);
}

function unreadable(says: string, status?: number): SightlineError {
  const hint =
    status === 403
      ? 'its credential needs list on pods and get on pods/log: docs/rbac/read-only.yaml'
      : 'or name another way in sightline.yaml: systems, id log/NAME, read';
  return new SightlineError('unreadable-now', `the log of the ingress cannot be read: ${says}`, { hint });
}
