/* The way back, host by host: which session an answer belongs to, whom it is handed to, and when nobody takes it. */
import { describe, expect, test } from 'vitest';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { alias, anyMatch, box, homeReader, localTraefik, stated, vantage } from '#test/estates.ts';
import { lost } from '#test/variations/variation.ts';
import { gapIds, pathOf, pathsOf } from '#test/walked.ts';
import { returnPath } from './return-path.ts';
import type { Packet, Reached } from './trace.ts';
import { vantageOf } from './vantage.ts';
import type { Session, Way } from './way.ts';

/** `source > destination : port` */
type Text = `${string} > ${string} : ${number}`;

function packet(text: Text): Packet {
  const [source = '', destination = '', port = ''] = text.split(/ [>:] /);
  return { source: ip(source), destination: ip(destination), port: Number(port), protocol: 'tcp' };
}

interface Told {
  readonly from?: string;
  readonly dialled: Text;
  /** As the socket sees it. */
  readonly arrives: Text;
  /** Host, the packet as it came there, and as it left; oldest first. */
  readonly sessions: readonly (readonly [string, Text, Text])[];
  readonly reached: Partial<Reached>;
  readonly add?: readonly Fact[];
  readonly gaps?: readonly Gap[];
}

function back(told: Told) {
  const { from = 'lan', add = [], gaps = [] } = told;
  const reader = homeReader({ add, gaps });
  const at = vantageOf(reader, from);
  if (!at) throw new Error(from);
  const sessions: readonly Session[] = told.sessions.map(([host, before, after]) => ({
    host,
    before: packet(before),
    after: packet(after),
    because: [],
    ...(host.startsWith('firewall/') && { inside: { firewall: 'pfsense', in: 'lan', out: 'opt1' } }),
  }));
  const arrives = packet(told.arrives);
  const way: Way = {
    packet: arrives,
    hops: [],
    gaps: [],
    sessions,
    peer: { is: 'client', says: '', because: [] },
    hopsLeft: 9,
  };
  const reached = { ip: arrives.destination, port: arrives.port, ...told.reached };
  return returnPath(reader, at, way, packet(told.dialled), reached);
}

const hosts = (path: ReturnType<typeof back>['path']) => path.hops.map((h) => h.host);

const dialled: Text = '192.168.1.20 > 10.0.20.200 : 443';
const firewall: Told['sessions'][number] = ['firewall/pfsense', dialled, dialled];
const pod2 = { cluster: 'home', node: 'k8s-node2' } as const;
const pod3 = { cluster: 'home', node: 'k8s-node3' } as const;

describe('sessions', () => {
  const local: Text = '192.168.1.20 > 10.10.3.5 : 8443';
  const base: Told = {
    dialled,
    arrives: local,
    sessions: [firewall, ['node/home/k8s-node3', dialled, local]],
    reached: pod3,
  };
  test('each host undoes its own', () => {
    const { path } = back(base);
    expect([path.disposition, hosts(path)]).toEqual([
      'delivered',
      ['node/home/k8s-node3', 'firewall/pfsense'],
    ]);
  });

  const others: readonly [string, Told['sessions'][number]][] = [
    [
      'of another client',
      ['firewall/pfsense', '192.168.1.21 > 10.0.20.200 : 443', '192.168.1.21 > 10.0.20.200 : 443'],
    ],
    [
      'to another port',
      ['firewall/pfsense', '192.168.1.20 > 10.0.20.200 : 80', '192.168.1.20 > 10.0.20.200 : 80'],
    ],
    [
      'to another address',
      ['firewall/pfsense', '192.168.1.20 > 10.0.20.201 : 443', '192.168.1.20 > 10.0.20.201 : 443'],
    ],
  ];
  test.each(others)('one %s is not the answer\u2019s', (_name, other) => {
    const { path } = back({ ...base, sessions: [firewall, other, ['node/home/k8s-node3', dialled, local]] });
    expect(path.disposition).toBe('delivered');
    const alone = back({ ...base, sessions: [other, ['node/home/k8s-node3', dialled, local]] });
    expect([alone.path.disposition, hosts(alone.path)]).toEqual([
      'no-session',
      ['node/home/k8s-node3', 'firewall/pfsense'],
    ]);
  });
});

