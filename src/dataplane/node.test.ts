/* What a node does beyond Services: endpoints without a pod or node, its own ports, unserved addresses, strays, missing nodes. */
import { describe, expect, test } from 'vitest';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { homeReader, iface, node, pod, rule, service, slice, stated, vip } from '#test/estates.ts';
import { changed, lost } from '#test/variations/variation.ts';
import { gapIds, hostsOf, pathOf, stagesAt } from '#test/walked.ts';

/** The Service's endpoint by its address alone. */
function bareEndpoint(address: string): Fact {
  const { value } = slice('dbaas/postgresql-lb', [[address, 2]], [{ port: 5432, protocol: 'tcp' }]);
  const endpoints = value.endpoints.map(({ pod: _, node: __, ...rest }) => rest);
  return stated('endpointSlice', { ...value, endpoints });
}

describe('an endpoint that is no pod of a node', () => {
  const path = pathOf({ add: [bareEndpoint('10.0.20.77')] }, { vantage: 'near', to: vip, port: 5432 });
  test('is a host of its own, on no node', () => {
    expect(hostsOf(path)).toEqual(['vantage/near', 'node/home/k8s-node3', 'host/10.0.20.77']);
    expect(path).toMatchObject({ reached: { ip: '10.0.20.77', port: 5432 } });
    expect(path.reached?.node).toBe(undefined);
  });

  test('and answers by the node that chose it', () => {
    expect(path.returnPath?.hops[0]?.host).toBe('node/home/k8s-node3');
    expect(path.disposition).toBe('delivered');
  });
});

describe('a pod by its own address', () => {
  test('that is on no node that is known', () => {
    const { node: _, ...loose } = pod('apps/loose', '10.10.3.99', 3).value;
    const path = pathOf({ add: [stated('pod', loose)] }, { vantage: 'pod', to: '10.10.3.99', port: 80 });
    expect(path.disposition).toBe('delivered');
    expect(hostsOf(path).at(-1)).toBe('pod/home/apps/loose');
  });
});

describe('its own ports', () => {
  const container = (containerPort: number, hostPort?: number) => ({
    name: 'c',
    image: 'i',
    args: [],
    env: {},
    ports: [{ containerPort, protocol: 'tcp' as const, ...(hostPort && { hostPort }) }],
  });
  const dual = node(2, { internalIps: [ip('10.0.20.102'), ip('10.0.20.112'), ip('2001:db8:20::102')] });
  const opt6 = changed(iface('opt1', '10.0.20.1', '10.0.20.0/24'), {
    ipv6: { ip: ip('2001:db8:20::1'), network: prefix('2001:db8:20::/64') },
  });
  const near6 = stated('vantagePoint', {
    id: 'near',
    kind: 'lan',
    clients: [ip('10.0.20.50'), ip('2001:db8:20::50')],
    networks: [],
    gateway: 'pfsense',
  });
  const mapped = pod('apps/port-1', '10.10.2.40', 2, { containers: [container(8080, 9080)] });
  const hosted = pod('apps/host-1', '10.0.20.102', 2, { hostNetwork: true, containers: [container(9100)] });
  test.each([
    ['a host port leads to its pod', mapped, '10.0.20.102', 9080, 'home/apps/port-1', '10.10.2.40:8080'],
    ['and that port alone', mapped, '10.0.20.102', 8080, undefined, '10.0.20.102:8080'],
    ['on every address of the node', mapped, '10.0.20.112', 9080, 'home/apps/port-1', '10.10.2.40:8080'],
    [
      'of its family: a pod without an IPv6 address has none there',
      mapped,
      '2001:db8:20::102',
      9080,
      undefined,
      '2001:db8:20::102:9080',
    ],
    [
      'a pod in the host network has all of the node\u2019s',
      hosted,
      '10.0.20.112',
      9100,
      'home/apps/host-1',
      '10.0.20.112:9100',
    ],
    ['IPv6 too', hosted, '2001:db8:20::102', 9100, 'home/apps/host-1', '2001:db8:20::102:9100'],
  ] as const)('%s', (_name, fact, to, port, of, at) => {
    const path = pathOf({ add: [dual, opt6, near6, fact] }, { vantage: 'near', to, port });
    expect([path.disposition, path.reached?.pod, `${path.reached?.ip}:${path.reached?.port}`]).toEqual([
      'delivered',
      of,
      at,
    ]);
    expect(gapIds(path)).toEqual(of ? [] : [`node/home/k8s-node2/tcp/${port}`]);
  });
});

