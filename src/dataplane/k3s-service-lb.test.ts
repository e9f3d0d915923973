/* k3s ServiceLB: status addresses are the service proxy's, other addresses of a node lead through its pod. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import { ip } from '#net/ip.ts';
import { homeReader, nearClient, pod, traefik } from '#test/estates.ts';
import { type PathTrace, walkAddress } from './path.ts';

interface Dial {
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: 'tcp' | 'udp';
  readonly vantage?: string;
  readonly family?: 4 | 6;
}

function dial(add: readonly Fact[], d: Dial = {}): readonly PathTrace[] {
  const { vantage = 'near', family = 4, to = '10.0.20.103', port = 443, protocol = 'tcp' } = d;
  return walkAddress(homeReader({ add }), { vantage, family, ip: ip(to), port, protocol });
}

const shown = ip('10.10.3.40');
const name = 'svccontroller.k3s.cattle.io/svcname';
const clusterEnv = { SRC_PORT: '443', DEST_PROTO: 'TCP', DEST_PORT: '443', DEST_IPS: '10.96.0.80' };
const localEnv = { SRC_PORT: '443', DEST_PROTO: 'TCP', DEST_PORT: '30443' };

function balancer(
  env: Readonly<Record<string, string>> = clusterEnv,
  image = 'rancher/klipper-lb:v0.4.13',
): Fact<'pod'> {
  return pod('kube-system/svclb-traefik-x', shown, 3, {
    labels: { [name]: 'traefik' },
    containers: [
      {
        name: 'lb-tcp-443',
        image,
        args: [],
        env,
        ports: [{ containerPort: 443, hostPort: 443, protocol: env.DEST_PROTO === 'UDP' ? 'udp' : 'tcp' }],
      },
    ],
  });
}

const given = (policy: 'cluster' | 'local', ...addresses: readonly string[]) =>
  traefik({ externalPolicy: policy, vips: addresses.map((a) => ({ ip: ip(a), ipMode: 'VIP' as const })) });
const ends = (paths: readonly PathTrace[]) => paths.map((p) => [p.disposition, p.reached?.pod, p.seenAs]);
const both = ['home/traefik/traefik-1', 'home/traefik/traefik-2'] as const;

describe('an address of the status', () => {
  test('Cluster: the service proxy masquerades, the pod of ServiceLB is not on the way', () => {
    const paths = dial([given('cluster', '10.0.20.101'), balancer()], { to: '10.0.20.101' });
    expect(ends(paths)).toEqual([
      ['delivered', both[0], '10.0.20.101'],
      ['delivered', both[1], '10.0.20.101'],
    ]);
  });

  test('Local: the node’s own pod sees the client', () => {
    const paths = dial([given('local', '10.0.20.101'), balancer(localEnv)], { to: '10.0.20.101' });
    expect(ends(paths)).toEqual([['delivered', both[0], nearClient]]);
    expect(paths[0]?.returnPath?.disposition).toBe('delivered');
  });
});

describe('another address of a node', () => {
  test('Cluster: through the pod, which every endpoint sees', () => {
    const paths = dial([given('cluster', '10.0.20.101'), balancer()]);
    expect(ends(paths)).toEqual(both.map((p) => ['delivered', p, shown]));
    expect(paths.map((p) => [p.peer.is, p.peer.says, p.returnPath?.disposition])).toEqual(
      both.map(() => ['pod', 'svclb-traefik-x of k3s ServiceLB stands in for the client', 'delivered']),
    );
    expect(paths[0]?.hops.map((h) => h.host)).toContain('pod/home/kube-system/svclb-traefik-x');
    expect(paths[0]?.peer.because.map((e) => e.file)).toEqual(['pod.yaml']);
  });

  test('Local: through the node port, which a pod reaches everywhere', () => {
    const paths = dial([given('local', '10.0.20.101'), balancer(localEnv)]);
    expect(ends(paths)).toEqual(both.map((p) => ['delivered', p, shown]));
    expect(paths.map((p) => p.returnPath?.disposition)).toEqual(['delivered', 'delivered']);
  });

  test.each([
    ['an older variable', { ...clusterEnv, DEST_IPS: undefined, DEST_IP: '10.96.0.80' }],
    ['two families, by comma', { ...clusterEnv, DEST_IPS: 'fd00:96::80,10.96.0.80' }],
    ['two families, by space', { ...clusterEnv, DEST_IPS: '10.96.0.80 fd00:96::80' }],
    ['a word that is no address', { ...clusterEnv, DEST_IPS: 'here,10.96.0.80' }],
    ['everyone allowed', { ...clusterEnv, SRC_RANGES: '0.0.0.0/0 ::/0' }],
    ['nobody named', { ...clusterEnv, SRC_RANGES: '' }],
  ])('%s leads there too', (_name, env) => {
    const set = Object.fromEntries(Object.entries(env).filter(([, v]) => v !== undefined));
    expect(ends(dial([given('cluster'), balancer(set as Record<string, string>)]))).toEqual(
      both.map((p) => ['delivered', p, shown]),
    );
  });

  test('an older release translates to the Service all the same', () => {
    const old = balancer(clusterEnv, 'rancher/klipper-lb:v0.4.3');
    expect(ends(dial([given('cluster'), old]))).toEqual(both.map((p) => ['delivered', p, shown]));
  });

  test('UDP has a container of its own', () => {
    const udp = { ...clusterEnv, DEST_PROTO: 'UDP' };
    expect(ends(dial([given('cluster'), balancer(udp)], { protocol: 'udp' }))).toEqual(
      both.map((p) => ['delivered', p, shown]),
    );
  });

  test('a pod of another program keeps its host port', () => {
    const other = { ...balancer().value, labels: {} };
    const paths = dial([given('cluster'), { ...balancer(), value: other }]);
    expect(ends(paths)).toEqual([['delivered', 'home/kube-system/svclb-traefik-x', nearClient]]);
  });

  test.each([
    ['klipper-lb 0.4.3 under Local', balancer(localEnv, 'rancher/klipper-lb:v0.4.3'), /before 0\.4\.4/],
    ['a release not told under Local', balancer(localEnv, 'mirror/klipper-lb@sha256:9'), /before 0\.4\.4/],
    ['source ranges', balancer({ ...clusterEnv, SRC_RANGES: '10.0.0.0/8' }), /lets only 10\.0\.0\.0\/8 pass/],
    ['no variables', balancer({}), /rules of its container/],
    ['another protocol', balancer({ ...clusterEnv, DEST_PROTO: 'SCTP' }), /rules of its container/],
    ['another port', balancer({ ...clusterEnv, SRC_PORT: '80' }), /rules of its container/],
    ['no port', balancer({ SRC_PORT: '443', DEST_PROTO: 'TCP', DEST_IPS: '10.96.0.80' }), /port that it/],
    ['port 0', balancer({ ...clusterEnv, DEST_PORT: '0' }), /port that it/],
    ['half a port', balancer({ ...clusterEnv, DEST_PORT: '1.5' }), /port that it/],
    ['no target of the family', balancer({ ...clusterEnv, DEST_IPS: 'fd00:96::80' }), /no target of IPv4/],
    ['the client as target', balancer({ ...clusterEnv, DEST_IPS: nearClient }), /as they are/],
  ] as const)('%s: not known, and named', (_name, lb, why) => {
    const [path, other] = dial([given('local', '10.0.20.101'), lb]);
    expect(other).toBeUndefined();
    expect(path).toMatchObject({
      disposition: 'unknown',
      gaps: [
        {
          id: 'service-lb/home/kube-system/svclb-traefik-x',
          system: 'cluster/home',
          evidence: { file: 'pod.yaml' },
        },
      ],
    });
    expect(path?.gaps[0]?.what).toMatch(why);
  });
});