describe('from a node', () => {
  const masqueraded: Text = '10.0.20.103 > 10.10.2.5 : 8443';
  test('the answer goes to the node that made the address up', () => {
    const { path } = back({
      dialled,
      arrives: masqueraded,
      sessions: [firewall, ['node/home/k8s-node3', dialled, masqueraded]],
      reached: pod2,
    });
    expect(path.disposition).toBe('delivered');
    expect(hosts(path)).toEqual(['node/home/k8s-node2', 'node/home/k8s-node3', 'firewall/pfsense']);
  });

  test('not to one that only chose it: it leaves by the gateway, and the client refuses it', () => {
    const kept: Text = '192.168.1.20 > 10.10.2.5 : 8443';
    const { path } = back({
      dialled,
      arrives: kept,
      sessions: [firewall, ['node/home/k8s-node3', dialled, kept]],
      reached: pod2,
    });
    expect([path.disposition, hosts(path)]).toEqual([
      'no-session',
      ['node/home/k8s-node2', 'firewall/pfsense'],
    ]);
  });

  test('nor to one whose session is not the answer\u2019s', () => {
    const other: Text = '192.168.1.20 > 10.10.2.5 : 8443';
    const { path } = back({
      dialled,
      arrives: other,
      sessions: [firewall, ['node/home/k8s-node3', dialled, masqueraded]],
      reached: pod2,
    });
    expect(hosts(path)).not.toContain('node/home/k8s-node3');
  });

  test('to a client that is not on the network that is told for the node', () => {
    const add = [vantage('far', 'lan', ['172.31.0.9'], { networks: [prefix('10.0.20.0/24')] })];
    const asked: Text = '172.31.0.9 > 10.0.20.200 : 443';
    const kept: Text = '172.31.0.9 > 10.10.3.5 : 8443';
    const { path } = back({
      from: 'far',
      add,
      dialled: asked,
      arrives: kept,
      sessions: [['node/home/k8s-node3', asked, kept]],
      reached: pod3,
    });
    expect([path.disposition, hosts(path).at(-1)]).toEqual(['no-session', 'firewall/pfsense']);
  });

  test.each([
    ['a LAN', 'lan', ['node/home/k8s-node3']],
    ['a VPN', 'vpn', ['node/home/k8s-node3']],
    ['the Internet, whose networks are no wire', 'internet', ['node/home/k8s-node3', 'firewall/pfsense']],
  ] as const)('to a client on the network that is told for both: %s', (_name, kind, by) => {
    const add = [vantage('near', kind, ['172.31.0.9'], { networks: [prefix('0.0.0.0/0')] })];
    const asked: Text = '172.31.0.9 > 10.0.20.200 : 443';
    const kept: Text = '172.31.0.9 > 10.10.3.5 : 8443';
    const sessions: Told['sessions'] = [
      ['firewall/pfsense', asked, asked],
      ['node/home/k8s-node3', asked, kept],
    ];
    const { path } = back({ from: 'near', add, dialled: asked, arrives: kept, sessions, reached: pod3 });
    expect([path.disposition, hosts(path)]).toEqual(['delivered', by]);
  });

  test('to its own address, where no session is: nobody asked', () => {
    const { path } = back({
      dialled,
      arrives: '10.0.20.102 > 10.10.2.5 : 8443',
      sessions: [],
      reached: pod2,
    });
    expect([path.disposition, hosts(path)]).toEqual(['no-session', ['vantage/lan']]);
  });

  test('to a bridge as it came, where the session is the answer\u2019s', () => {
    const bridged: Text = '172.31.0.9 > 10.10.3.5 : 8443';
    const asked: Text = '172.31.0.9 > 10.0.20.200 : 443';
    const by = (after: Text): Told => ({
      dialled,
      arrives: bridged,
      sessions: [
        ['unmanaged/vps', dialled, after],
        ['node/home/k8s-node3', asked, bridged],
      ],
      reached: pod3,
    });
    expect(back(by(asked)).path.disposition).toBe('delivered');
    expect(hosts(back(by('172.31.0.8 > 10.0.20.200 : 443')).path)).toContain('firewall/pfsense');
  });

  test.each([
    ['is not in the snapshot', [], 'node/home/gone'],
    ['was not read', [lost('node', 'cluster/home')], 'lost/node'],
  ] as const)('that %s', (_name, gaps, open) => {
    const found = back({
      dialled,
      arrives: dialled,
      sessions: [firewall],
      reached: { cluster: 'home', node: 'gone' },
      gaps,
    });
    expect([found.path.disposition, found.gap?.id]).toEqual(['unknown', open]);
  });

  test('what a gap rests on is said', () => {
    const gap = { ...lost('node', 'cluster/home'), evidence: { file: 'nodes.yaml' } };
    const { path } = back({
      dialled,
      arrives: dialled,
      sessions: [firewall],
      reached: { cluster: 'home', node: 'gone' },
      gaps: [gap],
    });
    expect(path.hops.at(-1)?.steps.at(-1)?.because).toEqual([gap.evidence]);
  });
});

