/*
 * Create, update, patch and delete as the API server does them: versions compared, kinds and names held together, status
 * kept apart, Services prepared and validated, owners of fields recorded, dry runs that store nothing.
 */
import { parseDocument } from 'yaml';
import { canonical, copy, isMap, type Json, listOf, mapOf, need, textOf } from './json.ts';
import { jsonPatch } from './json-patch.ts';
import { checkObject } from './limits.ts';
import { apply, ownUpdate } from './managed-fields.ts';
import { mergePatch, strategicMerge } from './merge-patch.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { allocateService, defaultService, validateService } from './service.ts';
import { alreadyExists, badRequest, invalid, modified, notFound, Refused, rejected } from './status.ts';
import { type Place, placeOf, type Store } from './store.ts';
import { unknownFields } from './strict.ts';

export interface WriteOptions {
  readonly manager: string;
  readonly isDryRun: boolean;
  readonly isForced: boolean;
  readonly isStrict: boolean;
  readonly subresource: '' | 'status';
  readonly now: string;
}

export function create(store: Store, place: Place, body: Json, options: WriteOptions): Json {
  const object = copy(body);
  const metadata = need(object, 'metadata');
  if (place.namespace !== '') metadata.namespace ??= place.namespace;
  if (textOf(metadata.name) === '' && textOf(metadata.generateName) !== '')
    metadata.name = `${textOf(metadata.generateName)}${crypto.randomUUID().slice(0, 5)}`;
  checkIdentity(place.resource, object, place.namespace, textOf(metadata.name));
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '')
    throw badRequest('resourceVersion should not be set on objects to be created');
  const at = placeOf(place.resource, object);
  if (store.get(at) !== undefined) throw alreadyExists(place.resource, at.name);
  checkNamespace(store, at);
  const { managedFields: _, ...own } = metadata;
  const fresh = {
    ...object,
    metadata: {
      ...own,
      uid: crypto.randomUUID(),
      creationTimestamp: options.now,
      ...(hasGeneration(at.resource) && { generation: 1 }),
    },
  };
  return finish(store, at, undefined, fresh, options);
}

export function update(store: Store, place: Place, body: Json, options: WriteOptions): Json {
  const live = need404(store, place);
  const version = mapOf(body.metadata).resourceVersion;
  if (version !== undefined && version !== '' && version !== mapOf(live.metadata).resourceVersion)
    throw modified(place.resource, place.name);
  return finish(store, place, live, copy(body), options);
}

/** `type` is the content type of the request. */
export function patch(store: Store, place: Place, type: string, text: string, options: WriteOptions): Json {
  if (type === 'application/apply-patch+yaml') return applyPatch(store, place, text, options);
  if (options.isForced)
    throw invalid(place.resource, place.name, [
      {
        reason: 'FieldValueForbidden',
        field: 'force',
        message: 'Forbidden: may not be specified for non-apply patch',
      },
    ]);
  const live = need404(store, place);
  const body: unknown = parsed(text);
  const next = patched(live, type, body, place.resource);
  const asked = mapOf(next.metadata).resourceVersion;
  if (asked !== mapOf(live.metadata).resourceVersion) throw modified(place.resource, place.name);
  return finish(store, place, live, next, options);
}

function patched(live: Json, type: string, body: unknown, resource: Resource): Json {
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(live, body);
    case 'application/merge-patch+json':
      return mapOf(mergePatch(live, body));
    case 'application/strategic-merge-patch+json':
      if (resource.group.includes('.') && !resource.group.endsWith('.k8s.io') && resource.group !== 'apps')
        break;
      if (!isMap(body)) throw rejected();
      return strategicMerge(live, body, [resource.kind]);
  }
  throw new Refused(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
  );
}

