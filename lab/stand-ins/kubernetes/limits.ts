/*
 * What a ConfigMap and a Lease may hold, and how large objects and requests may be (kubernetes v1.34: ValidateConfigMap,
 * ValidateLeaseSpec, MicroTime, MaxRequestBodyBytes; etcd's default for a request).
 */
import { canonical, type Json, mapOf, textOf } from './json.ts';
import type { Resource } from './resources.ts';
import { type Cause, invalid, Refused } from './status.ts';

const requestBytes = 3 * 1024 * 1024;
const etcdBytes = 1.5 * 1024 * 1024;
const dataBytes = 1024 * 1024;

export function checkRequestSize(body: string): void {
  if (Buffer.byteLength(body) > requestBytes)
    throw new Refused(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${requestBytes}`);
}

/** Called with every object that is to be stored. */
export function checkObject(resource: Resource, live: Json | undefined, next: Json): void {
  const causes =
    resource.kind === 'ConfigMap' ? configMap(live, next) : resource.kind === 'Lease' ? lease(next) : [];
  if (causes.length > 0) throw invalid(resource, textOf(mapOf(next.metadata).name), causes);
  if (Buffer.byteLength(JSON.stringify(next)) > etcdBytes)
    throw new Refused(500, 'InternalError', 'Internal error occurred: etcdserver: request is too large');
}

function configMap(live: Json | undefined, next: Json): readonly Cause[] {
  const entries = [...Object.entries(mapOf(next.data)), ...Object.entries(mapOf(next.binaryData))];
  const badKeys = entries
    .filter(([key]) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === '.' || key.startsWith('..'))
    .map(([key]) => cause('FieldValueInvalid', `data[${key}]`, `Invalid value: ${JSON.stringify(key)}`));
  if (entries.some(([, value]) => typeof value !== 'string'))
    throw new Refused(400, 'BadRequest', 'ConfigMap in version "v1" cannot be handled as a ConfigMap');
  const size = entries.reduce((sum, [, value]) => sum + Buffer.byteLength(textOf(value)), 0);
  const tooLong =
    size > dataBytes
      ? [cause('FieldValueTooLong', '[]', `Too long: may not be more than ${dataBytes} bytes`)]
      : [];
  const isFixed = live?.immutable === true;
  const isOther =
    canonical([live?.data, live?.binaryData, live?.immutable]) !==
    canonical([next.data, next.binaryData, next.immutable]);
  const frozen =
    isFixed && isOther
      ? [cause('FieldValueForbidden', 'data', 'Forbidden: field is immutable when `immutable` is set')]
      : [];
  return [...badKeys, ...tooLong, ...frozen];
}

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

function lease(next: Json): readonly Cause[] {
  const spec = mapOf(next.spec);
  for (const field of ['acquireTime', 'renewTime']) {
    const time = spec[field];
    if (time !== undefined && time !== null && !microTime.test(textOf(time)))
      throw new Refused(
        400,
        'BadRequest',
        `Lease in version "v1" cannot be handled as a Lease: parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00"`,
      );
  }
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec;
  return [
    ...(typeof seconds === 'number' && seconds <= 0
      ? [
          cause(
            'FieldValueInvalid',
            'spec.leaseDurationSeconds',
            `Invalid value: ${seconds}: must be greater than 0`,
          ),
        ]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [
          cause(
            'FieldValueInvalid',
            'spec.leaseTransitions',
            `Invalid value: ${transitions}: must be greater than or equal to 0`,
          ),
        ]
      : []),
  ];
}

function cause(reason: string, field: string, message: string): Cause {
  return { reason, field, message };
}
