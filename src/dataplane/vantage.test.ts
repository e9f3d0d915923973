/* Where flows start: who a vantage point is, which address it has, which network it is on, how its packets leave. */
import { describe, expect, test } from 'vitest';
import { recordingReader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { box, homeReader, iface, node, pod, stated, vantage } from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import { gapIds, hostsOf, pathOf, stagesAt } from '#test/walked.ts';
import { walkAddress } from './path.ts';
import { networkAround, sourceAt, vantageOf } from './vantage.ts';

const at = (
  kind: Kinds['vantagePoint']['kind'],
  clients: readonly string[],
  more: Partial<Kinds['vantagePoint']> = {},
) => vantage('it', kind, clients, more);
const onNode = { cluster: 'home', node: 'k8s-node1' } as const;
const six = (n: number) => node(n, { internalIps: [ip(`10.0.20.10${n}`), ip(`2001:db8:20::10${n}`)] });

describe('who it is', () => {
  test.each([
    ['a pod by its path, told or not', 'pod/home/apps/immich-3', 'pod/home/apps/immich-3'],
    ['nobody', 'nobody', undefined],
    ['a path that only ends like one', 'abcdhome/apps/immich-3', undefined],
    ['a told node', 'node', 'node/home/k8s-node1'],
    ['a told network', 'lan', 'vantage/lan'],
  ])('%s', (_name, id, host) => {
    expect(vantageOf(homeReader(), id)?.host).toBe(host);
  });

  test.each([
    ['a pod without a cluster', at('pod', ['10.10.3.7'], { pod: 'apps/immich-3' }), 'vantage/it'],
    [
      'a pod that is not there',
      at('pod', ['10.10.3.9'], { cluster: 'home', pod: 'apps/gone' }),
      'vantage/it',
    ],
    ['a node without a cluster', at('node', ['10.0.20.101'], { node: 'k8s-node1' }), 'vantage/it'],
    ['a node without a name', at('node', ['10.0.20.101'], { cluster: 'home' }), 'vantage/it'],
    ['a node', at('node', [], onNode), 'node/home/k8s-node1'],
    ['a network of a cluster\u2019s nodes', at('lan', ['10.0.20.50'], onNode), 'vantage/it'],
  ])('%s', (_name, fact, host) => {
    const reads: string[] = [];
    const found = vantageOf(
      recordingReader(homeReader({ add: [fact] }), (key) => reads.push(key)),
      'it',
    );
    expect(found?.host).toBe(host);
    expect(reads.filter((r) => r.includes('undefined'))).toEqual([]);
  });

  test('an unknown one is not looked up as a pod', () => {
    const reads: string[] = [];
    vantageOf(
      recordingReader(homeReader(), (key) => reads.push(key)),
      'nobody',
    );
    expect(reads).toEqual(['vantagePoint:nobody']);
  });

  test('a told pod keeps the id it was told by', () => {
    expect(vantageOf(homeReader(), 'pod')?.point).toMatchObject({
      id: 'pod',
      node: 'k8s-node1',
      clients: ['10.10.1.33'],
    });
    expect(vantageOf(homeReader(), 'pod/home/apps/cron-1')?.point.id).toBe('pod/home/apps/cron-1');
  });
});

describe('its address', () => {
  test.each([
    ['the first of the family', at('lan', ['192.168.1.20', '192.168.1.21']), 4, '192.168.1.20'],
    ['none of the family', at('lan', ['192.168.1.20'], onNode), 6, undefined],
    ['of a node, as the cluster has it', at('node', [], onNode), 6, '2001:db8:20::101'],
    ['of a node, as told', at('node', ['10.0.20.111'], onNode), 4, '10.0.20.111'],
    ['of a pod, never its node\u2019s', at('pod', [], { cluster: 'home', pod: 'apps/cron-1' }), 6, undefined],
    ['of a node without a name', at('node', [], { cluster: 'home' }), 4, undefined],
    ['of a node without a cluster', at('node', [], { node: 'k8s-node1' }), 4, undefined],
  ] as const)('%s', (_name, fact, family, is) => {
    const reads: string[] = [];
    const reader = recordingReader(homeReader({ add: [fact, six(1)] }), (key) => reads.push(key));
    const found = vantageOf(reader, 'it');
    expect(found && sourceAt(reader, found, family)).toBe(is);
    expect(reads.filter((r) => r.includes('undefined'))).toEqual([]);
  });
});

describe('its network', () => {
  const of = (networks: readonly string[], add: readonly Fact[] = []) => {
    const reader = homeReader({
      add: [at('lan', ['192.168.7.20'], { networks: networks.map(prefix) }), ...add],
    });
    const found = vantageOf(reader, 'it');
    return found && networkAround(reader, found, ip('192.168.7.20'));
  };
  const here = iface('opt2', '192.168.7.1', '192.168.7.0/25');
  test.each([
    ['as the firewall has it', ['192.168.0.0/16'], [here], '192.168.7.0/25'],
    ['as told', ['10.0.0.0/8', '192.168.7.0/24'], [], '192.168.7.0/24'],
    ['the nearest that is told', ['192.168.0.0/16', '192.168.7.0/24'], [], '192.168.7.0/24'],
    ['none that holds it', ['10.0.0.0/8'], [], undefined],
    [
      'not that of an interface that is off',
      ['192.168.7.0/24'],
      [iface('opt2', '192.168.7.1', '192.168.7.0/25', { isEnabled: false })],
      '192.168.7.0/24',
    ],
  ] as const)('%s', (_name, networks, add, is) => {
    expect(of(networks, add)).toBe(is);
  });
});

describe('the way out', () => {
  const far = [
    box({ name: 'far' }),
    stated('firewallInterface', { ...iface('lan', '10.66.0.1', '10.66.0.0/24').value, firewall: 'far' }),
  ];
  const inside = stated('gateway', {
    firewall: 'pfsense',
    name: 'INSIDE',
    interface: 'opt1',
    ip: ip('10.0.20.60'),
    isDefault: false,
    family: 4,
  });
  const routed = [
    inside,
    stated('staticRoute', {
      firewall: 'pfsense',
      network: prefix('10.77.0.0/24'),
      gateway: 'INSIDE',
    } as Kinds['staticRoute']),
  ];
  const cases: readonly [string, readonly Fact[], readonly Gap[], readonly string[], readonly string[]][] = [
    [
      'a VPN on a network of its gateway',
      [...far, at('vpn', ['10.66.0.9'], { gateway: 'far' })],
      [],
      ['vantage/it', 'firewall/far'],
      ['lost'],
    ],
    [
      'a VPN on another firewall\u2019s network',
      [...far, at('vpn', ['10.66.0.9'], { gateway: 'pfsense' })],
      [],
      ['vantage/it'],
      ['vantage/it/gateway'],
    ],
    [
      'a VPN that only routes lead back to',
      [...routed, at('vpn', ['10.77.0.9'], { gateway: 'pfsense' })],
      [],
      ['vantage/it', 'firewall/pfsense'],
      ['lost'],
    ],
    ['a VPN without any word', [at('vpn', ['10.77.0.9'])], [], ['vantage/it'], ['vantage/it/gateway']],
    [
      'a VPN whose gateway\u2019s routes were not read',
      [at('vpn', ['10.77.0.9'], { gateway: 'pfsense' })],
      [lost('staticRoute', 'firewall/pfsense')],
      ['vantage/it'],
      ['lost/staticRoute'],
    ],
    [
      'a VPN whose gateway was not read',
      [at('vpn', ['10.77.0.9'], { gateway: 'far' })],
      [lost('firewallInterface', 'firewall/far')],
      ['vantage/it'],
      ['lost/firewallInterface'],
    ],
    [
      'a VPN, and another firewall was not read',
      [at('vpn', ['10.77.0.9'], { gateway: 'pfsense' })],
      [lost('firewallInterface', 'firewall/far')],
      ['vantage/it'],
      ['vantage/it/gateway'],
    ],
    [
      'a VPN without a word, and a firewall was not read',
      [at('vpn', ['10.77.0.9'])],
      [lost('firewallInterface', 'firewall/far')],
      ['vantage/it'],
      ['lost/firewallInterface'],
    ],
    [
      'a network that no firewall is on',
      [at('lan', ['192.168.7.20'])],
      [],
      ['vantage/it'],
      ['gateway/192.168.7.20'],
    ],
    [
      'a network whose gateway was not read',
      [at('lan', ['192.168.7.20'], { gateway: 'far' })],
      [lost('firewallInterface', 'firewall/far')],
      ['vantage/it'],
      ['lost/firewallInterface'],
    ],
    [
      'a node of no cluster',
      [at('node', ['10.0.20.101'], { node: 'k8s-node1' })],
      [],
      ['vantage/it'],
      ['vantage/it'],
    ],
    [
      'a pod of no node',
      [stated('pod', noNode()), at('pod', [], { cluster: 'home', pod: 'apps/loose' })],
      [],
      ['pod/home/apps/loose'],
      ['vantage/it'],
    ],
  ];
  test.each(cases)('%s', (_name, add, gaps, hosts, open) => {
    const path = pathOf({ add, gaps }, { vantage: 'it', to: '192.0.2.80' });
    expect(hostsOf(path).slice(0, hosts.length)).toEqual(hosts);
    if (open[0] !== 'lost') expect([path.disposition, gapIds(path)]).toEqual(['unknown', open]);
  });
});

describe('who has no address', () => {
  const cases: readonly [string, Fact, readonly Gap[], string, readonly string[]][] = [
    ['of the family', at('lan', ['192.168.1.20']), [], 'no-route', []],
    ['as a node that is there', at('node', [], onNode), [], 'no-route', []],
    [
      'as a node that is not there',
      at('node', [], { cluster: 'home', node: 'gone' }),
      [],
      'unknown',
      ['vantage/it'],
    ],
    [
      'as a node that was not read',
      at('node', [], { cluster: 'home', node: 'gone' }),
      [lost('node', 'cluster/home')],
      'unknown',
      ['lost/node'],
    ],
    [
      'as a node of a cluster that was read',
      at('node', [], { cluster: 'home', node: 'gone' }),
      [lost('node', 'cluster/away')],
      'unknown',
      ['vantage/it'],
    ],
    [
      'as a node of any cluster',
      at('node', [], { node: 'gone' }),
      [lost('node', 'cluster/home')],
      'unknown',
      ['lost/node'],
    ],
    ['as any node', at('node', [], { cluster: 'home' }), [], 'unknown', ['vantage/it']],
    [
      'as a pod that is not there',
      at('pod', [], { cluster: 'home', pod: 'apps/gone' }),
      [],
      'unknown',
      ['vantage/it'],
    ],
    ['as a pod that is there', at('pod', [], { cluster: 'home', pod: 'apps/cron-1' }), [], 'no-route', []],
  ];
  test.each(cases)('%s', (_name, fact, gaps, ends, open) => {
    const reads: string[] = [];
    const reader = recordingReader(homeReader({ add: [fact], gaps }), (key) => reads.push(key));
    const [path] = walkAddress(reader, {
      vantage: 'it',
      family: 6,
      ip: ip('2001:db8::80'),
      port: 443,
      protocol: 'tcp',
    });
    expect([path?.disposition, path && gapIds(path)]).toEqual([ends, open]);
    expect(reads.filter((r) => r.includes('undefined'))).toEqual([]);
  });
});

function noNode(): Kinds['pod'] {
  const { node: _, ...loose } = pod('apps/loose', '10.10.9.9', 1).value;
  return loose;
}

describe('a gateway that is told for one firewall', () => {
  test('does not wait for another that was not read', () => {
    const gaps = [lost('firewallInterface', 'firewall/far')];
    expect(hostsOf(pathOf({ gaps }, { vantage: 'lan', to: '192.0.2.80' })).slice(0, 2)).toEqual([
      'vantage/lan',
      'firewall/pfsense',
    ]);
  });

  test('is that of the node itself before that of another', () => {
    const second = [
      box({ name: 'far' }),
      stated('firewallInterface', { ...iface('lan', '10.0.20.2', '10.0.20.0/24').value, firewall: 'far' }),
    ];
    const silent = vantage('a', 'node', [], { cluster: 'home', node: 'k8s-node2' });
    const says = (id: string, n: number, gateway: string) =>
      vantage(id, 'node', [], { cluster: 'home', node: `k8s-node${n}`, gateway });
    const from = (add: readonly Fact[]) =>
      hostsOf(pathOf({ add: [...second, ...add] }, { vantage: 'node', to: '192.0.2.80' }))[1];
    expect(from([silent, says('b', 2, 'far'), says('node', 1, 'pfsense')])).toBe('firewall/pfsense');
    expect(from([silent, says('b', 2, 'far')])).toBe('firewall/far');
    expect(from([vantage('b', 'vpn', [], { cluster: 'home', gateway: 'far' })])).toBe(undefined);
  });
});

describe('what leaves a node', () => {
  const two = node(1, { internalIps: [ip('10.0.20.101'), ip('10.0.20.111')] });
  const hosted = pod('apps/hosted-1', '10.0.20.111', 1, { hostNetwork: true });
  test.each([
    ['by a process keeps the address it chose', at('node', ['10.0.20.111'], onNode), ['route']],
    [
      'by a pod in the host network does too',
      at('pod', [], { cluster: 'home', pod: 'apps/hosted-1' }),
      ['route'],
    ],
    [
      'by a pod shows the node',
      at('pod', [], { cluster: 'home', pod: 'apps/cron-1' }),
      ['outbound-nat', 'route'],
    ],
  ] as const)('%s', (_name, fact, stages) => {
    const path = pathOf({ add: [two, hosted, fact] }, { vantage: 'it', to: '192.0.2.80' });
    expect(
      stagesAt(path, 'node/home/k8s-node1')
        .filter((s) => s === 'outbound-nat' || s === 'route')
        .slice(-stages.length),
    ).toEqual(stages);
    expect(stagesAt(path, 'node/home/k8s-node1').includes('outbound-nat')).toBe(stages.length > 1);
  });
});
