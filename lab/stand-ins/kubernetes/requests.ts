/* Requests to the API server: paths, verbs, discovery, lists and watches, and the refusals as Status objects. */
import type { Call } from '../faults.ts';
import type { Answer } from '../listener.ts';
import { type Deed, forbidden, isAllowed, review, type User, userOf } from './access.ts';
import { isMap, type Json, mapOf, textOf } from './json.ts';
import { checkRequestSize } from './limits.ts';
import { logAnswer, type PodLog } from './pod-log.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { badRequest, notFound, Refused, statusFor } from './status.ts';
import { type Change, listObject, type Place, type Store } from './store.ts';
import { create, patch, remove, update, type WriteOptions } from './writes.ts';

export interface Around {
  readonly store: Store;
  /** Text of a container's log; undefined: it has none. */
  readonly podLog?: PodLog;
  readonly users: readonly User[];
  readonly now: () => string;
  readonly record: (deed: Deed & { user: string }) => void;
}

interface Target extends Place {
  readonly subresource: string;
}

/** Answers any call; never throws for what a client did. */
export function requestHandler(around: Around): (call: Call) => Answer | Promise<Answer> {
  return (call) => {
    try {
      const user = userOf(around.users, call.headers.authorization);
      checkRequestSize(call.body);
      return discovery(around.store, call) ?? resourceAnswer(around, call, user);
    } catch (error) {
      if (error instanceof Refused) return json(error.code, error.status());
      throw error;
    }
  };
}

function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value) };
}

function discovery({ resources }: Store, { method, path }: Call): Answer | undefined {
  if (method !== 'GET') return undefined;
  const at = path.replace(/\/$/, '');
  const groups = [...new Set(resources.filter((r) => r.group !== '').map((r) => r.group))];
  if (at === '/version') return json(200, { major: '1', minor: '34', gitVersion: 'v1.34.0' });
  if (at === '/readyz' || at === '/livez') return { status: 200, type: 'text/plain', body: 'ok' };
  if (at === '/api') return json(200, { kind: 'APIVersions', versions: ['v1'] });
  if (at === '/apis') {
    const list = groups.map((name) => ({
      name,
      versions: versionsOf(resources, name).map((v) => ({ groupVersion: `${name}/${v}`, version: v })),
    }));
    return json(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: list });
  }
  const [, group, version] = /^\/(?:api|apis\/([^/]+))\/([^/]+)$/.exec(at) ?? [];
  if (version === undefined) return undefined;
  const own = resources.filter((r) => r.group === (group ?? '') && r.version === version);
  if (own.length === 0) throw statusFor(404);
  return json(200, {
    kind: 'APIResourceList',
    groupVersion: group === undefined ? version : `${group}/${version}`,
    resources: own.flatMap(described),
  });
}

function versionsOf(resources: readonly Resource[], group: string): readonly string[] {
  return [...new Set(resources.filter((r) => r.group === group).map((r) => r.version))];
}

function described(r: Resource): readonly unknown[] {
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
  const one = {
    name: r.plural,
    singularName: r.kind.toLowerCase(),
    namespaced: r.isNamespaced,
    kind: r.kind,
    verbs,
  };
  const status = { ...one, name: `${r.plural}/status`, singularName: '', verbs: ['get', 'patch', 'update'] };
  return r.hasStatus ? [one, status] : [one];
}

function resourceAnswer(around: Around, call: Call, user: User): Answer | Promise<Answer> {
  if (call.path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' && call.method === 'POST')
    return json(201, review(user, bodyOf(call)));
  const target = targetOf(around.store, call.path);
  const verb = verbOf(call, target);
  const deed: Deed = {
    verb,
    group: target.resource.group,
    resource: `${target.resource.plural}${target.subresource === '' ? '' : `/${target.subresource}`}`,
    namespace: target.namespace,
    name: target.name,
  };
  around.record({ ...deed, user: user.name });
  if (!isAllowed(user, deed)) throw forbidden(user, deed);
  if (target.subresource === 'log') return logAnswer(around.store, around.podLog, call, target);
  return perform(around, call, target, verb, (d) => {
    if (!isAllowed(user, { ...deed, ...d })) throw forbidden(user, { ...deed, ...d });
  });
}

function targetOf(store: Store, path: string): Target {
  const [, group = '', version, rest = ''] = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(.+?)\/?$/.exec(path) ?? [];
  const parts = rest.split('/').map(decodeURIComponent);
  const isIn = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status';
  const [plural, name = '', subresource = ''] = isIn ? parts.slice(2) : parts;
  const resource = store.resources.find(
    (r) => r.group === group && r.version === version && r.plural === plural,
  );
  const isKnown =
    resource !== undefined &&
    (subresource === '' ||
      (subresource === 'status' && resource.hasStatus) ||
      (subresource === 'log' && resource.kind === 'Pod' && resource.group === ''));
  if (!isKnown) throw statusFor(404);
  return { resource, namespace: isIn ? (parts[1] ?? '') : '', name, subresource };
}

function verbOf(call: Call, target: Target): string {
  const isOne = target.name !== '';
  const isWatch = ['true', '1'].includes(call.query.get('watch') ?? '');
  const verbs: Readonly<Record<string, string>> = {
    GET: isOne ? 'get' : isWatch ? 'watch' : 'list',
    POST: isOne ? '' : 'create',
    PUT: isOne ? 'update' : '',
    PATCH: isOne ? 'patch' : '',
    DELETE: isOne ? 'delete' : '',
  };
  const verb = verbs[call.method] ?? '';
  if (verb === '')
    throw new Refused(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    );
  return verb;
}

function perform(
  around: Around,
  call: Call,
  target: Target,
  verb: string,
  check: (d: Partial<Deed>) => void,
): Answer {
  const { store } = around;
  const options = optionsOf(around, call, target);
  switch (verb) {
    case 'get': {
      const object = store.get(target);
      if (object === undefined) throw notFound(target.resource, target.name);
      return json(200, object);
    }
    case 'list':
      return json(200, listObject(target.resource, selected(store, target, call), store.version));
    case 'watch':
      return watch(store, target, call);
    case 'create':
      return json(201, create(store, target, bodyOf(call), options));
    case 'update':
      return json(200, update(store, target, bodyOf(call), options));
    case 'patch': {
      const isNew = store.get(target) === undefined;
      const type = (call.headers['content-type'] ?? '').split(';')[0] ?? '';
      if (isNew && type === 'application/apply-patch+yaml') check({ verb: 'create' });
      return json(isNew ? 201 : 200, patch(store, target, type, call.body, options));
    }
    default: {
      remove(store, target, call.body === '' ? {} : bodyOf(call), options.isDryRun, options.now);
      return json(200, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: target.name, kind: target.resource.plural },
      });
    }
  }
}

