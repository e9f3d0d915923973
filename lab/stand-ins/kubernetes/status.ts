/* Refusals as the API server writes them: a Status object with reason, code and details. */
import type { Resource } from './resources.ts';

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** Thrown inside the stand-in; answered as a Status. */
export class Refused extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  constructor(
    code: number,
    reason: string,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The object as it is sent. */
  status(): unknown {
    const { code, reason, message, details } = this;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      details,
      code,
    };
  }
}

const named = (r: Resource, name: string) => `${r.plural}${r.group === '' ? '' : `.${r.group}`} "${name}"`;

export function notFound(r: Resource, name: string): Refused {
  return new Refused(404, 'NotFound', `${named(r, name)} not found`, {
    name,
    group: r.group,
    kind: r.plural,
  });
}

export function alreadyExists(r: Resource, name: string): Refused {
  return new Refused(409, 'AlreadyExists', `${named(r, name)} already exists`, { name, kind: r.plural });
}

export function modified(r: Resource, name: string): Refused {
  const says = `Operation cannot be fulfilled on ${named(r, name)}: the object has been modified; please apply your changes to the latest version and try again`;
  return new Refused(409, 'Conflict', says, { name, group: r.group, kind: r.plural });
}

/** 422 with one cause a field. */
export function invalid(r: Resource, name: string, causes: readonly Cause[]): Refused {
  const texts = causes.map((c) => `${c.field}: ${c.message}`);
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const details = { name, group: r.group, kind: r.kind, causes };
  return new Refused(422, 'Invalid', `${r.kind} "${name}" is invalid: ${list}`, details);
}

export function badRequest(message: string): Refused {
  return new Refused(400, 'BadRequest', message);
}

/** What a JSON patch gets that does not fit, a failed test included: the server does not say more. */
export function rejected(): Refused {
  return new Refused(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

/** The Status that goes with a code alone, for faults. */
export function statusFor(code: number, retryAfterSeconds?: number): Refused {
  const reasons: Readonly<Record<number, readonly [string, string]>> = {
    401: ['Unauthorized', 'Unauthorized'],
    403: ['Forbidden', 'forbidden: User "sightline" cannot do this'],
    404: ['NotFound', 'the server could not find the requested resource'],
    409: [
      'Conflict',
      'Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again',
    ],
    429: ['TooManyRequests', 'Too many requests, please try again later.'],
    500: ['InternalError', 'Internal error occurred: etcdserver: request timed out'],
    503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
    504: ['Timeout', 'Timeout: request did not complete within the allotted timeout'],
  };
  const [reason, message] = reasons[code] ?? ['Unknown', 'unknown'];
  return new Refused(code, reason, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}
