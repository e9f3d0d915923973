/** Who is taken for whom: rules about masquerading, HTTP/3, families, headers and verdicts. */
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import {
  box,
  ingress,
  localTraefik,
  middleware,
  pod,
  record,
  route,
  service,
  slice,
  stated,
  traefik,
  traefikPorts,
  vantage,
  vip,
} from '../estates.ts';
import { type RuleCase, testRules } from './cases.ts';

const service0 = 'service:home/traefik/traefik';
const weave = stated('podNetwork', { cluster: 'home', program: 'weave', encapsulation: 'vxlan' });
const klipper = stated('announcing', { cluster: 'home', program: 'klipper', ignoreExcludeLabel: false });
const container = (image: string, more: { args?: readonly string[]; env?: Record<string, string> } = {}) => ({
  name: 'main',
  image,
  args: more.args ?? [],
  env: more.env ?? {},
  ports: [],
});
const weaveDaemon = (env: Record<string, string>) =>
  stated('workload', {
    cluster: 'home',
    type: 'DaemonSet',
    namespace: 'kube-system',
    name: 'weave-net',
    labels: {},
    annotations: {},
    selector: {},
    podLabels: {},
    containers: [container('weaveworks/weave-kube:2.8.1', { env })],
    hostAliases: [],
    spread: 'required',
  });
const sixth = stated('unmanagedHop', {
  id: 'bridge',
  reason: 'a box with six binds',
  forwards: [{ protocol: 'tcp', port: 443, to: vip }],
  clientAddress: 'own',
  ip: ip('10.0.20.10'),
});
const hairpin = record('dns/technitium', 'immich.example.org', 'A', ['203.0.113.10']);
const six = ip('2001:db8:10::443');
const overBridge = [
  vantage('internet', 'internet', ['198.51.100.7', '2001:db8:5e::20']),
  stated('publicAddress', { ip: six, through: ['bridge'] }),
  record('dns/cloudflare', 'immich.example.org', 'AAAA', [six], { isProxied: false }),
];
const bans = (header: string, trusted: readonly string[]) =>
  middleware('bouncer', {
    kind: 'ban-list',
    plugin: 'bouncer',
    trustedPeers: trusted.map((t) => prefix(t)),
    header,
  });
const tunnelPod = pod('cloudflared/cloudflared-3', '10.10.3.20', 3, {
  containers: [container('cloudflare/cloudflared:2026.5')],
});
const limited = route('immich', 'immich.example.org', { middlewares: ['traefik/local-only'] });
const localOnly = (...ranges: string[]) =>
  middleware('local-only', { kind: 'ip-allow-list', ranges: ranges.map((r) => prefix(r)), depth: 0 });
const trusts = (...ranges: string[]) =>
  ingress({ forwardedHeaders: { from: ranges.map((r) => prefix(r)), everyone: false } });
const fromSix = {
  name: 'websecure',
  port: 443,
  protocol: 'tcp',
  targetPort: 8443,
  nodePort: 30_443,
} as const;

