/* Image references: `registry:5000/path/name:tag@sha256:…`. */

import type { KubeObject } from './object.ts';
import { containersOf, podTemplateOf } from './workloads.ts';

export interface Image {
  /** Everything before the tag, without the registry. */
  readonly path: string;
  /** Last part of the path. */
  readonly name: string;
  /** Version as the tag states it, without a leading `v`; undefined: no tag, or one that is no version. */
  readonly version?: string;
}

export function parseImage(reference: string): Image {
  const withoutDigest = reference.split('@', 1)[0] ?? '';
  const slash = withoutDigest.lastIndexOf('/');
  const colon = withoutDigest.indexOf(':', slash + 1);
  const full = colon < 0 ? withoutDigest : withoutDigest.slice(0, colon);
  const tag = colon < 0 ? '' : withoutDigest.slice(colon + 1);
  const path = full.replace(/^[^/]*[.:][^/]*\/|^localhost\//, '');
  const version = /^v?(\d+(?:\.\d+)*(?:[-+.][\w.+-]*)?)$/.exec(tag)?.[1];
  const name = path.slice(path.lastIndexOf('/') + 1);
  return version === undefined ? { path, name } : { path, name, version };
}

/** Image of the first container whose path fits, of any workload. */
export function imageOf(workloads: readonly KubeObject[], path: RegExp): Image | undefined {
  for (const o of workloads) {
    for (const c of containersOf(podTemplateOf(o))) {
      const image = parseImage(c.image);
      if (path.test(image.path)) return image;
    }
  }
  return undefined;
}
