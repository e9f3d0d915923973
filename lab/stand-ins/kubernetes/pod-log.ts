/* `GET …/pods/NAME/log`: plain text; a pod of several containers needs one named (pkg/registry/core/pod, v1.34). */
import type { Call } from '../faults.ts';
import type { Answer } from '../listener.ts';
import { listOf, mapOf, textOf } from './json.ts';
import { badRequest, notFound, Refused, statusFor } from './status.ts';
import type { Place, Store } from './store.ts';

/** What a container wrote since then. */
export type PodLog = (
  pod: { readonly namespace: string; readonly name: string; readonly container: string },
  sinceSeconds: number | undefined,
) => string | Promise<string>;

/** Throws Refused for what the server refuses. */
export function logAnswer(
  store: Store,
  podLog: PodLog | undefined,
  call: Call,
  place: Place,
): Promise<Answer> {
  const container = containerOf(store, call, place);
  const sinceSeconds = numberOf(call, 'sinceSeconds');
  const limit = numberOf(call, 'limitBytes') ?? Number.POSITIVE_INFINITY;
  const pod = { namespace: place.namespace, name: place.name, container };
  return Promise.resolve(podLog?.(pod, sinceSeconds) ?? '').then((text) => ({
    status: 200,
    type: 'text/plain',
    body: Buffer.from(text).subarray(0, limit).toString('utf8'),
  }));
}

function containerOf(store: Store, { method, query }: Call, place: Place): string {
  if (method !== 'GET') throw statusFor(404);
  const pod = store.get(place);
  if (pod === undefined) throw notFound(place.resource, place.name);
  const names = listOf(mapOf(pod.spec).containers).map((c) => textOf(mapOf(c).name));
  const asked = query.get('container');
  if (asked !== null && !names.includes(asked))
    throw badRequest(`container ${asked} is not valid for pod ${place.name}`);
  const [only, ...more] = names;
  if (asked === null && (only === undefined || more.length > 0))
    throw badRequest(
      `a container name must be specified for pod ${place.name}, choose one of: [${names.join(' ')}]`,
    );
  return asked ?? only ?? '';
}

function numberOf({ query }: Call, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Refused(
    422,
    'Invalid',
    `PodLogOptions "" is invalid: ${name}: Invalid value: ${text}: must be greater than 0`,
  );
}
