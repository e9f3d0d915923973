/* The text that builds a topology, and what is refused before any of it runs. */
import { describe, expect, test } from 'vitest';
import { hostScript, networkBatch, switchScript } from './scripts.ts';
import { checkTopology, type Topology } from './topology.ts';

const topology: Topology = {
  switches: [{ name: 'lan' }],
  hosts: [
    {
      name: 'node1',
      addresses: [{ dev: 'eth0', address: '10.0.20.101/24' }],
      routes: ['default via 10.0.20.1'],
      sysctls: { 'net.ipv4.ip_forward': 1 },
      ruleset: 'table ip x {\n}',
    },
  ],
  links: [
    {
      ends: [
        { at: 'node1', dev: 'eth0', mac: '02:00:00:00:00:01' },
        { at: 'lan', dev: 'p1' },
      ],
      mtu: 1400,
    },
  ],
};

test('one batch makes all netns, links and bridges', () => {
  expect(networkBatch(topology).trimEnd().split('\n')).toEqual([
    'netns add node1',
    'netns add lan',
    'link add name eth0 address 02:00:00:00:00:01 netns node1 mtu 1400 type veth peer name p1 netns lan mtu 1400',
    'link add br0 netns lan type bridge mcast_snooping 0 forward_delay 0',
  ]);
});

test('a host has its sysctls before its links are up, its own in place of the base', () => {
  const script = hostScript({ ...(topology.hosts[0] ?? { name: '' }) }, topology);
  expect(script.match(/ip_forward/g)).toHaveLength(1);
  expect(script).toContain('echo 1 > /proc/sys/net/ipv4/ip_forward');
  expect(script.indexOf('accept_dad')).toBeLessThan(script.indexOf('link set eth0 up'));
  expect(script.indexOf('link set eth0 up')).toBeLessThan(
    script.indexOf('address add 10.0.20.101/24 dev eth0'),
  );
});

test('a switch takes every link that ends there', () => {
  expect(switchScript('lan', topology)).toContain('link set p1 master br0');
});

describe('refused', () => {
  const node1 = { at: 'node1', dev: 'eth0' };
  test.each<[string, Partial<Topology>]>([
    ['bad host name: a b', { hosts: [{ name: 'a b' }], links: [] }],
    ['two hosts have the name lan', { hosts: [...topology.hosts, { name: 'lan' }] }],
    ['a link ends at node9, which is not there', { links: [{ ends: [node1, { at: 'node9', dev: 'p1' }] }] }],
    [
      'two links end at node1/eth0',
      { links: [...topology.links, { ends: [node1, { at: 'lan', dev: 'p2' }] }] },
    ],
    [
      'bad interface name: sixteen-letters-',
      { links: [{ ends: [node1, { at: 'lan', dev: 'sixteen-letters-' }] }] },
    ],
    ['node1: bad sysctl ../etc', { hosts: [{ name: 'node1', sysctls: { '../etc': 1 } }] }],
    ['node1: bad sysctl kernel.panic', { hosts: [{ name: 'node1', sysctls: { 'kernel.panic': 1 } }] }],
    ['node1: bad sysctl value 1; reboot', { hosts: [{ name: 'node1', sysctls: { 'net.a': '1; reboot' } }] }],
    [
      'node1: bad address or route default via $(id)',
      { hosts: [{ name: 'node1', routes: ['default via $(id)'] }] },
    ],
  ])('%s', (problem, change) => {
    expect(checkTopology({ ...topology, ...change })).toContain(problem);
  });

  test('and nothing is said of a good one', () => {
    expect(checkTopology(topology)).toEqual([]);
  });
});
