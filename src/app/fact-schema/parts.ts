/* Parts of facts as schemas: addresses, names, ports, selectors, matches of rules. Text that is not canonical is refused. */
import { z } from 'zod';
import type { Kind, Kinds } from '#estate/kinds.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { type Prefix, parsePrefix } from '#net/prefix.ts';

/** One schema for each field of a kind; a field that may be absent is optional. A new field is asked for by the compiler. */
export type FieldsOf<T> = {
  readonly [F in keyof T]-?: undefined extends T[F]
    ? z.ZodOptional<z.ZodType<Exclude<T[F], undefined>>>
    : Record<never, never> extends Pick<T, F>
      ? z.ZodOptional<z.ZodType<T[F]>>
      : z.ZodType<T[F]>;
};
export type SchemasOf<K extends Kind> = { readonly [Of in K]: FieldsOf<Kinds[Of]> };

function canonical<T extends string>(parse: (text: string) => T | undefined, what: string): z.ZodType<T> {
  const isIt = (value: unknown): value is T => typeof value === 'string' && parse(value) === value;
  return z.custom<T>(isIt, { error: `${what} is expected` });
}

export const text = z.string();
export const texts = z.array(text);
export const flag = z.boolean();
export const ip = canonical<Ip>(parseIp, 'an address');
export const ips = z.array(ip);
export const prefix = canonical<Prefix>(parsePrefix, 'a network such as 10.0.20.0/24');
export const prefixes = z.array(prefix);
export const name = canonical<DnsName>(parseName, 'a DNS name in lower case without a final dot');
export const seconds = z.number().int().min(0).max(1e9);
export const place = z.number().int().min(0);
export const port = z.number().int().min(1).max(65_535);
export const protocol = z.enum(['tcp', 'udp', 'sctp']);
export const labels = z.record(text, text);
export const policy = z.enum(['cluster', 'local']);
export const family = z.union([z.literal(4), z.literal(6)]);
export const range = z.strictObject({ first: ip, last: ip });
export const ranges = z.array(z.union([prefix, range]));

export const selector = z.strictObject({
  matchLabels: labels.exactOptional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: text,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: texts.exactOptional(),
      }),
    )
    .exactOptional(),
});

const any = z.strictObject({ kind: z.literal('any') });
const not = flag;
const addressMatch = z.discriminatedUnion('kind', [
  any,
  z.strictObject({ kind: z.literal('address'), prefix, not }),
  z.strictObject({ kind: z.literal('alias'), name: text, not }),
  z.strictObject({ kind: z.literal('interface'), name: text, part: z.enum(['address', 'network']), not }),
  z.strictObject({ kind: z.literal('self'), not }),
  z.strictObject({ kind: z.literal('unknown'), text }),
]);
const portMatch = z.discriminatedUnion('kind', [
  any,
  z.strictObject({ kind: z.literal('range'), range: z.strictObject({ first: port, last: port }) }),
  z.strictObject({ kind: z.literal('alias'), name: text }),
]);
export const match = z.strictObject({
  family: z.union([family, z.literal('both')]),
  protocol: z.enum(['any', 'tcp', 'udp', 'tcp/udp', 'icmp', 'other']),
  source: addressMatch,
  sourcePort: portMatch,
  destination: addressMatch,
  destinationPort: portMatch,
});

export const trust = z.strictObject({ from: prefixes, everyone: flag });
