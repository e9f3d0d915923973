/* An ingress that publishes the address of a Service keeps publishing one: other controllers read it from Ingress status. */
import type { Reader } from '#estate/estate.ts';
import { broken, holds, type StateInvariant } from '../invariant.ts';

export const publishedService: StateInvariant = {
  code: 'published-service',
  check: ({ point, start }) => {
    if (!point.isSettled) return holds;
    for (const { key, value } of point.view.reader.all('ingress')) {
      const was = start.get('ingress', key.slice('ingress:'.length))?.value.publishedService;
      if (was === undefined || !isPublishing(start, value.cluster, was)) continue;
      const now = value.publishedService;
      if (now !== undefined && isPublishing(point.view.reader, value.cluster, now)) continue;
      return broken(
        `${key} publishes ${now ?? 'nothing'}, which has no address: Ingress status becomes empty`,
      );
    }
    return holds;
  },
};

function isPublishing(reader: Reader, cluster: string, service: string): boolean {
  return (reader.get('service', `${cluster}/${service}`)?.value.vips.length ?? 0) > 0;
}
