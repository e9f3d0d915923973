/*
 * The wire of the Kubernetes API as far as Sightline writes: get, create, JSON patch, server-side apply as a dry run,
 * delete with preconditions, and the question whether one may. Never `force`.
 */
import { type ApiFailure, fetched } from '../api-failure.ts';
import { safeText } from '../credential.ts';
import { callHttp, type HttpOutcome, type HttpServer } from '../http-call.ts';
import { decodeJson, type Json, mapOf, statusOf } from './decode.ts';
import type { Access } from './kubeconfig.ts';

/** Where an object lives. */
export interface ObjectRef {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Operation {
  readonly op: 'test' | 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

export interface PatchOptions {
  readonly manager: string;
  readonly isDryRun: boolean;
}

/** A conflict of server-side apply: the field, and who owns it. */
export interface OwnedField {
  readonly field: string;
  readonly says: string;
}

export type Answer = { readonly kind: 'object'; readonly object: Json } | Failure;
export interface Failure extends ApiFailure {
  readonly reason: string;
  readonly owned: readonly OwnedField[];
}

const json = 'application/json';

export class KubernetesApi {
  readonly #access: () => Promise<Access>;
  readonly #timeoutMs: number | undefined;

  constructor(access: () => Promise<Access>, timeoutMs?: number) {
    this.#access = access;
    this.#timeoutMs = timeoutMs;
  }

  get(ref: ObjectRef): Promise<Answer> {
    return this.#call('GET', pathOf(ref));
  }

  /** A List of the objects of the namespace that carry the labels. */
  list(ref: ObjectRef, labels: Readonly<Record<string, string>>): Promise<Answer> {
    const selector = Object.entries(labels)
      .map(([k, v]) => `${k}=${v}`)
      .join(',');
    return this.#call('GET', `${pathOf({ ...ref, name: '' })}?labelSelector=${encodeURIComponent(selector)}`);
  }

  /** The text of a pod's log. */
  async log(
    ref: ObjectRef,
    asked: { readonly container: string; readonly sinceSeconds: number; readonly limitBytes: number },
  ): Promise<{ readonly kind: 'text'; readonly text: string } | Failure> {
    const query = new URLSearchParams(
      Object.entries(asked).map(([k, v]): [string, string] => [k, String(v)]),
    );
    const got = await fetched(this.#access);
    if ('kind' in got) return { ...got, reason: '', owned: [] };
    const outcome = await callHttp(serverOf(got.value, this.#timeoutMs), {
      method: 'GET',
      path: `${pathOf(ref)}/log?${query}`,
      headers: { ...authorizationOf(got.value), accept: '*/*' },
    });
    if (outcome.kind === 'answered' && outcome.status === 200) return { kind: 'text', text: outcome.body };
    const answer = answerOf(outcome, got.value, 'GET');
    if (answer.kind === 'failed') return answer;
    return {
      kind: 'failed',
      mayHaveActed: false,
      says: 'answered an object instead of a log',
      reason: '',
      owned: [],
    };
  }

  create(ref: ObjectRef, object: Json, options: PatchOptions): Promise<Answer> {
    return this.#call('POST', `${pathOf({ ...ref, name: '' })}${queryOf(options)}`, object, json);
  }

  patch(ref: ObjectRef, operations: readonly Operation[], options: PatchOptions): Promise<Answer> {
    return this.#call(
      'PATCH',
      `${pathOf(ref)}${queryOf(options)}`,
      operations,
      'application/json-patch+json',
    );
  }

  /** Asks the server who owns the fields of the configuration; writes nothing. */
  applyDry(ref: ObjectRef, configuration: Json, manager: string): Promise<Answer> {
    const query = queryOf({ manager, isDryRun: true });
    return this.#call(
      'PATCH',
      `${pathOf(ref)}${query}&force=false`,
      configuration,
      'application/apply-patch+yaml',
    );
  }

  delete(ref: ObjectRef, preconditions: Json, isDryRun: boolean): Promise<Answer> {
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      preconditions,
      ...(isDryRun && { dryRun: ['All'] }),
    };
    return this.#call('DELETE', `${pathOf(ref)}${isDryRun ? '?dryRun=All' : ''}`, body, json);
  }

  /** Whether the credential may; needs no right itself. */
  async mayI(verb: string, ref: ObjectRef): Promise<boolean | Failure> {
    const { group, plural, namespace, name } = ref;
    const resourceAttributes = {
      verb,
      group,
      resource: plural,
      namespace,
      ...(verb !== 'create' && { name }),
    };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    };
    const answer = await this.#call(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body,
      json,
    );
    return answer.kind === 'failed' ? answer : mapOf(answer.object.status).allowed === true;
  }

  async #call(method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
    const got = await fetched(this.#access);
    if ('kind' in got) return { ...got, reason: '', owned: [] };
    const access = got.value;
    const headers = { ...authorizationOf(access), ...(type !== undefined && { 'content-type': type }) };
    const outcome = await callHttp(serverOf(access, this.#timeoutMs), {
      method,
      path,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return answerOf(outcome, access, method);
  }
}

function authorizationOf({ token }: Access): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
}

function serverOf({ url, ca, cert, key }: Access, timeoutMs: number | undefined): HttpServer {
  return {
    url,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key: key.reveal() }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

function answerOf(outcome: HttpOutcome, access: Access, method: string): Answer {
  const isWrite = method !== 'GET';
  const secrets = [access.token, access.key].filter((s) => s !== undefined);
  const failed = (more: Partial<Failure> & { says: string }): Failure => ({
    kind: 'failed',
    mayHaveActed: false,
    reason: '',
    owned: [],
    ...more,
    says: `the Kubernetes API at ${access.url}: ${safeText(more.says, secrets)}`,
  });
  if (outcome.kind === 'failed')
    return failed({ says: outcome.says, mayHaveActed: isWrite && outcome.isSent });
  const { status, body, retryAfterMs } = outcome;
  const value = decodeJson(body);
  if (value === undefined)
    return failed({ says: `answered ${status} with something that is no object`, mayHaveActed: isWrite });
  if (status >= 200 && status < 300) return { kind: 'object', object: value };
  const { reason, message, owned } = statusOf(value);
  const says = message === '' ? `answered ${status}` : `answered ${status}: ${message}`;
  const mayHaveActed = isWrite && (status >= 500 || status < 400);
  return failed({
    status,
    says,
    reason,
    owned,
    mayHaveActed,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Path of the object, or of its collection where the name is ''. */
export function pathOf({ group, version, plural, namespace, name }: ObjectRef): string {
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const inNamespace = namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${base}${inNamespace}/${plural}${name === '' ? '' : `/${encodeURIComponent(name)}`}`;
}

function queryOf({ manager, isDryRun }: PatchOptions): string {
  const dry = isDryRun ? '&dryRun=All' : '';
  return `?fieldManager=${encodeURIComponent(manager)}&fieldValidation=Strict${dry}`;
}

export function nameOf(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace === '' ? '' : `${ref.namespace}/`}${ref.name}`;
}
