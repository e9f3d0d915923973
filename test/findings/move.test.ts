/** What a move would meet: addresses, names, rules, owners, Helm, tools behind the ingress. */

import { expect, it } from 'vitest';
import { fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import {
  alias,
  forward,
  ingress,
  localTraefik,
  record,
  route,
  service,
  slice,
  stated,
  tunnelRule,
  vip,
  zone,
} from '../estates.ts';
import { findingsOf, type RuleCase, testRules } from './cases.ts';

const service0 = 'service:home/traefik/traefik';
const alone = { without: ['service:home/dbaas/postgresql-lb'] as const };
const byAddress = tunnelRule(0, 'proxied.example.org', 'https://10.0.20.200:443');
const dhcp = (first: string, last: string) =>
  stated('dhcpRange', {
    firewall: 'pfsense',
    interface: 'opt1',
    range: { first: ip(first), last: ip(last) },
    server: 'kea',
    staticIps: [],
  });
const translation = (from: string, to: string) =>
  stated('translation', {
    server: 'dns/technitium',
    group: 'lan',
    clients: [],
    from: ip(from),
    to: ip(to),
    isEnabled: true,
  });
const access = (needs: readonly string[]) =>
  stated('systemAccess', { system: 'dns/technitium', credential: 'cmd:vault', needs });
const repository = (applies: 'manual' | 'on-push' | 'on-schedule') =>
  stated('repository', {
    id: 'infra',
    type: 'terraform',
    path: 'source/infra',
    applies,
    owns: ['service/traefik/traefik', 'dns/technitium/example.org'],
  });
const setting = stated('statedSetting', {
  repository: 'source/infra',
  file: 'main.tf',
  line: 31,
  start: 900,
  end: 920,
  resource: 'helm_release.traefik',
  path: 'values.service.annotations["metallb.io/loadBalancerIPs"]',
  value: '10.0.20.200',
});
const release = (more: object = {}) =>
  stated('helmRelease', {
    cluster: 'home',
    namespace: 'traefik',
    name: 'traefik',
    chart: 'traefik',
    waits: false,
    atomic: false,
    chartVersion: '39.0.5',
    ...more,
  });
/** A resolver of the house that keeps answers so long beyond their TTL. */
const resolver = (id: 'technitium' | 'coredns', serveStaleSeconds: number) =>
  stated('resolver', {
    id,
    program: id,
    address: ip(id === 'technitium' ? '10.0.20.201' : '10.96.0.10'),
    serves: [id === 'technitium' ? 'dns/technitium' : 'cluster/home'],
    ...(id === 'coredns' && { forwardsTo: 'technitium' }),
    cache: { serveStaleSeconds },
  });
const dns = (policy: string) =>
  stated('workload', {
    cluster: 'home',
    type: 'Deployment',
    namespace: 'dns',
    name: 'external-dns',
    labels: {},
    annotations: {},
    selector: {},
    podLabels: {},
    containers: [
      {
        name: 'main',
        image: 'registry.k8s.io/external-dns/external-dns:v0.18.0',
        args: [`--policy=${policy}`],
        env: {},
        ports: [],
      },
    ],
    hostAliases: [],
    spread: 'none',
  });
const runner = (ip0: string) =>
  stated('workload', {
    ...dns('x').value,
    namespace: 'ci',
    name: 'runner',
    containers: [],
    hostAliases: [{ ip: ip(ip0), names: ['forge.example.org'] }],
  });
const lanZone = (address: string) => [
  zone('dns/technitium', 'example.lan', false),
  stated('recordSet', {
    ...record('dns/technitium', 'example.org', 'A', [address]).value,
    zone: dnsName('example.lan'),
    name: dnsName('app.example.lan'),
  }),
  route('app', 'app.example.lan'),
];
const mirror = (file: string, system: string, text: string) =>
  placed({ system, file, line: 3, start: 40, end: 51, ip: vip, text, syntax: 'toml' });
/** Mentions carry the place in their own file, as readers give it. */
const placed = (value: Kinds['mention']) =>
  fact('mention', value, {
    file: value.file,
    line: value.line,
    object: `mention:${value.file}:${value.start}`,
  });
/** The resolver of the home estate has the pool's second address; here it has another. */
const away = stated('resolver', {
  id: 'technitium',
  program: 'technitium',
  address: ip('192.168.1.2'),
  serves: ['dns/technitium'],
});
const direct = (address: string) =>
  service('apps/activation', {
    type: 'LoadBalancer',
    ports: [{ port: 1688, protocol: 'tcp', targetPort: 1688 }],
    vips: [{ ip: ip(address), ipMode: 'VIP' }],
  });

const cases: readonly RuleCase[] = [
  {
    code: 'flip-in-place',
    fires: {},
    cause: /takes its address away; 1 other Service keep.*clears the Service that was edited/,
    evidence: [service0, 'service:home/dbaas/postgresql-lb', 'announcing:home'],
    severity: 'warning',
    silent: { add: localTraefik() },
    near: alone,
  },
  {
    code: 'tunnel-origin',
    fires: { add: [byAddress] },
    cause: /address of the Service and not its ClusterIP/,
    evidence: ['tunnelRule:home/00000', service0],
    severity: 'critical',
    silent: {},
    near: { add: [tunnelRule(0, 'proxied.example.org', 'https://10.96.0.80:443')] },
  },
  {
    code: 'tunnel-origin',
    fires: {
      add: [
        tunnelRule(0, 'proxied.example.org', 'https://entry.example.org:443'),
        record('dns/technitium', 'entry.example.org', 'A', ['10.0.20.200']),
      ],
    },
    cause: /proxied names use the address/,
    evidence: ['recordSet:dns/technitium||example.org|entry.example.org|A'],
    severity: 'critical',
    silent: {},
    near: {
      add: [
        tunnelRule(0, 'proxied.example.org', 'https://entry.example.org:443'),
        record('dns/technitium', 'entry.example.org', 'A', ['10.0.20.77']),
      ],
    },
  },
  {
    code: 'tunnel-origin',
    fires: {
      without: ['tunnel:home', 'tunnelRule:home/00000', 'tunnelRule:home/00009'],
      add: [
        stated('workload', {
          ...dns('x').value,
          namespace: 'cloudflared',
          name: 'cloudflared',
          containers: [
            {
              name: 'main',
              image: 'cloudflare/cloudflared:2026.5',
              args: ['tunnel', 'run'],
              env: {},
              ports: [],
            },
          ],
        }),
      ],
    },
    cause: /takes its rules from the provider/,
    evidence: ['workload:home/cloudflared/Deployment/cloudflared'],
    severity: 'warning',
    certainty: 'unknown',
    silent: {},
    near: { without: ['tunnel:home', 'tunnelRule:home/00000', 'tunnelRule:home/00009'] },
  },
  {
    code: 'needed-behind-ingress',
    fires: { add: [access(['immich.example.org:443'])] },
    cause: /while the ingress has no address/i,
    evidence: ['systemAccess:dns/technitium', 'route:home/IngressRoute/apps/immich'],
    severity: 'critical',
    silent: { add: [access([])] },
    near: { add: [access(['dbaas/postgresql-lb:5432', 'vault.example.net:443'])] },
  },
  {
    code: 'names-follow',
    fires: { add: lanZone('10.0.20.200') },
    cause: /2 records hold 10\.0\.20\.200/,
    evidence: [
      'recordSet:dns/technitium||example.org|example.org|A',
      'recordSet:dns/technitium||example.lan|app.example.lan|A',
    ],
    severity: 'warning',
    silent: {},
    near: { add: lanZone('10.0.20.77') },
  },
  {
    code: 'address-elsewhere',
    about: /second zone/,
    fires: { add: lanZone('10.0.20.200') },
    cause: /keep the old answer/,
    evidence: ['recordSet:dns/technitium||example.lan|app.example.lan|A'],
    severity: 'warning',
    silent: {},
    near: { add: [record('dns/technitium', 'other.example.org', 'A', ['10.0.20.200'])] },
  },
  {
    code: 'address-elsewhere',
    about: /translation/,
    fires: { add: [translation('203.0.113.10', '10.0.20.200')] },
    cause: /by address knows nothing of names/,
    evidence: ['translation:dns/technitium|lan|203.0.113.10'],
    severity: 'warning',
    silent: {},
    near: { add: [translation('203.0.113.10', '10.0.20.201')] },
  },
  {
    code: 'address-elsewhere',
    about: /hostAliases/,
    fires: { add: [runner('10.0.20.200')] },
    cause: /\/etc\/hosts of the pod/,
    evidence: ['workload:home/ci/Deployment/runner'],
    severity: 'warning',
    silent: {},
    near: { add: [runner('10.0.20.20')] },
  },
  {
    code: 'address-elsewhere',
    about: /node file/,
    fires: { add: [mirror('node/k8s-node1/hosts.toml', 'node/k8s-node1', '[host."https://10.0.20.200"]')] },
    cause: /running pods do not notice/,
    evidence: ['mention:node/k8s-node1/hosts.toml:40'],
    severity: 'warning',
    silent: {},
    near: { add: [mirror('node/k8s-node1/hosts.toml', 'node/k8s-node1', '# was 10.0.20.200 once')] },
  },
  {
    code: 'address-elsewhere',
    about: /monitor/,
    fires: {
      add: [stated('monitor', { name: 'resolver', expectsName: dnsName('example.org'), expectsIp: vip })],
    },
    cause: /expects the old answer/,
    evidence: ['monitor:resolver|example.org'],
    severity: 'warning',
    silent: {},
    near: {
      add: [
        stated('monitor', {
          name: 'resolver',
          expectsName: dnsName('example.org'),
          expectsIp: ip('203.0.113.10'),
        }),
      ],
    },
  },
  {
    code: 'address-elsewhere',
    about: /second firewall/,
    fires: {
      add: [
        stated('firewall', {
          name: 'upstairs',
          product: 'pfsense',
          outboundNat: 'automatic',
          reflection: 'disable',
          reflectionSnat: false,
          isIpv6Allowed: true,
        }),
        stated('alias', {
          firewall: 'upstairs',
          name: 'web',
          type: 'host',
          entries: ['10.0.20.200'],
          descr: '',
        }),
      ],
    },
    cause: /another box/,
    evidence: ['alias:upstairs/web'],
    severity: 'warning',
    silent: {},
    near: { add: [alias('web', ['10.0.20.200'])] },
  },
  {
    code: 'address-free',
    about: /is not free/,
    fires: { add: [away, dhcp('10.0.20.201', '10.0.20.210')] },
    cause: /DHCP range holds it/,
    evidence: ['dhcpRange:pfsense/opt1/10.0.20.201', 'pool:home/metallb-system/default'],
    severity: 'warning',
    silent: { add: [away] },
    near: { add: [away, dhcp('10.0.20.221', '10.0.20.250')] },
  },
  {
    code: 'address-free',
    about: /free as far as files show/,
    fires: { add: [away, dhcp('10.0.20.221', '10.0.20.250')] },
    cause: /only the wire tells/,
    evidence: ['dhcpRange:pfsense/opt1/10.0.20.221', 'pool:home/metallb-system/default'],
    severity: 'notice',
    certainty: 'unknown',
    silent: { add: localTraefik() },
    near: { add: [record('dns/technitium', 'nas.example.org', 'A', ['10.0.20.201'])] },
  },
  {
    code: 'pool-overlaps-dhcp',
    fires: { add: [dhcp('10.0.20.220', '10.0.20.250')] },
    cause: /answers ARP for it beside the announcer/,
    evidence: ['pool:home/metallb-system/default', 'dhcpRange:pfsense/opt1/10.0.20.220'],
    severity: 'warning',
    silent: {},
    near: { add: [dhcp('10.0.20.221', '10.0.20.250')] },
  },
  {
    code: 'alias-users',
    fires: {},
    cause: /nginx .*80\/tcp.* leaves/s,
    evidence: ['alias:pfsense/nginx', 'portForward:pfsense/00001'],
    severity: 'notice',
    silent: { without: ['portForward:pfsense/00001'] },
    near: { add: [forward(1, 80, { target: 'web' }), alias('web', ['10.0.20.77'])] },
  },
  {
    code: 'alias-users',
    about: /instead of an alias/,
    fires: { add: [forward(0, 443, { target: '10.0.20.200' })] },
    cause: /must be changed in every rule/,
    evidence: ['portForward:pfsense/00000'],
    severity: 'warning',
    silent: {},
    near: { add: [forward(0, 443, { target: '10.0.20.200', isEnabled: false })] },
  },
  {
    code: 'two-paths',
    fires: { add: [direct('10.0.20.202')] },
    cause: /share a name and nothing else/,
    evidence: ['route:home/IngressRoute/apps/immich', 'service:home/apps/activation'],
    severity: 'notice',
    silent: {},
    near: { add: [direct('10.0.20.200')] },
  },
  {
    code: 'reverting-owners',
    about: /address and policy/,
    fires: { add: [repository('on-push'), setting] },
    cause: /write the address and policy of Service traefik\/traefik back.*on every push/,
    evidence: ['repository:infra', 'statedSetting:main.tf:900', service0],
    severity: 'warning',
    silent: { add: [ingress({}, { podLabels: { app: 'other' } })] },
    near: { add: [ingress({}, { podLabels: { app: 'other' } }), repository('on-push'), setting] },
  },
  {
    code: 'helm-waits',
    fires: { add: [release({ atomic: true })] },
    cause: /gives up at its timeout and puts the old values back/,
    evidence: ['helmRelease:home/traefik/traefik', service0],
    severity: 'warning',
    silent: {},
    near: { add: [release()] },
  },
  {
    code: 'helm-waits',
    fires: { add: [release({ atomic: undefined, waits: undefined })] },
    cause: /states how the release is applied/,
    evidence: ['helmRelease:home/traefik/traefik'],
    severity: 'notice',
    certainty: 'unknown',
    silent: {},
    near: { add: [release()] },
  },
  {
    code: 'chart-unpinned',
    fires: {
      add: [release({ chartVersion: undefined, repository: 'infra', deployedChartVersion: '39.0.5' })],
    },
    cause: /No version is pinned; deployed is 39\.0\.5/,
    evidence: ['helmRelease:home/traefik/traefik'],
    severity: 'warning',
    silent: {},
    near: { add: [release({ repository: 'infra', deployedChartVersion: '39.0.5' })] },
  },
  {
    code: 'published-service',
    fires: { add: [ingress({}, { publishedService: 'traefik/traefik' }), dns('upsert-only')] },
    cause: /external-dns writes DNS from it/,
    evidence: ['ingress:home/traefik/traefik', 'workload:home/dns/Deployment/external-dns'],
    severity: 'warning',
    silent: {},
    near: { add: [ingress({}, { publishedService: 'other/ingress' })] },
  },
  {
    code: 'stale-answers',
    fires: { add: [resolver('coredns', 7_200)] },
    cause: /coredns serves answers for 2 hours beyond their TTL; maxStaleSeconds .* is 1 hour.*A move waits/,
    evidence: ['resolver:coredns', 'recordSet:dns/technitium||example.org|example.org|A', 'vantagePoint:pod'],
    severity: 'warning',
    silent: { add: [resolver('coredns', 3_600)] },
    // it holds the records itself, however long it keeps those of others
    near: { add: [resolver('technitium', 259_200)] },
    about: /coredns/,
  },
  {
    code: 'external-dns-sync',
    fires: { add: [dns('sync')] },
    cause: /looks like a source that is gone/,
    evidence: ['workload:home/dns/Deployment/external-dns'],
    severity: 'warning',
    silent: {},
    near: { add: [dns('upsert-only')] },
  },
  {
    code: 'one-owner-per-port',
    fires: {},
    cause: /two styles do not end alike/,
    evidence: [service0, 'pool:home/metallb-system/default'],
    severity: 'notice',
    silent: { add: localTraefik() },
    near: alone,
  },
  {
    code: 'eligible-nodes',
    fires: {},
    cause: /Under Local k8s-node1 would carry all.*budget does not say/,
    evidence: ['pool:home/metallb-system/default', 'endpointSlice:home/traefik/traefik-1'],
    severity: 'warning',
    silent: { add: [ingress({}, { podLabels: { app: 'other' } })] },
    near: {
      add: [
        slice(
          'traefik/traefik',
          [
            ['10.10.1.5', 1],
            ['10.10.2.5', 2],
          ],
          [{ name: 'web', port: 8000, protocol: 'tcp' }],
        ),
        stated('workload', {
          ...dns('x').value,
          namespace: 'traefik',
          name: 'traefik',
          podLabels: { app: 'traefik' },
          containers: [],
          replicas: 2,
          spread: 'required',
        }),
      ],
    },
    about: /nothing keeps them apart/,
  },
];

testRules(cases);

it.each([
  ['0.13.12', /older than 0\.14\.2.*take it from the others/],
  ['0.14.2', /changes nothing for the others/],
  [undefined, /not known: before 0\.14\.2/],
])('says of MetalLB %s what a restart of its controller does after a flip in place', (version, says) => {
  const metallb = stated('announcing', {
    cluster: 'home',
    program: 'metallb',
    ...(version !== undefined && { version }),
    ignoreExcludeLabel: false,
    speakerNodes: ['k8s-node1'],
  });
  const [found] = findingsOf('flip-in-place', { add: [metallb] });
  expect(found?.claims.map((c) => c.says).join('\n')).toMatch(says);
});

it('a server that serves stale answers and holds the records itself is a notice; one that nobody asks is nothing', () => {
  const [found, ...others] = findingsOf('stale-answers', { add: [resolver('technitium', 259_200)] });
  expect(others).toEqual([]);
  expect(found).toMatchObject({ severity: 'notice', subject: 'resolver technitium', advice: [] });
  expect(found?.title).toContain('3 days beyond their TTL');
  const unasked = stated('resolver', { ...resolver('coredns', 7_200).value, id: 'other' });
  expect(findingsOf('stale-answers', { add: [unasked] })).toEqual([]);
});
