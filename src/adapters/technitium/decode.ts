/* Technitium's answers as values: the envelope, and the records of one name. A wrong shape is undefined. */
import { z } from 'zod';

export type Json = Readonly<Record<string, unknown>>;

const envelope = z.looseObject({
  status: z.string(),
  errorMessage: z.string().optional(),
  response: z.record(z.string(), z.unknown()).optional(),
  // what session/get says beside the response
  info: z.record(z.string(), z.unknown()).optional(),
});

export interface Envelope {
  readonly status: string;
  readonly says: string;
  readonly response: Json;
}

export function decodeAnswer(text: string): Envelope | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = envelope.safeParse(value);
  if (!read.success) return undefined;
  const { status, errorMessage, response, info } = read.data;
  return { status, says: errorMessage ?? 'it says no more', response: response ?? info ?? {} };
}

const record = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.number(),
  disabled: z.boolean().default(false),
  comments: z.string().nullish(),
  expiryTtl: z.number().nullish(),
  rData: z.record(z.string(), z.unknown()),
});
export type LiveRecord = z.infer<typeof record>;

/** Records of the answer of zones/records/get; undefined: it is none. */
export function decodeRecords(response: Json): readonly LiveRecord[] | undefined {
  const read = z.object({ records: z.array(record) }).safeParse(response);
  return read.success ? read.data.records : undefined;
}

/** The app's configuration as text; undefined: the answer is none. */
export function decodeConfig(response: Json): string | undefined {
  return typeof response.config === 'string' ? response.config : undefined;
}