describe('addresses of Services that serve no such port', () => {
  const noRanges = stated('serviceProxy', { ...proxyOf(), serviceCidrs: [] });
  const away = stated('service', {
    ...service('apps/far', { clusterIps: [ip('10.96.9.9')] }).value,
    cluster: 'away',
  });
  test.each([
    ['a cluster address', [], '10.96.0.80', 'no-listener'],
    ['a cluster address that no range tells', [noRanges], '10.96.0.80', 'no-listener'],
    ['an address of the range', [], '10.96.7.7', 'no-listener'],
    ['an address outside of every range', [noRanges], '10.96.7.7', 'no-route'],
    ['a cluster address of another cluster', [noRanges, away], '10.96.9.9', 'no-route'],
  ] as const)('%s', (_name, add, to, ends) => {
    expect(pathOf({ add }, { vantage: 'pod', to, port: 9999 }).disposition).toBe(ends);
  });

  test('a VIP is left to its network, where the node does not serve it', () => {
    const path = pathOf({}, { vantage: 'pod', to: vip, port: 9999 });
    expect(stagesAt(path, 'node/home/k8s-node1')).toContain('outbound-nat');
    expect(path.disposition).toBe('no-listener');
  });
});

function proxyOf(): Kinds['serviceProxy'] {
  const proxy = homeReader().get('serviceProxy', 'home');
  if (!proxy) throw new Error('the home estate has a service proxy');
  return proxy.value;
}

describe('what strays to a node', () => {
  const byNode = [
    stated('gateway', {
      firewall: 'pfsense',
      name: 'NODE',
      interface: 'opt1',
      ip: ip('10.0.20.102'),
      isDefault: false,
      family: 4,
    }),
    stated('staticRoute', {
      firewall: 'pfsense',
      network: prefix('192.0.2.0/24'),
      gateway: 'NODE',
    } as Kinds['staticRoute']),
    rule(1, ['lan']),
  ];
  test.each([
    ['it has nothing for it', [], 'no-route', []],
    ['unless a pod that was not read has it', [lost('pod', 'cluster/home')], 'unknown', ['lost/pod']],
    ['or a Service that was not read', [lost('service', 'cluster/home')], 'unknown', ['lost/service']],
    ['pods of another cluster do not matter', [lost('pod', 'cluster/away')], 'no-route', []],
  ] as const)('%s', (_name, gaps, ends, open) => {
    const path = pathOf({ add: byNode, gaps }, { vantage: 'lan', to: '192.0.2.80' });
    expect(hostsOf(path)).toEqual(['vantage/lan', 'firewall/pfsense', 'node/home/k8s-node2']);
    expect([path.disposition, gapIds(path)]).toEqual([ends, open]);
  });
});

describe('a node that is not there', () => {
  const cases: readonly [string, readonly Gap[], readonly string[]][] = [
    ['is not in the snapshot', [], ['node/home/k8s-node1']],
    ['was not read', [lost('node', 'cluster/home')], ['lost/node']],
  ];
  test.each(cases)('on the way out: %s', (_name, gaps, open) => {
    const without = ['node:home/k8s-node1', 'serviceProxy:home'] as const;
    const path = pathOf({ gaps, without }, { vantage: 'pod', to: '192.0.2.80' });
    expect([path.disposition, gapIds(path)]).toEqual(['unknown', open]);
  });
});

describe('a pod address that is nobody\u2019s', () => {
  test.each([
    ['leads out, and nowhere', '10.10.3.99', [], 'no-route', []],
    [
      'is unknown where pods were not read',
      '10.10.3.99',
      [lost('pod', 'cluster/home')],
      'unknown',
      ['lost/pod'],
    ],
    [
      'unless a firewall has its network',
      '192.168.1.99',
      [lost('pod', 'cluster/home')],
      'unknown',
      ['host/192.168.1.99'],
    ],
    ['unless it is public', '192.0.2.80', [lost('pod', 'cluster/home')], 'exits', []],
  ] as const)('%s', (_name, to, gaps, ends, open) => {
    const path = pathOf({ gaps }, { vantage: 'pod', to });
    expect([path.disposition, gapIds(path)]).toEqual([ends, open]);
  });
});
