/* LoadBalancer Services of a cluster with policy Local. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';

export function localServices(reader: Reader, cluster: string): readonly Fact<'service'>[] {
  return reader
    .by('service', 'cluster', cluster)
    .filter((s) => s.value.type === 'LoadBalancer' && s.value.externalPolicy === 'local');
}
