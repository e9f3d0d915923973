/** Who announces, who may, which addresses are refused, ports, and bans. */
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import {
  ingress,
  localTraefik,
  middleware,
  node,
  pod,
  route,
  service,
  slice,
  stated,
  traefik,
  traefikPorts,
  vip,
} from '../estates.ts';
import { type RuleCase, testRules } from './cases.ts';

const service0 = 'service:home/traefik/traefik';
const announcing = (more: object) =>
  stated('announcing', {
    cluster: 'home',
    program: 'metallb',
    version: '0.15.2',
    ignoreExcludeLabel: false,
    speakerNodes: ['k8s-node1', 'k8s-node2', 'k8s-node3'],
    ...more,
  });
const excluded = { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } };
const ipvs = (strictArp: boolean) =>
  stated('serviceProxy', {
    cluster: 'home',
    program: 'kube-proxy',
    mode: 'ipvs',
    version: '1.34.1',
    clusterCidrs: [prefix('10.10.0.0/16')],
    serviceCidrs: [],
    masqueradeAll: false,
    strictArp,
  });
const iptables = stated('serviceProxy', { ...ipvs(false).value, mode: 'iptables' });
const status = (n: number) =>
  stated('l2Status', { cluster: 'home', service: 'traefik/traefik', node: `k8s-node${n}`, interfaces: [] });
const second = (more: object) =>
  service('apps/second', {
    type: 'LoadBalancer',
    ports: [{ port: 8443, protocol: 'tcp', targetPort: 1 }],
    requestedIps: vip,
    sharingKey: 'shared',
    clusterIps: [ip('10.96.0.99')],
    ...more,
  });
const people = (...ranges: string[]) =>
  stated('protectedPeople', { name: 'family', ranges: ranges.map((r) => prefix(r)), identities: [] });
const allow = (layer: 'lapi' | 'parser', ranges: readonly string[], other: readonly string[] = []) =>
  stated('banAllowlist', {
    system: 'crowdsec/lapi',
    name: `own-${layer}`,
    layer,
    ranges: ranges.map((r) => prefix(r)),
    other,
  });
const decision = (value: string) =>
  stated('banDecision', {
    system: 'crowdsec/lapi',
    id: '7',
    scope: 'Ip',
    value,
    type: 'ban',
    origin: 'crowdsec',
  });
const bouncer = (more: object = {}) =>
  stated('bouncer', {
    system: 'crowdsec/lapi',
    name: 'plugin',
    type: 'traefik',
    lastPull: '2026-05-30T07:58:31Z',
    isRevoked: false,
    ...more,
  });
const asked = [
  middleware('bans', { kind: 'ban-list', plugin: 'bouncer', trustedPeers: [] }),
  route('immich', 'immich.example.org', { middlewares: ['traefik/bans'] }),
  route('proxied', 'proxied.example.org', { middlewares: ['traefik/bans'] }),
];
const whitelist = 'banAllowlist:crowdsec/lapi/parser/crowdsecurity/whitelists';
const oldNode = node(1, { kubeletVersion: 'v1.23.17' });
const newNode = node(1, { kubeletVersion: 'v1.24.0' });