function optionsOf({ now }: Around, { query, headers }: Call, target: Target): WriteOptions {
  const dryRun = query.getAll('dryRun');
  if (dryRun.some((d) => d !== 'All')) throw badRequest(`invalid dryRun: ${dryRun.join()}`);
  const isApply = (headers['content-type'] ?? '').startsWith('application/apply-patch');
  const agent = (headers['user-agent'] ?? 'unknown').split('/')[0] ?? 'unknown';
  return {
    manager: query.get('fieldManager') ?? (isApply ? '' : agent),
    isDryRun: dryRun.length > 0,
    isForced: query.get('force') === 'true',
    isStrict: query.get('fieldValidation') === 'Strict',
    subresource: target.subresource === 'status' ? 'status' : '',
    now: now(),
  };
}

function bodyOf(call: Call): Json {
  try {
    const value: unknown = JSON.parse(call.body);
    if (isMap(value)) return value;
  } catch {
    // answered below
  }
  throw badRequest('the object provided is unrecognized');
}

function selected(store: Store, target: Target, { query }: Call): readonly Json[] {
  return store.list(target.resource, target.namespace).filter((o) => isSelected(o, query));
}

function isSelected(object: Json, query: URLSearchParams): boolean {
  const metadata = mapOf(object.metadata);
  const labels = mapOf(metadata.labels);
  const fields: Readonly<Record<string, unknown>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
  };
  return (
    termsOf(query.get('labelSelector')).every(([k, v]) => labels[k] === v) &&
    termsOf(query.get('fieldSelector')).every(([k, v]) => fields[k] === v)
  );
}

function termsOf(text: string | null): readonly (readonly [string, string])[] {
  return (text ?? '')
    .split(',')
    .filter((t) => t !== '')
    .map((t) => {
      const [key = '', value = ''] = t.split(/==?/);
      return [key, value] as const;
    });
}

function watch(store: Store, target: Target, call: Call): Answer {
  const from = call.query.get('resourceVersion') ?? '';
  const isMine = (c: Change) =>
    c.resource === target.resource &&
    (target.namespace === '' || textOf(mapOf(c.object.metadata).namespace) === target.namespace) &&
    isSelected(c.object, call.query);
  const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
  const isFresh = from === '' || from === '0';
  const missed = isFresh ? [] : store.since(Number(from));
  if (missed === undefined) {
    const gone = new Refused(410, 'Expired', `too old resource version: ${from} (${store.version})`);
    return { status: 200, body: line('ERROR', gone.status()) };
  }
  const first = isFresh
    ? selected(store, target, call).map((o) => line('ADDED', o))
    : missed.filter(isMine).map((c) => line(c.type, c.object));
  const seconds = Number(call.query.get('timeoutSeconds') ?? 0);
  const wantsBookmarks = call.query.get('allowWatchBookmarks') === 'true';
  const bookmark = () =>
    line('BOOKMARK', {
      kind: target.resource.kind,
      apiVersion: apiVersionOf(target.resource),
      metadata: { resourceVersion: String(store.version) },
    });
  return {
    status: 200,
    body: first.join(''),
    stream: (write, end) => {
      const stop = store.onChange((c) => {
        if (isMine(c)) write(line(c.type, c.object));
      });
      const timer =
        seconds > 0
          ? setTimeout(() => {
              if (wantsBookmarks) write(bookmark());
              end();
            }, seconds * 1000)
          : undefined;
      return () => {
        stop();
        clearTimeout(timer);
      };
    },
  };
}
