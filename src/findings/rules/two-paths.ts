/* One application behind the ingress that also has a LoadBalancer Service of its own: two paths, two fates in a move. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { claim, finding, list, serviceText } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf } from '../frontends.ts';
import { groupBy } from '../masked.ts';
import type { Rule } from '../rule.ts';

export const twoPaths: Rule = {
  code: 'two-paths',
  looksFor: 'applications that are reached through the ingress and by an address of their own',
  cases: [],
  needs: ['route', 'service', 'ingress'],
  check: ({ reader }) => {
    const vips = new Set(frontendsOf(reader).flatMap((f) => f.vips));
    const ids = new Set(frontendsOf(reader).map((f) => f.id));
    if (vips.size === 0) return [];
    const own = reader
      .all('service')
      .filter(
        (s) =>
          s.value.type === 'LoadBalancer' &&
          s.value.vips.length > 0 &&
          !ids.has(s.key.slice('service:'.length)),
      )
      .filter((s) => s.value.vips.every((v) => !vips.has(v.ip)));
    const byNamespace = groupBy(own, (s) => `${s.value.cluster}/${s.value.namespace}`);
    return reader.all('route').flatMap((route) => ofRoute(reader, route, byNamespace));
  },
};

function ofRoute(
  reader: Reader,
  route: Fact<'route'>,
  byNamespace: ReadonlyMap<string, readonly Fact<'service'>[]>,
): readonly Finding[] {
  const backend = route.value.backend?.service;
  const [host] = route.value.match.hosts;
  if (backend === undefined || host === undefined) return [];
  const namespace = backend.split('/')[0] ?? '';
  const direct = byNamespace.get(`${route.value.cluster}/${namespace}`) ?? [];
  const behind = reader.get('service', `${route.value.cluster}/${backend}`);
  return direct.map((service) =>
    finding({
      code: 'two-paths',
      severity: 'notice',
      subject: `${host} and ${serviceText(service.value)}`,
      title: `${host} is behind the ingress, and ${serviceText(service.value)} of the same namespace has ${list(service.value.vips.map((v) => v.ip))}`,
      cause:
        'The two paths share a name and nothing else: the web path moves with the ingress, the direct one does not, and each sees clients in its own way.',
      claims: [
        claim(
          `path 1: ${route.value.from} ${route.value.namespace}/${route.value.name} sends ${host} to ${backend}`,
          route,
          behind,
        ),
        claim(
          `path 2: ${serviceText(service.value)} answers ${list(service.value.ports.map((p) => `${p.port}/${p.protocol}`))} on ${list(service.value.vips.map((v) => v.ip))}, policy ${service.value.externalPolicy === 'local' ? 'Local' : 'Cluster'}`,
          service,
        ),
      ],
      refutedBy: `sightline trace SNAPSHOT --from lan --to ${host} and --to ${service.value.vips[0]?.ip ?? ''}:${service.value.ports[0]?.port ?? ''} ending at the same pods`,
      affects: { services: [service.key.slice('service:'.length)], names: [host] },
      advice: ['Test both paths after the move, and document which clients use which.'],
    }),
  );
}
