/* Corners of kube-proxy's rules that no upstream table reaches: found by mutants that nothing noticed. */
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from '#estate/kubernetes.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import type { Parts } from '#test/exact/home.ts';
import { client, gapIn, node, proxy, readHome, service, slice, vip } from '#test/exact/home.ts';
import { decideService } from '../service.ts';
import type { Packet } from '../trace.ts';
import { categoriseEndpoints, usesLocal } from './categorise.ts';
import type { ProxyConfig } from './config.ts';
import { endpointsOfPort, endpointText } from './endpoints.ts';
import { isExternallyAccessible, vipsOf } from './frontend.ts';
import { newestRules } from './rules.ts';
import { isKeptOut } from './source-ranges.ts';

const outside = { isPod: false, isLocalProcess: false };
const decide = (
  parts: Parts,
  change: Partial<Packet> = {},
  origin = outside,
  kinds: Parameters<typeof gapIn> = [],
) =>
  decideService(
    readHome(parts, kinds.length === 0 ? [] : [gapIn(...kinds)]),
    { cluster: 'home', node: 'k8s-node1' },
    { source: client, destination: vip, port: 443, protocol: 'tcp', ...change },
    origin,
  );
const edge = (change: Partial<Service>): Parts => ({ service: [service('edge', change)] });
const port = { name: 'web', port: 443, protocol: 'tcp', targetPort: 8443 } as const;
const endpoint = (more: Partial<EndpointSlice['endpoints'][number]>) => ({
  addresses: [ip('10.42.1.5')],
  node: 'k8s-node1',
  ...more,
});
const ofPort = (...slices: EndpointSlice[]) => endpointsOfPort(slices, port, 4, 'k8s-node1');

describe('endpoints', () => {
  it('a port without number gives none, and so does an endpoint without address', () => {
    expect(ofPort(slice('edge', ['k8s-node1'], { ports: [{ name: 'web', protocol: 'tcp' }] }))).toEqual([]);
    expect(ofPort(slice('edge', [], { endpoints: [{ addresses: [] }] }))).toEqual([]);
  });

  it('a condition that is not said', () => {
    expect(ofPort(slice('edge', [], { endpoints: [endpoint({})] }))).toMatchObject([
      { isReady: true, isServing: true, isTerminating: false },
    ]);
  });

  it('is written with brackets for IPv6', () => {
    expect(endpointText({ ip: ip('fd00::1'), port: 80 })).toBe('[fd00::1]:80');
    expect(endpointText({ ip: ip('10.0.0.1'), port: 80 })).toBe('10.0.0.1:80');
  });

  it('a local endpoint that hints keep away is not reachable by policy Cluster', () => {
    const all = ofPort(
      slice('edge', [], {
        endpoints: [
          endpoint({ zoneHints: ['b'] }),
          endpoint({ addresses: [ip('10.42.2.5')], node: 'k8s-node2', zoneHints: ['a'] }),
        ],
      }),
    );
    const use = { isInternalLocal: false, isExternalLocal: false, isExternallyAccessible: true };
    const place = { node: 'k8s-node1', zone: 'a', hasHintsAnnotation: true };
    const found = categoriseEndpoints(all, use, place, newestRules);
    expect(found.reachable.map((e) => e.ip)).toEqual(['10.42.2.5']);
    expect(found.local).toBeUndefined();
    expect(usesLocal(use)).toBe(false);
  });
});

describe('frontends', () => {
  it('a Service without NodePort is reachable from outside by a VIP or external address of the family', () => {
    const bare = { vips: [], externalIps: [] };
    const ask = (change: Partial<Service>, family: 4 | 6 = 4) =>
      isExternallyAccessible(service('edge', { ...bare, ...change }), port, family, newestRules);
    expect(ask({})).toBe(false);
    expect(ask({ vips: [{ ip: vip, ipMode: 'VIP' }] })).toBe(true);
    expect(ask({ vips: [{ ip: vip, ipMode: 'VIP' }] }, 6)).toBe(false);
    expect(ask({ vips: [{ ip: vip, ipMode: 'Proxy' }] })).toBe(false);
    expect(ask({ externalIps: [ip('10.0.20.66')] })).toBe(true);
    expect(ask({ externalIps: [ip('10.0.20.66')] }, 6)).toBe(false);
    expect(vipsOf(service('edge'), 6, newestRules)).toEqual([]);
  });

  it('a VIP without NodePort under Local has its local endpoints', () => {
    const found = decide(edge({ externalPolicy: 'local', ports: [port], allocateNodePorts: false }));
    expect(found).toMatchObject({ verdict: 'dnat', masquerades: false });
    expect(found.endpoints.map((e) => e.node)).toEqual(['k8s-node1']);
  });

  it('the policy of a Service without outer type is Cluster', () => {
    const found = decide(edge({ type: 'ClusterIP', externalPolicy: 'local' }));
    expect(found).toMatchObject({ verdict: 'dnat', masquerades: true });
    expect(found.endpoints).toHaveLength(2);
    const external = {
      type: 'ClusterIP' as const,
      externalPolicy: 'local' as const,
      externalIps: [ip('10.0.20.66')],
    };
    expect(decide(edge(external), { destination: ip('10.0.20.66') }).endpoints).toHaveLength(1);
  });

  it('a NodePort asks for its protocol, and for an address of the node even where nothing serves', () => {
    const at = (change: Partial<Packet>, parts: Parts = {}) =>
      decide(parts, { port: 31443, ...change }).verdict;
    const own = { destination: ip('10.0.20.101') };
    expect(at(own)).toBe('dnat');
    expect(at({ ...own, protocol: 'udp' })).toBe('none');
    expect(at(own, { endpointSlice: [] })).toBe('reject');
    expect(at({ destination: ip('10.42.9.9') }, { endpointSlice: [] })).toBe('none');
    expect(at(own, edge({ type: 'ExternalName' }))).toBe('none');
  });
});

