/* Which flows are worth looking at: names of routes, protected endpoints, Services on a shared address. */
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { route, service, stated, traefik, tunnelRule, vantage, vip } from '#test/estates.ts';
import { lost, type Variation } from './variation.ts';

const guarded = (name: string, more: Partial<Kinds['protectedEndpoint']>): Fact =>
  stated('protectedEndpoint', { name, port: 5432, protocol: 'tcp', from: [], why: 'theirs', ...more });
const dual = vantage('lan', 'lan', ['192.168.1.20', 'fd00::20'], {
  gateway: 'pfsense',
  resolver: 'technitium',
});

export const flowVariations: readonly Omit<Variation, 'flows'>[] = [
  { name: 'as it is' },
  { name: 'clients of both families', add: [dual] },
  {
    name: 'hosts that are no names',
    add: [
      route('wild', '*.example.org'),
      route('bad', 'no name'),
      route('twice', 'immich.example.org'),
      route('b', 'b.example.org'),
      route('a', 'a.example.org'),
    ],
  },
  {
    name: 'an edge whose tunnel takes more names, or may',
    add: [tunnelRule(1, 'immich.example.org', 'http_status:200')],
  },
  { name: 'an edge behind a gap', gaps: [lost('tunnelRule', 'tunnel/home')] },
  { name: 'an edge of no tunnel', add: [vantage('edge', 'tunnel-edge', ['198.51.100.61'])] },
  {
    name: 'protected endpoints by address, by Service, from somewhere',
    add: [
      dual,
      guarded('ip', { ip: ip('10.0.20.9') }),
      guarded('six', { ip: ip('fd00::9') }),
      guarded('vip', { service: 'dbaas/postgresql-lb', cluster: 'home' }),
      guarded('inner', { service: 'apps/immich', port: 80, from: ['lan', 'pod'] }),
      guarded('gone', { service: 'apps/gone' }),
      guarded('outer', { ip: ip('192.0.2.9'), protocol: 'udp' }),
    ],
  },
  {
    name: 'other Services on shared addresses, and on addresses of their own',
    add: [
      dual,
      service('apps/alone', {
        type: 'LoadBalancer',
        ports: [{ port: 81, protocol: 'tcp', targetPort: 81 }],
        vips: [{ ip: ip('10.0.20.206'), ipMode: 'VIP' }],
      }),
      service('apps/bare', {
        type: 'LoadBalancer',
        ports: [{ port: 82, protocol: 'udp', targetPort: 82 }],
        vips: [{ ip: vip, ipMode: 'VIP' }],
        selector: {},
      }),
      traefik({ selector: { app: 'traefik', tier: 'edge' } }),
    ],
  },
];