const cases: readonly RuleCase[] = [
  {
    code: 'client-masked',
    fires: {},
    cause: /externalTrafficPolicy is Cluster/,
    evidence: [service0, 'announcing:home'],
    severity: 'critical',
    silent: { add: localTraefik() },
    // still on the shared address, where the log may show the node for days: the policy is what counts
    near: { add: [traefik({ externalPolicy: 'local' })] },
  },
  {
    code: 'cni-masquerades',
    fires: { add: [...localTraefik(), weave, weaveDaemon({})] },
    cause: /NO_MASQ_LOCAL/,
    evidence: ['podNetwork:home', 'workload:home/kube-system/DaemonSet/weave-net'],
    severity: 'critical',
    silent: { add: localTraefik() },
    near: { add: [...localTraefik(), weave, weaveDaemon({ NO_MASQ_LOCAL: '1' })] },
  },
  {
    code: 'klipper-hides-client',
    fires: { add: [klipper, traefik({ vips: [{ ip: ip('10.0.20.101'), ipMode: 'VIP' }] })] },
    cause: /ServiceLB/,
    evidence: ['announcing:home', service0],
    severity: 'critical',
    silent: {},
    near: {
      add: [klipper, traefik({ externalPolicy: 'local', vips: [{ ip: ip('10.0.20.101'), ipMode: 'VIP' }] })],
    },
  },
  {
    code: 'http3',
    fires: { add: [ingress({ http3: {} })] },
    cause: /advertises the port its listener binds, 8443/,
    evidence: ['ingress:home/traefik/traefik', service0, 'portForward:pfsense/00000'],
    severity: 'warning',
    silent: {},
    near: { add: [traefik({ externalPolicy: 'cluster', sessionAffinitySeconds: 10_800 })] },
  },
  {
    code: 'http3',
    fires: { add: [traefik({ ports: traefikPorts.filter((p) => p.protocol === 'tcp') })] },
    cause: /exposes no UDP port 443/,
    evidence: [service0],
    severity: 'warning',
    silent: {},
    near: {
      add: [
        traefik({ ports: traefikPorts.filter((p) => p.protocol === 'tcp') }),
        stated('ingress', withoutHttp3()),
      ],
    },
  },
  {
    code: 'http3',
    about: /IPv6/,
    fires: { add: [...overBridge, sixth] },
    cause: /passes on TCP 443 and not UDP 443/,
    evidence: ['unmanagedHop:bridge', service0],
    severity: 'warning',
    silent: {},
    near: {
      add: [
        ...overBridge,
        stated('unmanagedHop', {
          ...sixth.value,
          forwards: [...(sixth.value.forwards ?? []), { protocol: 'udp', port: 443, to: vip }],
        }),
      ],
    },
  },
  {
    code: 'http3-rebinding',
    fires: {},
    cause: /knows no connection IDs/,
    evidence: [service0, 'endpointSlice:home/traefik/traefik-1'],
    severity: 'notice',
    silent: { add: [ingress({}, { listeners: [] })] },
    near: {
      add: [
        slice(
          'traefik/traefik',
          [['10.10.1.5', 1]],
          [
            { name: 'web', port: 8000, protocol: 'tcp' },
            { name: 'websecure', port: 8443, protocol: 'tcp' },
            { name: 'websecure-http3', port: 8443, protocol: 'udp' },
          ],
        ),
      ],
    },
  },
  {
    code: 'http3-path-mtu',
    fires: {
      add: [
        vantage('lan', 'lan', ['192.168.1.20'], {
          gateway: 'pfsense',
          networks: [prefix('192.168.1.0/24')],
          resolver: 'technitium',
          mtu: 1280,
        }),
      ],
    },
    cause: /carries 1280 bytes/,
    evidence: ['vantagePoint:lan'],
    severity: 'warning',
    silent: {},
    near: {
      add: [
        vantage('lan', 'lan', ['192.168.1.20'], {
          gateway: 'pfsense',
          networks: [prefix('192.168.1.0/24')],
          resolver: 'technitium',
          mtu: 1308,
        }),
      ],
    },
  },
  {
    code: 'ipv6-fails',
    fires: {
      add: [
        ...overBridge,
        stated('unmanagedHop', { ...sixth.value, forwards: [{ protocol: 'tcp', port: 80, to: vip }] }),
      ],
    },
    cause: /bridge is not said to pass on 443\/tcp/,
    evidence: ['unmanagedHop:bridge'],
    severity: 'critical',
    about: /on port 443/,
    silent: {},
    near: { add: [...overBridge, sixth] },
  },
  {
    code: 'headers-forgeable',
    fires: { add: [trusts('10.0.20.0/24')] },
    cause: /X-Forwarded-For.*10\.0\.20\.10/,
    evidence: ['ingress:home/traefik/traefik', service0],
    severity: 'critical',
    silent: { add: [trusts('10.10.0.0/16')] },
    near: { add: [trusts('10.0.20.0/24'), ...localTraefik()] },
  },
  {
    code: 'headers-forgeable',
    about: /middleware/,
    fires: { add: [bans('CF-Connecting-IP', ['10.0.20.0/24'])] },
    cause: /CF-Connecting-IP/,
    evidence: ['middleware:home/traefik/bouncer', service0],
    severity: 'critical',
    silent: {},
    near: { add: [bans('CF-Connecting-IP', ['10.10.0.0/16'])] },
  },
  {
    code: 'bouncer-misses-tunnel',
    fires: { add: [tunnelPod, bans('CF-Connecting-IP', ['172.20.0.0/16'])] },
    cause: /connector/,
    evidence: ['middleware:home/traefik/bouncer', 'pod:home/cloudflared/cloudflared-3'],
    severity: 'warning',
    silent: { add: [tunnelPod, bans('CF-Connecting-IP', ['10.10.0.0/16'])] },
    near: {
      add: [tunnelPod, bans('CF-Connecting-IP', ['172.20.0.0/16'])],
      without: ['tunnelRule:home/00000', 'tunnelRule:home/00009'],
    },
  },
  {
    code: 'verdicts-change',
    about: /local-only/,
    fires: { add: [limited, localOnly('10.0.20.0/24', '192.168.1.0/24')] },
    cause: /lets everybody in from internet.*refuses clients/,
    evidence: ['middleware:home/traefik/local-only'],
    severity: 'warning',
    silent: { add: [limited, localOnly('0.0.0.0/0')] },
    near: { add: [...localTraefik(), limited, localOnly('10.0.20.0/24', '192.168.1.0/24')] },
  },
  {
    code: 'proxy-protocol-mixed',
    fires: {
      add: [
        ingress(
          { proxyProtocol: { from: [prefix('10.0.20.1/32')], everyone: false } },
          { program: 'ingress-nginx' },
        ),
      ],
    },
    cause: /requires a PROXY header/,
    evidence: ['ingress:home/traefik/traefik', service0],
    severity: 'warning',
    silent: {},
    near: { add: [ingress({ proxyProtocol: { from: [prefix('10.10.0.0/16')], everyone: false } })] },
  },
  {
    code: 'proxy-protocol-mixed',
    fires: { add: [ingress({ proxyProtocol: { from: [prefix('10.0.20.1/32')], everyone: false } })] },
    cause: /with and without the header/,
    evidence: ['firewallInterface:pfsense/opt1'],
    severity: 'notice',
    certainty: 'unknown',
    silent: {},
    near: {
      add: [
        ingress({ proxyProtocol: { from: [prefix('10.0.20.1/32')], everyone: false } }),
        stated('unmanagedHop', { ...sixth.value, clientAddress: 'proxy-protocol' }),
      ],
    },
  },
  {
    code: 'proxy-protocol-http3',
    fires: { add: [ingress({ proxyProtocol: { from: [prefix('10.0.20.1/32')], everyone: false } })] },
    cause: /reads none on QUIC/,
    evidence: ['ingress:home/traefik/traefik', service0],
    severity: 'warning',
    silent: {},
    near: {
      add: [
        traefik({ ports: [fromSix] }),
        ingress({ proxyProtocol: { from: [prefix('10.0.20.1/32')], everyone: false } }),
      ],
    },
  },
  {
    code: 'others-masked',
    fires: {
      add: [
        service('coturn/coturn', {
          type: 'LoadBalancer',
          ports: [{ port: 3478, protocol: 'udp', targetPort: 3478 }],
          vips: [{ ip: vip, ipMode: 'VIP' }],
        }),
      ],
    },
    cause: /coturn\/coturn suffer/,
    evidence: ['service:home/coturn/coturn', 'service:home/dbaas/postgresql-lb'],
    severity: 'warning',
    silent: { without: ['service:home/dbaas/postgresql-lb'] },
    near: {
      add: [
        service('dbaas/postgresql-lb', {
          type: 'LoadBalancer',
          externalPolicy: 'local',
          vips: [{ ip: vip, ipMode: 'VIP' }],
        }),
      ],
    },
  },
  {
    code: 'name-other-ports',
    fires: { add: [mx()] },
    cause: /changed by address, not by name/,
    evidence: ['recordSet:dns/cloudflare||example.org|example.org|MX'],
    severity: 'warning',
    silent: {},
    near: { add: [mx(), record('dns/technitium', 'mail.example.org', 'A', ['192.168.1.9'])] },
  },
  {
    code: 'asymmetric-return',
    about: /near/,
    fires: { add: [box({ reflection: 'pure-nat' }), hairpin] },
    cause: /answer comes from 10\.0\.20\.200:443, but 203\.0\.113\.10:443 was asked/,
    evidence: [],
    severity: 'critical',
    silent: {},
    near: { add: [box({ reflection: 'pure-nat', reflectionSnat: true }), hairpin] },
  },
];

function withoutHttp3() {
  const value = ingress().value;
  return { ...value, listeners: value.listeners.map(({ http3: _http3, ...l }) => l) };
}

function mx() {
  return stated('recordSet', {
    ...record('dns/cloudflare', 'example.org', 'TXT', []).value,
    type: 'MX',
    values: ['10 mail.example.org'],
  });
}

testRules(cases);