describe('at the client', () => {
  const answered = (arrives: Text) => back({ dialled, arrives, sessions: [], reached: {} }).path.disposition;
  test.each([
    ['what was asked', dialled, 'delivered'],
    ['from another port', '192.168.1.20 > 10.0.20.200 : 8443', 'no-session'],
    ['from another address', '192.168.1.20 > 10.0.20.201 : 443', 'no-session'],
    ['for another', '192.168.1.21 > 10.0.20.200 : 443', 'no-session'],
  ] as const)('%s', (_name, arrives, ends) => {
    expect(answered(arrives)).toBe(ends);
  });

  test('a session that is not the answer\u2019s is not gone back to', () => {
    const { path } = back({
      dialled,
      arrives: dialled,
      sessions: [['unmanaged/vps', dialled, '10.0.20.60 > 10.0.20.200 : 443']],
      reached: {},
    });
    expect(hosts(path)).not.toContain('internet');
    expect([path.disposition, path.hops.flatMap((h) => h.steps).length]).toEqual(['delivered', 0]);
  });
});

describe('whole ways', () => {
  const reflecting = [box({ reflection: 'nat-proxy' })];
  test('a pod\u2019s node that only forwards hands the answer on', () => {
    const paths = pathsOf({ add: reflecting }, { vantage: 'pod' });
    expect(paths.map((p) => [p.reached?.node, p.disposition])).toEqual([
      ['k8s-node1', 'delivered'],
      ['k8s-node2', 'delivered'],
    ]);
  });

  test('a node that asked the firewall gets its answer from elsewhere, and refuses it', () => {
    const add = [
      ...localTraefik('10.0.20.203'),
      alias('nginx', ['10.0.20.203']),
      box({ reflection: 'pure-nat' }),
    ];
    const without = ['node:home/k8s-node1'] as const;
    expect(
      pathOf(
        {
          add: [...add, vantage('node', 'node', ['10.0.20.103'], { cluster: 'home', node: 'k8s-node3' })],
          without,
        },
        { vantage: 'node' },
      ).disposition,
    ).toBe('no-session');
  });

  test('who is told to be beside a node is not on it', () => {
    const beside = vantage('lan', 'lan', ['192.168.1.20'], {
      gateway: 'pfsense',
      cluster: 'home',
      node: 'k8s-node2',
    });
    const path = pathOf(
      { add: [...localTraefik('10.0.20.200'), beside] },
      { vantage: 'lan', to: '10.0.20.200' },
    );
    expect(path.returnPath?.hops.map((h) => h.host)).toContain('firewall/pfsense');
  });

  test('by a virtual address of the firewall the answer finds it', () => {
    const add = [
      box({ outboundNat: 'manual' }),
      stated('virtualIp', {
        firewall: 'pfsense',
        mode: 'carp',
        interface: 'opt1',
        network: prefix('10.0.20.2/24'),
        ip: ip('10.0.20.2'),
      }),
      stated('outboundNatRule', {
        firewall: 'pfsense',
        position: 0,
        interface: 'opt1',
        isEnabled: true,
        isException: false,
        match: anyMatch,
        target: '10.0.20.2',
      }),
    ];
    const path = pathOf(
      { add: [...add, ...localTraefik('10.0.20.200')] },
      { vantage: 'lan', to: '10.0.20.200' },
    );
    expect(path).toMatchObject({ disposition: 'delivered', seenAs: '10.0.20.2' });
  });

  const noInterface = ['firewallInterface:pfsense/opt1'] as const;
  const told = (network: string) => vantage('near', 'lan', ['10.0.20.50'], { networks: [prefix(network)] });
  test.each([
    ['on the network that is told for both, directly', '10.0.20.0/24', 'delivered', []],
    [
      'on a told network without the node, by a gateway that is not known',
      '10.0.20.0/26',
      'unknown',
      ['gateway/10.0.20.103'],
    ],
  ] as const)('%s', (_name, network, ends, open) => {
    const add = [told(network), ...localTraefik('10.0.20.60'), pool('10.0.20.60')];
    const only = { add, without: noInterface };
    const path = pathsOf(only, { vantage: 'near', to: '10.0.20.60' })[0];
    expect([path?.disposition, path && gapIds(path)]).toEqual([
      ends,
      open.map((g) => g.replace('103', path?.reached?.node?.slice(-1) === '2' ? '102' : '101')),
    ]);
  });
});

function pool(address: string): Fact {
  return stated('pool', {
    cluster: 'home',
    namespace: 'metallb-system',
    name: 'default',
    labels: {},
    ranges: [{ first: ip(address), last: ip(address) }],
    autoAssign: true,
    avoidBuggyIps: false,
  });
}
