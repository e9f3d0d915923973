/* snapshot.json and variant.json: what was collected, completely or not, and what an overlay changes in its base. */
import { z } from 'zod';
import { messageOf, SightlineError } from '#estate/error.ts';

const listedFile = z.strictObject({
  path: z.string().min(1).max(1024),
  holds: z.array(z.string().min(1).max(300)).max(500).default([]),
  /** false: more of it exists than the file holds. */
  complete: z.boolean().default(true),
});

const manifest = z.strictObject({
  format: z.literal(1),
  takenAt: z.iso.datetime({ offset: true }).optional(),
  description: z.string().optional(),
  /** Systems, folders and kinds that this estate does not have: `tunnel`, `cluster/home/IPAddressPool`, `IngressRoute`. */
  absent: z.array(z.string().min(1).max(300)).default([]),
  files: z.array(listedFile).max(50_000).default([]),
});

const variant = z.strictObject({
  base: z.string().min(1).max(1024),
  description: z.string().optional(),
  takenAt: z.iso.datetime({ offset: true }).optional(),
  remove: z.array(z.string().min(1).max(1024)).default([]),
  absent: z.array(z.string().min(1).max(300)).default([]),
  files: z.array(listedFile).max(50_000).default([]),
});

export type ListedFile = z.infer<typeof listedFile>;
export type Manifest = z.infer<typeof manifest>;
export type Variant = z.infer<typeof variant>;

/** Content of snapshot.json; throws SightlineError `bad-snapshot` that says where it is wrong. */
export function decodeManifest(text: string, path: string): Manifest {
  return decode(manifest, text, path);
}

/** Content of variant.json; throws SightlineError `bad-snapshot` that says where it is wrong. */
export function decodeVariant(text: string, path: string): Variant {
  return decode(variant, text, path);
}

function decode<T>(schema: z.ZodType<T>, text: string, path: string): T {
  const result = schema.safeParse(parseJson(text, path));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
  throw new SightlineError('bad-snapshot', `${path}${place}: ${issue?.message ?? 'wrong shape'}`, {
    hint: howToWrite,
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SightlineError('bad-snapshot', `${path} is not JSON: ${messageOf(cause)}`, {
      hint: howToWrite,
      cause,
    });
  }
}

export const howToWrite =
  '`sightline collect` writes it; by hand: { "format": 1, "files": [ { "path": "cluster/home/services.yaml", "holds": ["Service"], "complete": true } ] }';
