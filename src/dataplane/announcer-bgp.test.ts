/* MetalLB in BGP mode: who could announce, and when nobody can. */
import { describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import {
  announcing,
  gapIn,
  node,
  nodeNames,
  type Parts,
  pool,
  readHome,
  service,
  slice,
  vip,
} from '#test/exact/home.ts';
import { announcerOf } from './announce.ts';

const bgp = { cluster: 'home', name: 'b', pools: ['home'], poolSelectors: [], nodeSelectors: [] };
const edge = [{ matchLabels: { role: 'edge' } }];
const labelled = nodeNames.map((n) => node(n, { labels: { role: n === 'k8s-node3' ? 'edge' : 'core' } }));
const local = [service('edge', { externalPolicy: 'local' })];
const alone = { l2Advertisement: [], bgpAdvertisement: [bgp] };

const ask = (parts: Parts = {}, gaps: Parameters<typeof gapIn> = []) =>
  announcerOf(readHome({ ...alone, ...parts }, gaps.length > 0 ? [gapIn(...gaps)] : []), vip);

describe('MetalLB in BGP mode', () => {
  it.each([
    ['Cluster: every node with a speaker', {}, [...nodeNames]],
    ['with fewer speakers', { announcing: [announcing({ speakerNodes: ['k8s-node2'] })] }, ['k8s-node2']],
    [
      'an advertisement for some nodes',
      { node: labelled, bgpAdvertisement: [{ ...bgp, nodeSelectors: edge }] },
      ['k8s-node3'],
    ],
    [
      'several advertisements',
      {
        node: labelled,
        bgpAdvertisement: [
          { ...bgp, nodeSelectors: edge },
          { ...bgp, name: 'c' },
        ],
      },
      [...nodeNames],
    ],
    ['Local: nodes with an endpoint', { service: local }, ['k8s-node1', 'k8s-node2']],
    ['for all pools', { bgpAdvertisement: [{ ...bgp, pools: [] }] }, [...nodeNames]],
    [
      'Services that share the address',
      {
        service: [service('edge', { externalPolicy: 'local' }), service('quic', { externalPolicy: 'local' })],
        endpointSlice: [slice('edge', ['k8s-node2']), slice('quic', ['k8s-node1'])],
      },
      ['k8s-node1', 'k8s-node2'],
    ],
    ['besides layer 2', { l2Advertisement: undefined }, [...nodeNames]],
  ] as [string, Parts, string[]][])('%s: a router chooses among them', (_name, parts, from) => {
    const given = 'l2Advertisement' in parts ? { bgpAdvertisement: [bgp] } : { ...alone, ...parts };
    const answer = announcerOf(readHome(given), vip);
    expect(answer).toMatchObject({
      nodes: [],
      candidates: from,
      routedGap: { id: 'metallb-bgp/home' },
      gap: { id: 'metallb-bgp/home', evidence: { file: 'bgpAdvertisement.yaml' } },
    });
    expect(answer?.gap?.what).toContain(` from ${from.join(', ')};`);
  });

  it.each([
    ['without an endpoint', { endpointSlice: [] }],
    [
      'with endpoints that cannot serve',
      {
        endpointSlice: [
          slice('edge', [], {
            endpoints: [{ addresses: [ip('10.42.1.5')], node: 'k8s-node1', ready: false, serving: false }],
          }),
        ],
      },
    ],
    ['without a speaker', { announcing: [announcing({ speakerNodes: [] })] }],
    [
      'Local with endpoints elsewhere',
      { service: local, announcing: [announcing({ speakerNodes: ['k8s-node3'] })] },
    ],
    ['selecting no node', { bgpAdvertisement: [{ ...bgp, nodeSelectors: edge }] }],
  ] as [string, Parts][])('%s: nobody', (_name, parts) => {
    const answer = ask(parts);
    expect(answer).toMatchObject({ nodes: [], candidates: [], rule: 'MetalLB: BGP' });
    expect(answer?.gap).toBeUndefined();
    expect(answer?.routedGap).toBeUndefined();
    expect(answer?.because.map((e) => e.file)).toContain('bgpAdvertisement.yaml');
  });

  it('nobody is not said where layer 2 may do it too, or where slices or speakers are not known', () => {
    const both = announcerOf(readHome({ endpointSlice: [], bgpAdvertisement: [bgp] }), vip);
    expect(both).toMatchObject({ candidates: [], gap: { id: 'metallb-bgp/home' } });
    expect(both?.gap?.what).toMatch(/by BGP; which/);
    expect(ask({ endpointSlice: [] }, ['endpointSlice'])?.gap?.id).toBe('metallb-bgp/home');
    const { speakerNodes: _, ...unheard } = announcing();
    expect(ask({ announcing: [unheard] })).toMatchObject({ candidates: [], gap: { id: 'metallb-bgp/home' } });
  });

  it('an advertisement for another pool is not asked', () => {
    const away = { bgpAdvertisement: [{ ...bgp, pools: ['away'] }] };
    expect(announcerOf(readHome(away), vip)?.nodes).toEqual(['k8s-node3']);
    const byLabel = [{ ...bgp, pools: [], poolSelectors: [{ matchLabels: { zone: 'a' } }] }];
    const pools = [pool('home', ['10.0.20.200-10.0.20.209'], { labels: { zone: 'a' } })];
    expect(ask({ bgpAdvertisement: byLabel, pool: pools })?.routedGap?.id).toBe('metallb-bgp/home');
    expect(announcerOf(readHome({ bgpAdvertisement: byLabel }), vip)?.nodes).toEqual(['k8s-node3']);
  });
});