function applyPatch(store: Store, place: Place, text: string, options: WriteOptions): Json {
  const { resource, name, namespace } = place;
  if (options.manager === '')
    throw invalid(resource, name, [
      {
        reason: 'FieldValueRequired',
        field: 'fieldManager',
        message: 'Required value: is required for apply patch',
      },
    ]);
  const configuration = parsed(text);
  if (!isMap(configuration) || textOf(configuration.kind) === '' || textOf(configuration.apiVersion) === '')
    throw badRequest('error decoding YAML: apiVersion and kind must be set');
  checkIdentity(resource, configuration, namespace, name);
  if (mapOf(configuration.metadata).managedFields !== undefined)
    throw badRequest('metadata.managedFields must be nil');
  if (options.isStrict) checkStrict(configuration);
  const live = store.get(place);
  const version = mapOf(configuration.metadata).resourceVersion;
  if (version !== undefined && version !== mapOf(live?.metadata).resourceVersion)
    throw modified(resource, name);
  checkNamespace(store, place);
  const base = live ?? newObject(place, options);
  const writer = writerOf(resource, options);
  const stripped = {
    ...configuration,
    metadata: { ...mapOf(configuration.metadata), resourceVersion: undefined },
  };
  const merged = apply(base, stripped, writer, options.isForced);
  const metadata = { ...mapOf(merged.metadata), resourceVersion: mapOf(base.metadata).resourceVersion };
  return finish(store, place, live, { ...merged, metadata }, { ...options, manager: '' });
}

function newObject({ resource, namespace, name }: Place, options: WriteOptions): Json {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: {
      name,
      ...(namespace !== '' && { namespace }),
      uid: crypto.randomUUID(),
      creationTimestamp: options.now,
      ...(hasGeneration(resource) && { generation: 1 }),
    },
  };
}

export function remove(store: Store, place: Place, body: Json, isDryRun: boolean, now: string): Json {
  const live = need404(store, place);
  const metadata = mapOf(live.metadata);
  const { uid, resourceVersion } = mapOf(body.preconditions);
  if (uid !== undefined && uid !== metadata.uid) throw modified(place.resource, place.name);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw modified(place.resource, place.name);
  if (isDryRun) return live;
  if (listOf(metadata.finalizers).length === 0) {
    store.remove(place);
    return live;
  }
  return store.put(place.resource, {
    ...live,
    metadata: { ...metadata, deletionTimestamp: metadata.deletionTimestamp ?? now },
  });
}

/** Everything that is the same however an object came to be written. `manager` '': owners are recorded already. */
function finish(store: Store, place: Place, live: Json | undefined, next: Json, options: WriteOptions): Json {
  const { resource } = place;
  checkIdentity(
    resource,
    next,
    place.namespace,
    place.name === '' ? textOf(mapOf(next.metadata).name) : place.name,
  );
  if (options.isStrict) checkStrict(next);
  const parts = withStatusApart(live, next, resource, options.subresource);
  const isService = resource.kind === 'Service' && options.subresource === '';
  const filled = isService ? defaultService(parts, live) : parts;
  const owned =
    options.manager === '' ? filled : ownUpdate(live ?? emptyOf(filled), filled, writerOf(resource, options));
  const prepared = isService ? allocateService(owned, live, store.allocations()) : owned;
  if (isService) {
    const causes = validateService(prepared, live, store.allocations());
    if (causes.length > 0) throw invalid(resource, textOf(mapOf(prepared.metadata).name), causes);
  }
  const whole = withSystemFields(
    live,
    isUnchanged(live, prepared) && live !== undefined ? live : prepared,
    resource,
  );
  checkObject(resource, live, whole);
  if (options.isDryRun) return whole;
  const isGone =
    mapOf(whole.metadata).deletionTimestamp !== undefined &&
    listOf(mapOf(whole.metadata).finalizers).length === 0;
  if (!isGone) return store.put(resource, whole);
  store.remove(placeOf(resource, whole));
  return whole;
}

function emptyOf({ apiVersion, kind }: Json): Json {
  return { apiVersion, kind, metadata: {} };
}

