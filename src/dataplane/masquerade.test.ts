/* Which address a masqueraded packet shows: facts measured in the lab, and what each pod network makes of them. */
import { describe, expect, it } from 'vitest';
import type { Labels } from '#estate/kubernetes.ts';
import { ip } from '#net/ip.ts';
import type { Parts } from '#test/exact/home.ts';
import { gapIn, node, podNetwork, readHome } from '#test/exact/home.ts';
import { masqueradeAddress } from './masquerade.ts';

const here = { cluster: 'home', ip: ip('10.42.3.5'), port: 8443, node: 'k8s-node3' };
const there = { cluster: 'home', ip: ip('10.42.1.5'), port: 8443, node: 'k8s-node1' };
const ask = (endpoint: typeof here, parts: Parts = {}, ...gaps: Parameters<typeof gapIn>[]) =>
  masqueradeAddress(
    readHome(
      parts,
      gaps.map((g) => gapIn(...g)),
    ),
    'home',
    'k8s-node3',
    endpoint,
  );
const calico = (annotations: Labels) => ({
  node: [node('k8s-node3', { annotations }), node('k8s-node1')],
});

describe('masqueradeAddress', () => {
  it.each([
    ['flannel', 'vxlan', '10.42.3.1', '10.42.3.0'],
    ['flannel', 'none', '10.42.3.1', '10.0.20.103'],
    ['flannel', 'wireguard', '10.42.3.1', undefined],
    ['bridge', 'none', '10.42.3.1', '10.0.20.103'],
    ['bridge', 'vxlan', '10.42.3.1', undefined],
    ['calico', 'none', '10.0.20.103', '10.0.20.103'],
    ['calico', 'unknown', '10.0.20.103', undefined],
    ['cilium', 'vxlan', undefined, undefined],
    ['weave', 'none', undefined, undefined],
    ['unknown', 'none', undefined, undefined],
  ] as const)('%s (%s): same node %s, other node %s', (program, encapsulation, same, other) => {
    const parts = { podNetwork: [podNetwork({ program, encapsulation })] };
    for (const [endpoint, shown] of [
      [here, same],
      [there, other],
    ] as const) {
      const answer = ask(endpoint, parts);
      expect(answer.ip).toBe(shown);
      expect(answer.gap === undefined).toBe(shown !== undefined);
      expect(answer.because).not.toEqual([]);
    }
  });

  it.each([
    ['vxlan', { 'projectcalico.org/IPv4VXLANTunnelAddr': '10.42.3.64' }, '10.42.3.64'],
    ['ipip', { 'projectcalico.org/IPv4IPIPTunnelAddr': '10.42.3.65' }, '10.42.3.65'],
    ['wireguard', { 'projectcalico.org/IPv4WireguardInterfaceAddr': '10.42.3.66' }, '10.42.3.66'],
    ['vxlan', {}, undefined],
    ['cross-subnet', { 'projectcalico.org/IPv4Address': '10.0.20.103/24' }, '10.0.20.103'],
    [
      'cross-subnet',
      {
        'projectcalico.org/IPv4Address': '10.0.20.103/32',
        'projectcalico.org/IPv4VXLANTunnelAddr': '10.42.3.64',
      },
      '10.42.3.64',
    ],
    [
      'cross-subnet',
      {
        'projectcalico.org/IPv4Address': '10.0.20.103/32',
        'projectcalico.org/IPv4VXLANTunnelAddr': '10.42.3.64',
        'projectcalico.org/IPv4IPIPTunnelAddr': '10.42.3.65',
      },
      undefined,
    ],
    ['cross-subnet', {}, undefined],
    ['cross-subnet', { 'projectcalico.org/IPv4VXLANTunnelAddr': '10.42.3.64' }, undefined],
    [
      'cross-subnet',
      {
        'projectcalico.org/IPv4Address': '10.0.20.103/32',
        'projectcalico.org/IPv4IPIPTunnelAddr': '10.42.3.65',
      },
      '10.42.3.65',
    ],
  ] as const)('Calico %s with %j: %s', (encapsulation, annotations, shown) => {
    const answer = ask(there, {
      ...calico(annotations),
      podNetwork: [podNetwork({ program: 'calico', encapsulation })],
    });
    expect(answer.ip).toBe(shown);
    expect(answer.gap === undefined).toBe(shown !== undefined);
  });

  it('an endpoint in the host network of another node sees the node, of the same node the client', () => {
    expect(ask({ ...there, ip: ip('10.0.20.101') }, { podNetwork: [] }).ip).toBe('10.0.20.103');
    expect(ask({ ...here, ip: ip('10.0.20.103') }, { podNetwork: [] })).toMatchObject({ keepsSource: true });
  });

  it('IPv6 over flannel VXLAN is not sourced', () => {
    const six = { ...there, ip: ip('2001:db8:42:1::5') };
    expect(ask(six).gap?.id).toBe('pod-network/home');
  });

  it.each([
    ['no node', { node: [] }, [], 'node-unknown/k8s-node3/home'],
    ['a node not read', { node: [] }, [['node']], 'unread/node'],
    ['no pod network', { podNetwork: [] }, [], 'pod-network/home'],
    ['a pod network not read', {}, [['podNetwork']], 'unread/podNetwork'],
    [
      'a node without pod network',
      { node: [node('k8s-node3', { podCidrs: [] })] },
      [],
      'masquerade-address/home',
    ],
  ] as const)('%s: unknown', (_name, parts, gaps, id) => {
    expect(ask(there, parts as Parts, ...(gaps as unknown as Parameters<typeof gapIn>[])).gap?.id).toBe(id);
  });

  it('cross-subnet to a node that is not in the snapshot: unknown', () => {
    const annotations = { 'projectcalico.org/IPv4Address': '10.0.20.103/24' };
    const answer = ask(there, {
      node: [node('k8s-node3', { annotations })],
      podNetwork: [podNetwork({ program: 'calico', encapsulation: 'cross-subnet' })],
    });
    expect(answer.gap?.id).toBe('pod-network/home');
  });

  it('a gap without evidence rests on nothing', () => {
    expect(ask(there, {}, ['podNetwork']).because).toEqual([]);
  });

  it('an endpoint on a node not known: unknown', () => {
    const { node: _, ...nowhere } = there;
    expect(masqueradeAddress(readHome(), 'home', 'k8s-node3', nowhere).gap?.id).toBe('pod-network/home');
  });
});
