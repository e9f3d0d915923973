/* The raw Kubernetes objects of a snapshot's cluster folder, for the stand-in to start from. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';

/** Documents of every YAML and JSON file of `cluster/<name>`, Lists not yet taken apart. */
export function snapshotObjects(snapshot: string, cluster: string): readonly unknown[] {
  const folder = join(snapshot, 'cluster', cluster);
  const files = readdirSync(folder)
    .filter((f) => /\.(ya?ml|json)$/.test(f))
    .sort();
  return files.flatMap((f) => loadAll(readFileSync(join(folder, f), 'utf8')));
}