describe('the asking side', () => {
  const process = { isPod: false, isLocalProcess: true };

  it('a port of both protocols is two frontends', () => {
    const quic = { name: 'quic', port: 443, protocol: 'udp', targetPort: 8443, nodePort: 31443 } as const;
    const ports = [{ ...port, nodePort: 31443 }, quic];
    const own = { destination: ip('10.0.20.101'), port: 31443 };
    expect(decide(edge({ ports }), own).verdict).toBe('dnat');
  });

  it('a process of a node that is not in the snapshot, and of one without an address of the family', () => {
    expect(decide({ node: [] }, { source: ip('10.0.20.101') }, process).verdict).toBe('dnat');
    const six = { node: [node('k8s-node1', { internalIps: [ip('fd00::101')] })] };
    expect(decide(six, { source: ip('10.0.20.101') }, process).verdict).toBe('dnat');
  });

  it('a process that names one of several addresses of its node sends from that', () => {
    const parts = {
      ...edge({ sourceRanges: [prefix('10.0.30.0/24')] }),
      node: [node('k8s-node1', { internalIps: [ip('10.0.20.101'), ip('10.0.30.101')] })],
    };
    expect(decide(parts, { source: ip('10.0.30.101') }, process).verdict).toBe('dnat');
    expect(decide(parts, { source: ip('10.0.20.101') }, process).verdict).toBe('drop');
  });

  it('what is refused is not masqueraded', () => {
    expect(decide({ endpointSlice: [] })).toMatchObject({ verdict: 'reject', masquerades: false });
  });

  it('a foreign proxy is named although more may be unread', () => {
    const parts = { serviceProxy: [proxy({ program: 'cilium' })] };
    expect(decide(parts, {}, outside, ['serviceProxy']).gap?.id).toBe('service-proxy-cilium/home');
  });
});

describe('settings', () => {
  it('ranges do not let a VIP in where the node has no address of the family', () => {
    const config = { nodeIps: [ip('fd00::1')] } as unknown as ProxyConfig;
    const ranged = service('edge', { sourceRanges: [prefix('10.0.20.0/24')] });
    expect(isKeptOut(ranged, [vip], ip('10.99.0.1'), config)).toBe(true);
    expect(isKeptOut(ranged, [ip('10.99.0.1')], ip('10.99.0.1'), config)).toBe(true);
    const inside = { nodeIps: [ip('10.0.20.101')] } as unknown as ProxyConfig;
    expect(isKeptOut(ranged, [ip('10.99.0.1')], ip('10.99.0.1'), inside)).toBe(false);
  });

  it('NodeCIDR: pods of this node take the short cut, those of others do not', () => {
    const parts = {
      ...edge({ externalPolicy: 'local' }),
      serviceProxy: [proxy({ detectLocalMode: 'NodeCIDR' })],
    };
    expect(decide(parts, { source: ip('10.42.1.77') }).endpoints).toHaveLength(2);
    expect(decide(parts, { source: ip('10.42.2.77') }).endpoints).toHaveLength(1);
  });

  it('a node that is not in the snapshot', () => {
    const parts = { node: [node('k8s-node2')], serviceProxy: [proxy({ detectLocalMode: 'NodeCIDR' })] };
    expect(decide(parts)).toMatchObject({ verdict: 'dnat', masquerades: true });
    const inside = { destination: ip('10.43.0.10'), source: ip('10.42.1.77') };
    expect(decide(parts, inside)).toMatchObject({ verdict: 'dnat', masquerades: false });
  });

  it('NodePorts answer on loopback unless told otherwise', () => {
    const own = { destination: ip('127.0.0.1'), source: ip('127.0.0.1'), port: 31443 };
    const process = { isPod: false, isLocalProcess: true };
    expect(decide({}, own, process).verdict).toBe('dnat');
    expect(decide({ serviceProxy: [proxy({ localhostNodePorts: false })] }, own, process).verdict).toBe(
      'none',
    );
  });

  it('addresses for NodePorts that cannot be read are left out', () => {
    const nodePortAddresses = ['nonsense', '10.0.20.0/24'];
    const own = { destination: ip('10.0.20.101'), port: 31443 };
    expect(decide({ serviceProxy: [proxy({ nodePortAddresses })] }, own).verdict).toBe('dnat');
  });

  it('behind a gap in the settings the release is not believed either', () => {
    const parts = edge({ vips: [{ ip: vip, ipMode: 'Proxy' }] });
    expect(decide(parts).verdict).toBe('none');
    expect(decide(parts, {}, outside, ['serviceProxy']).verdict).toBe('unknown');
  });
});
