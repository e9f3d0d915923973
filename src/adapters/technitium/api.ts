/*
 * The wire of Technitium's HTTP API. The answer is always 200: its `status` says whether the call worked, so a refusal is
 * told from a transport's failure by the body alone.
 */
import { type ApiFailure, fetched } from '../api-failure.ts';
import { type Credential, safeText } from '../credential.ts';
import { callHttp } from '../http-call.ts';
import { decodeAnswer, type Json } from './decode.ts';

export type Answer = { readonly kind: 'ok'; readonly response: Json } | ApiFailure;

export interface ServerAccess {
  readonly url: string;
  readonly token: Credential;
  readonly ca?: string;
  readonly timeoutMs?: number;
}

export class TechnitiumApi {
  readonly #access: ServerAccess;
  constructor(access: ServerAccess) {
    this.#access = access;
  }

  read(path: string, parameters: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#call(path, parameters, false);
  }

  write(path: string, parameters: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#call(path, parameters, true);
  }

  /** Parameters go in the body, so that none is in a server's log; the token only in its header. */
  async #call(path: string, parameters: Readonly<Record<string, string>>, isWrite: boolean): Promise<Answer> {
    const { url, ca, timeoutMs, token } = this.#access;
    const got = await fetched(token);
    if ('kind' in got) return got;
    const secret = got.value;
    const server = { url, ...(ca !== undefined && { ca }), ...(timeoutMs !== undefined && { timeoutMs }) };
    const outcome = await callHttp(server, {
      method: 'POST',
      path: `/api/${path}`,
      headers: {
        authorization: `Bearer ${secret.reveal()}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams(parameters).toString(),
    });
    const failed = (says: string, more: Partial<ApiFailure> = {}): ApiFailure => ({
      kind: 'failed',
      mayHaveActed: false,
      ...more,
      says: `Technitium at ${url}: ${safeText(says, [secret])}`,
    });
    if (outcome.kind === 'failed') return failed(outcome.says, { mayHaveActed: isWrite && outcome.isSent });
    const retry = outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs };
    const answer = outcome.status === 200 ? decodeAnswer(outcome.body) : undefined;
    if (answer === undefined) {
      const isRefusal = outcome.status >= 400 && outcome.status < 500;
      return failed(`answered ${outcome.status} with something that is no answer of its API`, {
        ...retry,
        ...(outcome.status !== 200 && { status: outcome.status }),
        mayHaveActed: isWrite && !isRefusal,
      });
    }
    if (answer.status === 'ok') return { kind: 'ok', response: answer.response };
    // its own words for a token that is not accepted, a missing right, and everything else that it refuses
    const status =
      answer.status === 'invalid-token' ? 401 : /access was denied/i.test(answer.says) ? 403 : 400;
    return failed(`${answer.status}: ${answer.says}`, { status });
  }
}