const cases: readonly RuleCase[] = [
  {
    code: 'nobody-announces',
    fires: { add: [...localTraefik(), announcing({ speakerNodes: ['k8s-node3'] })] },
    cause: /no speaker runs on k8s-node1, k8s-node2/,
    evidence: [service0, 'announcing:home'],
    severity: 'critical',
    silent: {},
    near: { add: [...localTraefik(), announcing({ speakerNodes: ['k8s-node2', 'k8s-node3'] })] },
  },
  {
    code: 'nobody-announces',
    fires: { add: [...localTraefik(), node(1, excluded), node(2, excluded)] },
    cause: /label that excludes from load balancers/,
    evidence: ['node:home/k8s-node1', 'node:home/k8s-node2'],
    severity: 'critical',
    silent: { add: localTraefik() },
    near: {
      add: [
        ...localTraefik(),
        node(1, excluded),
        node(2, excluded),
        announcing({ ignoreExcludeLabel: true }),
      ],
    },
  },
  {
    code: 'strict-arp',
    fires: { add: [ipvs(false)] },
    cause: /without strictARP the kernel answers/,
    evidence: ['serviceProxy:home', 'announcing:home'],
    severity: 'critical',
    silent: { add: [iptables] },
    near: { add: [ipvs(true)] },
  },
  {
    code: 'ipvs-local',
    fires: { add: [...localTraefik(), ipvs(true)] },
    cause: /every node holds the address on its own dummy interface/,
    evidence: ['serviceProxy:home', service0],
    severity: 'warning',
    silent: { add: [ipvs(true)] },
    near: { add: [...localTraefik(), iptables] },
  },
  {
    code: 'lease-announcer',
    fires: { add: [...localTraefik(), announcing({ program: 'cilium', version: '1.18.0' })] },
    cause: /without a look at endpoints/,
    evidence: ['announcing:home', 'endpointSlice:home/traefik/traefik-1'],
    severity: 'warning',
    certainty: 'unknown',
    silent: { add: localTraefik() },
    near: { add: [announcing({ program: 'cilium', version: '1.18.0' })] },
  },
  {
    code: 'lease-announcer',
    fires: {
      add: [
        traefik({ externalPolicy: 'local', vips: [] }),
        announcing({ program: 'kube-vip', version: '0.8.0' }),
      ],
    },
    cause: /has no address from kube-vip/,
    evidence: ['announcing:home', service0],
    severity: 'warning',
    silent: {},
    near: { add: [traefik({ vips: [] }), announcing({ program: 'kube-vip', version: '0.8.0' })] },
  },
  {
    code: 'local-one-node',
    fires: {
      add: [
        ...localTraefik(),
        slice('traefik/traefik', [['10.10.1.5', 1]], [{ name: 'web', port: 8000, protocol: 'tcp' }]),
      ],
    },
    cause: /nobody to take over/,
    evidence: ['endpointSlice:home/traefik/traefik-1', service0],
    severity: 'notice',
    silent: { add: localTraefik() },
    near: {
      add: [slice('traefik/traefik', [['10.10.1.5', 1]], [{ name: 'web', port: 8000, protocol: 'tcp' }])],
    },
  },
  {
    code: 'announcer-disagrees',
    fires: { add: [status(1), status(3)] },
    cause: /status\.node is immutable/,
    evidence: ['l2Status:home/traefik/traefik/k8s-node1', 'l2Status:home/traefik/traefik/k8s-node3'],
    severity: 'warning',
    certainty: 'unknown',
    silent: {},
    near: { add: [status(3)] },
  },
  {
    code: 'address-refused',
    fires: { add: [second({ sharingKey: 'other' })] },
    cause: /key: .* on 10\.0\.20\.200 shares under "shared", this Service under "other"/,
    evidence: ['service:home/apps/second', service0],
    severity: 'critical',
    silent: {},
    near: { add: [second({})] },
  },
  {
    code: 'address-refused',
    fires: { add: [second({ ports: traefikPorts })] },
    cause: /port: 80\/tcp on 10\.0\.20\.200 belongs to traefik\/traefik/,
    evidence: [service0],
    severity: 'critical',
    silent: {},
    near: { add: [second({ ports: [{ port: 443, protocol: 'sctp', targetPort: 1 }] })] },
  },
  {
    code: 'address-refused',
    fires: { add: [second({ externalPolicy: 'local' })] },
    cause: /backend: under Local Services share only with equal selectors/,
    evidence: ['service:home/apps/second'],
    severity: 'critical',
    silent: {},
    near: { add: [second({ externalPolicy: 'local', requestedIps: '10.0.20.209' })] },
  },
  {
    code: 'port-merge-key',
    about: /target of HTTP\/3/,
    fires: {
      add: [
        traefik({
          ports: traefikPorts.map((p) => (p.port === 443 ? { ...p, targetPort: 'websecure-http3' } : p)),
        }),
      ],
    },
    cause: /merges the list of ports by port number alone/,
    evidence: [service0],
    severity: 'critical',
    silent: {},
    near: {
      add: [
        traefik({
          ports: traefikPorts.map((p) =>
            p.protocol === 'udp' ? { ...p, targetPort: 'websecure-http3' } : p,
          ),
        }),
      ],
    },
  },
  {
    code: 'port-merge-key',
    fires: {},
    cause: /merge key of a Service’s ports is the number alone/,
    evidence: [service0],
    severity: 'notice',
    silent: { add: [traefik({ ports: traefikPorts.filter((p) => p.protocol === 'tcp') })] },
    near: {
      add: [
        traefik({
          ports: [
            { port: 443, protocol: 'tcp', targetPort: 1 },
            { port: 444, protocol: 'udp', targetPort: 1 },
          ],
        }),
      ],
    },
  },
  {
    code: 'mixed-protocol',
    fires: { add: [oldNode] },
    cause: /more than one protocol are refused/,
    evidence: [service0, 'node:home/k8s-node1'],
    severity: 'warning',
    silent: {},
    near: { add: [newNode] },
  },
  {
    code: 'allowlist-coverage',
    fires: { add: [people('10.0.10.0/24'), allow('lapi', ['10.0.20.0/22'])] },
    cause: /Only a parser whitelist holds it/,
    evidence: ['protectedPeople:family', 'banAllowlist:crowdsec/lapi/lapi/own-lapi', whitelist],
    severity: 'warning',
    silent: {},
    near: { add: [people('10.0.20.0/22'), allow('lapi', ['10.0.20.0/23', '10.0.22.0/23'])] },
  },
  {
    code: 'allowlist-identity',
    fires: { add: [allow('parser', [], ["evt.Parsed.remote_user == 'me@example.org'"])] },
    cause: /before anybody has logged in/,
    evidence: ['banAllowlist:crowdsec/lapi/parser/own-parser'],
    severity: 'notice',
    silent: {},
    near: { add: [allow('parser', [], ["evt.Meta.source_ip startsWith '10.'"])] },
  },
  {
    code: 'hits-whitelisted',
    fires: {},
    cause: /does not decide against the node/,
    evidence: [whitelist, 'banEngine:crowdsec/lapi'],
    severity: 'notice',
    silent: { add: localTraefik() },
    near: { without: ['banEngine:crowdsec/lapi'] },
  },
  {
    code: 'hits-whitelisted',
    about: /may ban/,
    fires: { without: [whitelist] },
    cause: /everybody who arrives by that node/,
    evidence: ['banEngine:crowdsec/lapi'],
    severity: 'critical',
    silent: {},
    near: { add: localTraefik(), without: [whitelist] },
  },
  {
    code: 'own-address-banned',
    fires: { add: [decision('203.0.113.10')] },
    cause: /203\.0\.113\.10, which is the public address/,
    evidence: ['banDecision:crowdsec/lapi/7', 'publicAddress:203.0.113.10'],
    severity: 'critical',
    silent: {},
    near: { add: [decision('203.0.113.11')] },
  },
  {
    code: 'ban-chain',
    about: /do not protect/,
    fires: { add: [...localTraefik(), bouncer({ lastPull: undefined }), ...asked] },
    cause: /no bouncer pulls/,
    evidence: ['bouncer:crowdsec/lapi/plugin', 'banEngine:crowdsec/lapi', 'ingress:home/traefik/traefik'],
    severity: 'warning',
    silent: { without: ['banEngine:crowdsec/lapi'] },
    near: { add: [...localTraefik(), bouncer(), ...asked] },
  },
  {
    code: 'ban-chain',
    about: /only a test ban/,
    fires: { add: [...localTraefik(), bouncer(), ...asked] },
    cause: /may still not be asked|only a test ban/,
    evidence: ['bouncer:crowdsec/lapi/plugin'],
    severity: 'notice',
    certainty: 'unknown',
    silent: { without: ['banEngine:crowdsec/lapi'] },
    near: { without: ['banEngine:crowdsec/lapi'], add: [ingress({}, {}), pod('x/y-1', '10.10.1.77', 1)] },
  },
];

testRules(cases);
