/* A VIP on no network of the firewall: it has no route to it, unless a router may have been told of one. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { homeReader, stated, traefik } from '#test/estates.ts';
import { walkAddress } from './path.ts';

const far = ip('10.99.0.5');

function dial(add: readonly Fact[], vantage = 'lan') {
  const named = [traefik({ vips: [{ ip: far, ipMode: 'VIP' }] }), pool, ...add];
  const paths = walkAddress(homeReader({ add: named }), {
    vantage,
    family: 4,
    ip: far,
    port: 443,
    protocol: 'tcp',
  });
  return paths.map((p) => [p.disposition, ...p.gaps.map((g) => g.id)]);
}

const pool = stated('pool', {
  cluster: 'home',
  namespace: 'metallb-system',
  name: 'far',
  labels: {},
  ranges: [{ first: ip('10.99.0.0'), last: ip('10.99.0.20') }],
  autoAssign: true,
  avoidBuggyIps: false,
});
const bgp = stated('bgpAdvertisement', {
  cluster: 'home',
  name: 'b',
  pools: ['far'],
  poolSelectors: [],
  nodeSelectors: [],
});
const announcing = (more: object) =>
  stated('announcing', { cluster: 'home', program: 'metallb', ignoreExcludeLabel: false, ...more });

describe('an address that no network of the firewall holds', () => {
  test.each([
    ['layer 2: certainly no route', [], ['no-route']],
    ['BGP: the firewall may have been told of one', [bgp], ['unknown', 'metallb-bgp/home']],
    ['BGP without a speaker: nobody told it', [bgp, announcing({ speakerNodes: [] })], ['no-route']],
    [
      'Cilium’s BGP',
      [announcing({ program: 'cilium', means: ['routes'] })],
      ['unknown', 'announcer-cilium/home'],
    ],
    ['a program not known', [announcing({ program: 'unknown' })], ['unknown', 'announcer-unknown/home']],
    ['a lease: no route', [announcing({ program: 'kube-vip', means: ['lease'] })], ['no-route']],
    ['nothing announces: no route', [announcing({ program: 'none' })], ['no-route']],
    [
      'a class left to another',
      [traefik({ loadBalancerClass: 'x', vips: [{ ip: far, ipMode: 'VIP' }] })],
      ['unknown', 'load-balancer-class/traefik/traefik/home'],
    ],
  ] as [string, Fact[], string[]][])('%s', (_name, add, expected) => {
    expect(dial(add)).toEqual([expected]);
  });

  test('inside the cluster the service proxy knows it all the same', () => {
    expect(dial([bgp], 'pod').map(([d]) => d)).toEqual(['delivered', 'delivered']);
  });
});
