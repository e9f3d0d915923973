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
    const byService = new Map<string, { direct: Fact<'service'>; routes: Fact<'route'>[] }>();
    for (const route of reader.all('route')) {
      const namespace = route.value.backend?.service.split('/')[0] ?? '';
      if (route.value.match.hosts.length === 0) continue;
      for (const direct of byNamespace.get(`${route.value.cluster}/${namespace}`) ?? []) {
        const known = byService.get(direct.key) ?? { direct, routes: [] };
        known.routes.push(route);
        byService.set(direct.key, known);
      }
    }
    return [...byService.values()].map(({ direct, routes }) => findingOf(reader, direct, routes));
  },
};

function findingOf(reader: Reader, direct: Fact<'service'>, routes: readonly Fact<'route'>[]): Finding {
  const hosts = [...new Set(routes.flatMap((r) => r.value.match.hosts))];
  const [first] = routes;
  const host = hosts[0] ?? '';
  const behind =
    first && reader.get('service', `${first.value.cluster}/${first.value.backend?.service ?? ''}`);
  const vips = list(direct.value.vips.map((v) => v.ip));
  return finding({
    code: 'two-paths',
    severity: 'notice',
    subject: `${host} and ${serviceText(direct.value)}`,
    title: `${list(hosts, 3)} ${hosts.length === 1 ? 'is' : 'are'} behind the ingress, and ${serviceText(direct.value)} of the same namespace has ${vips}`,
    cause:
      'The two paths share a name and nothing else: the web path moves with the ingress, the direct one does not, and each sees clients in its own way.',
    claims: [
      claim(
        `path 1: ${first?.value.from} ${first?.value.namespace}/${first?.value.name} sends ${host} to ${first?.value.backend?.service}`,
        first,
        behind,
      ),
      claim(
        `path 2: ${serviceText(direct.value)} answers ${list(direct.value.ports.map((p) => `${p.port}/${p.protocol}`))} on ${vips}, policy ${direct.value.externalPolicy === 'local' ? 'Local' : 'Cluster'}`,
        direct,
      ),
    ],
    refutedBy: `sightline trace SNAPSHOT --from lan --to ${host} and --to ${direct.value.vips[0]?.ip ?? ''}:${direct.value.ports[0]?.port ?? ''} ending at the same pods`,
    affects: { services: [direct.key.slice('service:'.length)], names: hosts },
    advice: ['Test both paths after the move, and document which clients use which.'],
  });
}
