/* Corefiles: blocks, rewriting, hosts and forwards. */
import { describe, expect, it } from 'vitest';
import { discover, valuesOf } from '#test/memory-files.ts';
import { kubernetesSource } from './index.ts';

const corefile = `.:53 {
    errors
    kubernetes cluster.local in-addr.arpa {
       pods insecure
    }
    rewrite name exact immich.example.org. traefik.traefik.svc.cluster.local.
    rewrite stop {
      name regex (.*)\\.old\\.example\\.org {1}.example.org
      answer name (.*)\\.example\\.org {1}.old.example.org
    }
    rewrite name substring a b
    hosts /etc/coredns/NodeHosts {
      10.0.20.200 git.example.org  # by hand
      ttl 60
      fallthrough
    }
    forward . /etc/resolv.conf
    cache 30 {
      serve_stale 2h
    }
}
example.lan:53 {
    forward . 10.0.20.201 10.0.20.202
}
`;

const map = `apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  NodeHosts: |
    10.0.20.101 node1
  Corefile: |
${corefile.replaceAll(/^/gm, '    ')}
`;

describe('coreDns', () => {
  it('makes rules in the order of the file', async () => {
    const { facts } = await discover(kubernetesSource, { 'cluster/home/configmaps.yaml': map });
    expect(valuesOf(facts, 'nameRule').map((r) => r.rule)).toEqual([
      {
        kind: 'rewrite',
        match: 'exact',
        from: 'immich.example.org',
        to: 'traefik.traefik.svc.cluster.local',
      },
      { kind: 'rewrite', match: 'regex', from: '(.*)\\.old\\.example\\.org', to: '{1}.example.org' },
      { kind: 'unknown', text: 'rewrite name substring a b' },
      { kind: 'host', name: 'node1', addresses: ['10.0.20.101'], ttlSeconds: 60 },
      { kind: 'host', name: 'git.example.org', addresses: ['10.0.20.200'], ttlSeconds: 60 },
      { kind: 'forward', zone: '', to: ['/etc/resolv.conf'] },
      { kind: 'forward', zone: 'example.lan', to: ['10.0.20.201', '10.0.20.202'] },
    ]);
    expect(valuesOf(facts, 'resolver')).toEqual([
      {
        id: 'coredns/home',
        program: 'coredns',
        serves: ['cluster/home'],
        cache: { maxTtlSeconds: 30, serveStaleSeconds: 7_200 },
      },
    ]);
  });
});