/** Equal but for who owns it since when: then not even that changes. */
function isUnchanged(live: Json | undefined, next: Json): boolean {
  if (live === undefined) return false;
  const timeless = (o: Json) => {
    const metadata = { ...mapOf(o.metadata), resourceVersion: '' };
    const fields = listOf(mapOf(o.metadata).managedFields).map((m) => ({ ...mapOf(m), time: '' }));
    return canonical({ ...o, metadata: { ...metadata, managedFields: fields } });
  };
  return timeless(live) === timeless(next);
}

function withStatusApart(live: Json | undefined, next: Json, resource: Resource, subresource: string): Json {
  if (subresource === 'status')
    return { ...live, status: next.status, metadata: { ...mapOf(live?.metadata) } };
  if (!resource.hasStatus) return next;
  const { status: _, ...rest } = next;
  return live?.status === undefined ? rest : { ...rest, status: live.status };
}

/** Fields that no client can change. */
function withSystemFields(live: Json | undefined, next: Json, resource: Resource): Json {
  if (live === undefined) return next;
  const { uid, creationTimestamp, resourceVersion, generation, deletionTimestamp } = mapOf(live.metadata);
  const isNewSpec = canonical(mapOf(live.spec)) !== canonical(mapOf(next.spec));
  const g = typeof generation === 'number' ? generation + (isNewSpec ? 1 : 0) : undefined;
  const metadata: Json = { ...mapOf(next.metadata), uid, creationTimestamp, resourceVersion };
  if (deletionTimestamp !== undefined) metadata.deletionTimestamp = deletionTimestamp;
  if (g !== undefined && hasGeneration(resource)) metadata.generation = g;
  return { ...next, metadata };
}

function hasGeneration(resource: Resource): boolean {
  return resource.group !== '' && !['Lease', 'EndpointSlice'].includes(resource.kind);
}

function writerOf(resource: Resource, { manager, subresource, now }: WriteOptions) {
  return { manager, subresource, apiVersion: apiVersionOf(resource), time: now };
}

function checkIdentity(resource: Resource, object: Json, namespace: string, name: string): void {
  const metadata = mapOf(object.metadata);
  const [kind, apiVersion] = [textOf(object.kind), textOf(object.apiVersion)];
  if (kind !== resource.kind || apiVersion !== apiVersionOf(resource))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): ${apiVersion}, Kind=${kind}`,
    );
  if (textOf(metadata.namespace) !== '' && metadata.namespace !== namespace)
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  if (textOf(metadata.name) !== '' && metadata.name !== name)
    throw badRequest(
      `the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`,
    );
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name))
    throw invalid(resource, name, [
      {
        reason: 'FieldValueInvalid',
        field: 'metadata.name',
        message: `Invalid value: ${JSON.stringify(name)}`,
      },
    ]);
}

/** Where namespaces are known, an object needs one of them. */
function checkNamespace(store: Store, { resource, namespace }: Place): void {
  const namespaces = store.resources.find((r) => r.plural === 'namespaces' && r.group === '');
  if (namespaces === undefined || !resource.isNamespaced || store.list(namespaces).length === 0) return;
  if (store.get({ resource: namespaces, namespace: '', name: namespace }) === undefined)
    throw notFound(namespaces, namespace);
}

function checkStrict(object: Json): void {
  const unknown = unknownFields(object);
  if (unknown.length === 0) return;
  throw badRequest(`strict decoding error: ${unknown.map((f) => `unknown field "${f}"`).join(', ')}`);
}

function need404(store: Store, place: Place): Json {
  const live = store.get(place);
  if (live === undefined) throw notFound(place.resource, place.name);
  return live;
}

/** JSON or YAML, as the server reads both. */
function parsed(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) throw badRequest(`error decoding: ${document.errors[0]?.message ?? ''}`);
  return document.toJS() as unknown;
}
