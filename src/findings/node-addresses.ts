/* Services of k3s ServiceLB, whose addresses are nodes' own: they are not given out, and no Service leaves them to another. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';

/** The node whose own address a Service of k3s ServiceLB has; undefined: another program gave it. */
export function nodeOfAddress(reader: Reader, cluster: string, ip: Ip): Fact<'node'> | undefined {
  if (reader.get('announcing', cluster)?.value.program !== 'klipper') return undefined;
  return reader.by('node', 'ip', ip).find((n) => n.value.cluster === cluster);
}
