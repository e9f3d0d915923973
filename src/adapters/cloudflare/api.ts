/* The wire of Cloudflare's API v4: an envelope with `success`, and errors with codes. Only the five calls that are needed. */
import { z } from 'zod';
import { type ApiFailure, fetched } from '../api-failure.ts';
import { type Credential, safeText } from '../credential.ts';
import { callHttp, type HttpOutcome } from '../http-call.ts';

export type Answer<T> = { readonly kind: 'ok'; readonly result: T } | ApiFailure;

export interface CloudflareAccess {
  /** `https://api.cloudflare.com`. */
  readonly url: string;
  readonly token: Credential;
  readonly ca?: string;
  readonly timeoutMs?: number;
}

const rule = z.looseObject({
  hostname: z.string().nullish(),
  path: z.string().nullish(),
  service: z.string(),
  originRequest: z.record(z.string(), z.unknown()).nullish(),
});
const configuration = z.looseObject({
  ingress: z.array(rule).min(1),
  originRequest: z.record(z.string(), z.unknown()).nullish(),
});
const configured = z.object({ version: z.number(), source: z.string().optional(), config: configuration });
const record = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  content: z.string(),
  ttl: z.number(),
  proxied: z.boolean().optional(),
});

export type TunnelConfiguration = z.infer<typeof configured>;
export type Rule = z.infer<typeof rule>;
export type DnsRecord = z.infer<typeof record>;

export class CloudflareApi {
  readonly #access: CloudflareAccess;
  constructor(access: CloudflareAccess) {
    this.#access = access;
  }

  configuration(account: string, tunnel: string): Promise<Answer<TunnelConfiguration>> {
    return this.#call('GET', pathOf(account, tunnel), configured);
  }

  /** Replaces the whole configuration. */
  replace(
    account: string,
    tunnel: string,
    config: TunnelConfiguration['config'],
  ): Promise<Answer<TunnelConfiguration>> {
    return this.#call('PUT', pathOf(account, tunnel), configured, { config });
  }

  zones(name: string): Promise<Answer<{ id: string }[]>> {
    return this.#call(
      'GET',
      `/zones?name=${encodeURIComponent(name)}`,
      z.array(z.object({ id: z.string() })),
    );
  }

  records(zone: string, name: string, type: string): Promise<Answer<DnsRecord[]>> {
    const query = `name=${encodeURIComponent(name)}&type=${type}&per_page=100`;
    return this.#call('GET', `/zones/${zone}/dns_records?${query}`, z.array(record));
  }

  changeRecord(zone: string, id: string, change: Partial<DnsRecord>): Promise<Answer<DnsRecord>> {
    return this.#call('PATCH', `/zones/${zone}/dns_records/${id}`, record, change);
  }

  async #call<T>(method: string, path: string, shape: z.ZodType<T>, body?: unknown): Promise<Answer<T>> {
    const { url, ca, timeoutMs, token } = this.#access;
    const got = await fetched(token);
    if ('kind' in got) return got;
    const secret = got.value;
    const server = { url, ...(ca !== undefined && { ca }), ...(timeoutMs !== undefined && { timeoutMs }) };
    const outcome = await callHttp(server, {
      method,
      path: `/client/v4${path}`,
      headers: { authorization: `Bearer ${secret.reveal()}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = answerOf(outcome, shape, method !== 'GET');
    return answer.kind === 'ok'
      ? answer
      : { ...answer, says: `Cloudflare's API: ${safeText(answer.says, [secret])}` };
  }
}

const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown(),
});

function answerOf<T>(outcome: HttpOutcome, shape: z.ZodType<T>, isWrite: boolean): Answer<T> {
  const failed = (says: string, more: Partial<ApiFailure> = {}): ApiFailure => ({
    kind: 'failed',
    mayHaveActed: false,
    ...more,
    says,
  });
  if (outcome.kind === 'failed') return failed(outcome.says, { mayHaveActed: isWrite && outcome.isSent });
  const { status, retryAfterMs } = outcome;
  const isOk = status >= 200 && status < 300;
  const more = {
    ...(!isOk && { status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    mayHaveActed: isWrite && (status < 400 || status >= 500),
  };
  const read = envelope.safeParse(parsed(outcome.body));
  if (!read.success) return failed(`answered ${status} with something that is no answer of the API`, more);
  if (!isOk || !read.data.success) {
    const says = read.data.errors.map((e) => `${e.message} (${e.code})`).join(', ');
    return failed(`answered ${status}: ${says || 'it says no more'}`, more);
  }
  const result = shape.safeParse(read.data.result);
  if (result.success) return { kind: 'ok', result: result.data };
  return failed(
    `answered with another shape than known: ${result.error.issues[0]?.path.join('.') ?? ''}`,
    more,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pathOf(account: string, tunnel: string): string {
  return `/accounts/${account}/cfd_tunnel/${tunnel}/configurations`;
}
