/* A workload's template that changes: its pods are replaced by ones that have it. */
import { type Reader, type Write, writeOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Move } from './settle.ts';

/** Pods of workloads whose hostAliases differ from before. */
export function podsMove(before: Reader, after: Reader): Move | undefined {
  const writes = after.all('workload').flatMap((w) => {
    const was = before.get('workload', w.key.slice('workload:'.length));
    if (was === undefined || was === w) return [];
    return canonical(was.value.hostAliases) === canonical(w.value.hostAliases) ? [] : replaced(after, w);
  });
  return writes.length === 0 ? undefined : { writes, says: 'pods are replaced by ones of the new template' };
}

function replaced(reader: Reader, workload: Fact<'workload'>): readonly Write[] {
  const { hostAliases } = workload.value;
  return podsOf(reader, workload).map((p) => writeOf(reader, 'pod', { ...p.value, hostAliases }));
}

/** Pods that the workload made: they have the labels of its template. A CronJob's come and go. */
export function podsOf(reader: Reader, { value }: Fact<'workload'>): readonly Fact<'pod'>[] {
  const labels = Object.entries(value.podLabels);
  if (labels.length === 0) return [];
  return reader
    .by('pod', 'cluster', value.cluster)
    .filter(
      (p) => p.value.namespace === value.namespace && labels.every(([k, v]) => p.value.labels[k] === v),
    );
}
