/* Releases of the clean-up; its table is held by the vectors. */
import { describe, expect, it } from 'vitest';
import { ip } from '#net/ip.ts';
import { service, slice, vip } from '#test/exact/home.ts';
import { cleanUpRulesOf } from './rules.ts';
import { type ConntrackEntry, isStale } from './stale.ts';

const quic = service('edge', {
  ports: [{ name: 'quic', port: 443, protocol: 'udp', targetPort: 8443, nodePort: 31444 }],
});
const gone: ConntrackEntry = { protocol: 'udp', destination: vip, port: 443, answersFrom: ip('10.42.9.9') };
const ask = (
  version: string | undefined,
  entry: ConntrackEntry,
  nodes: readonly string[],
  services = [quic],
) => cleanUpRulesOf(version).map((rules) => isStale(entry, services, () => [slice('edge', nodes)], rules));

describe('isStale', () => {
  it.each([
    ['v1.31.9', gone, ['k8s-node1'], undefined],
    ['v1.32.0', gone, ['k8s-node1'], true],
    ['v1.32.0', { ...gone, port: 9999 }, ['k8s-node1'], true],
    ['v1.33.0', { ...gone, port: 9999 }, ['k8s-node1'], false],
    ['v1.36.0', gone, [], false],
    ['v1.37.0', gone, [], true],
    ['v1.37.0', { ...gone, answersFrom: ip('10.42.1.5') }, ['k8s-node1'], false],
    ['v1.31.9', { ...gone, protocol: 'tcp' }, [], false],
  ] as const)('%s', (version, entry, nodes, answer) => {
    expect(ask(version, entry, nodes)).toEqual([answer]);
  });

  it('gives every answer where the release is not known', () => {
    expect(new Set(ask(undefined, gone, []))).toEqual(new Set([true, false, undefined]));
  });

  it('leaves headless Services and proxied VIPs alone', () => {
    expect(ask('1.36', gone, ['k8s-node1'], [{ ...quic, clusterIps: [] }])).toEqual([false]);
    expect(ask('1.36', gone, ['k8s-node1'], [{ ...quic, vips: [{ ip: vip, ipMode: 'Proxy' }] }])).toEqual([
      false,
    ]);
  });
});
