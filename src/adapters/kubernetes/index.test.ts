/* Objects in, facts and gaps out: the kinds, their defaults, and where each stood. */
import { describe, expect, it } from 'vitest';
import { discover, valuesOf } from '#test/memory-files.ts';
import { kubernetesSource } from './index.ts';

const read = (yaml: string, complete: readonly string[] = []) =>
  discover(kubernetesSource, { 'cluster/home/x.yaml': yaml }, complete);

const service = (spec: string, rest = '') => `apiVersion: v1
kind: Service
metadata:
  name: traefik
  namespace: traefik
${rest}spec:
${spec.replaceAll(/^/gm, '  ')}
`;

describe('Service', () => {
  it('fills in what the API server would', async () => {
    const { facts } = await read(service('ports: [{port: 443}]'));
    expect(facts.filter((f) => f.kind === 'service')[0]).toEqual({
      kind: 'service',
      key: 'service:home/traefik/traefik',
      value: {
        cluster: 'home',
        namespace: 'traefik',
        name: 'traefik',
        type: 'ClusterIP',
        labels: {},
        annotations: {},
        ports: [{ port: 443, protocol: 'tcp', targetPort: 443 }],
        clusterIps: [],
        externalIps: [],
        externalPolicy: 'cluster',
        internalPolicy: 'cluster',
        ipFamilies: [4],
        ipFamilyPolicy: 'SingleStack',
        sourceRanges: [],
        allocateNodePorts: true,
        vips: [],
      },
      evidence: { file: 'cluster/home/x.yaml', line: 1, object: 'Service traefik/traefik' },
    });
  });

  const spellings: readonly { name: string; annotations: string; expected: object }[] = [
    {
      name: 'new',
      annotations: 'metallb.io/loadBalancerIPs: 10.0.20.200',
      expected: { requestedIps: '10.0.20.200' },
    },
    {
      name: 'old',
      annotations: 'metallb.universe.tf/allow-shared-ip: shared',
      expected: { sharingKey: 'shared' },
    },
    {
      name: 'both: the new one wins',
      annotations: 'metallb.universe.tf/address-pool: a, metallb.io/address-pool: b',
      expected: { requestedPool: 'b' },
    },
    {
      name: 'present and empty',
      annotations: 'metallb.io/loadBalancerIPs: ""',
      expected: { requestedIps: '' },
    },
  ];
  it.each(spellings)('reads annotations: $name', async ({ annotations, expected }) => {
    const { facts } = await read(service('ports: [{port: 1}]', `  annotations: {${annotations}}\n`));
    expect(valuesOf(facts, 'service')[0]).toMatchObject(expected);
  });

  it('unmaps IPv4 in IPv6, and refuses an address with a zone', async () => {
    const { facts } = await read(service('ports: [{port: 1}]\nclusterIPs: ["::ffff:10.0.0.1"]'));
    expect(valuesOf(facts, 'service')[0]?.clusterIps).toEqual(['10.0.0.1']);
    const zoned = await read(service('ports: [{port: 1}]\nclusterIPs: ["fe80::1%eth0"]'));
    expect(valuesOf(zoned.facts, 'service')).toEqual([]);
    expect(zoned.gaps[0]).toMatchObject({
      kinds: ['service'],
      expected: 'an IP address: "fe80::1%eth0"',
      evidence: { file: 'cluster/home/x.yaml', line: 1, field: 'spec.clusterIPs[0]' },
    });
  });
});

describe('endpoints', () => {
  const slice = `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: t-1, namespace: traefik, labels: {kubernetes.io/service-name: traefik}}
addressType: IPv4
ports: [{name: web, port: 8000, protocol: TCP}]
endpoints:
- addresses: [10.10.1.2]
  nodeName: node1
  conditions: {ready: true}
- addresses: [10.10.2.2]
`;
  const old = `---
apiVersion: v1
kind: Endpoints
metadata: {name: traefik, namespace: traefik}
subsets:
- addresses: [{ip: 10.10.1.2, nodeName: node1}]
  notReadyAddresses: [{ip: "2001:db8::2"}]
  ports: [{port: 8000}]
`;
  it('keeps conditions that are not there undefined', async () => {
    const { facts } = await read(slice);
    expect(valuesOf(facts, 'endpointSlice')[0]?.endpoints).toEqual([
      { addresses: ['10.10.1.2'], node: 'node1', ready: true },
      { addresses: ['10.10.2.2'] },
    ]);
  });
  it('takes the older Endpoints only where no slices were collected', async () => {
    const without = await read(old);
    expect(
      valuesOf(without.facts, 'endpointSlice').map((s) => [s.name, s.family, s.endpoints[0]?.ready]),
    ).toEqual([
      ['traefik-endpoints-0-ipv4', 4, true],
      ['traefik-endpoints-0-ipv6', 6, false],
    ]);
    const both = await read(slice + old, ['EndpointSlice']);
    expect(valuesOf(both.facts, 'endpointSlice').map((s) => s.name)).toEqual(['t-1']);
  });
});

describe('routes', () => {
  const route = `apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: forgejo, namespace: forgejo}
spec:
  entryPoints: [websecure]
  tls: {}
  routes:
  - kind: Rule
    match: Host(\`forgejo.viktorbarzin.me\`)
    middlewares: [{name: rate-limit, namespace: traefik}, {name: own}]
    services: [{name: forgejo, port: 80}]
`;
  it('names the router as the access log of that Traefik does', async () => {
    const { facts } = await read(route);
    expect(valuesOf(facts, 'route')[0]).toEqual({
      cluster: 'home',
      from: 'IngressRoute',
      namespace: 'forgejo',
      name: 'forgejo',
      match: {
        hosts: ['forgejo.viktorbarzin.me'],
        isComplete: true,
        rule: 'Host(`forgejo.viktorbarzin.me`)',
      },
      entryPoints: ['websecure'],
      middlewares: ['traefik/rate-limit', 'forgejo/own'],
      backend: { service: 'forgejo/forgejo', port: 80 },
      priority: 31,
      tls: true,
      routerName: 'forgejo-forgejo-77f077bf757a4018b44c@kubernetescrd',
    });
  });

  it('reads an Ingress with the names that Traefik and nginx keep in annotations', async () => {
    const { facts } = await read(`apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: local-only, namespace: traefik}
spec: {ipAllowList: {sourceRange: [10.0.0.0/8, 192.168.1.5]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: apps
  annotations:
    traefik.ingress.kubernetes.io/router.middlewares: traefik-local-only@kubernetescrd,other@file
    nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8
spec:
  ingressClassName: traefik
  tls: [{hosts: [a.example.org]}]
  rules:
  - host: A.example.org
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
      - {path: /api, pathType: Exact, backend: {service: {name: api, port: {name: http}}}}
`);
    expect(
      valuesOf(facts, 'route').map((r) => [r.name, r.match.hosts, r.match.path, r.tls, r.routerName]),
    ).toEqual([
      ['web[0]', ['a.example.org'], undefined, true, 'apps-web-a-example-org@kubernetes'],
      [
        'web[1]',
        ['a.example.org'],
        { type: 'exact', value: '/api' },
        true,
        'apps-web-a-example-org-api@kubernetes',
      ],
    ]);
    expect(valuesOf(facts, 'route')[0]?.middlewares).toEqual([
      'traefik/local-only',
      'other@file',
      'apps/web.whitelist-source-range',
    ]);
    expect(valuesOf(facts, 'middleware').map((m) => m.rule)).toEqual([
      { kind: 'ip-allow-list', ranges: ['10.0.0.0/8', '192.168.1.5/32'], depth: 0 },
      { kind: 'ip-allow-list', ranges: ['10.0.0.0/8'], depth: 0 },
    ]);
  });

  it('reads HTTPRoutes', async () => {
    const { facts } = await read(`apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: apps}
spec:
  hostnames: [a.example.org]
  parentRefs: [{name: public, sectionName: https}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /x}}, {headers: [{name: a, value: b}]}]
    backendRefs: [{name: web, port: 8080}]
`);
    expect(
      valuesOf(facts, 'route').map((r) => [r.match.path?.value, r.match.isComplete, r.entryPoints]),
    ).toEqual([
      ['/x', true, ['https']],
      [undefined, false, ['https']],
    ]);
  });
});

describe('middlewares', () => {
  const cases: readonly { name: string; spec: string; rule: object }[] = [
    {
      name: 'older allow list',
      spec: 'ipWhiteList: {sourceRange: [10.0.0.1], ipStrategy: {depth: 2}}',
      rule: { kind: 'ip-allow-list', ranges: ['10.0.0.1/32'], depth: 2 },
    },
    {
      name: 'rate limit',
      spec: 'rateLimit: {average: 100, burst: 50, period: 1m30s}',
      rule: { kind: 'rate-limit', average: 100, burst: 50, periodMs: 90_000, depth: 0 },
    },
    {
      name: 'rate limit by default',
      spec: 'rateLimit: {average: 1}',
      rule: { kind: 'rate-limit', average: 1, burst: 1, periodMs: 1_000, depth: 0 },
    },
    {
      name: 'in flight',
      spec: 'inFlightReq: {amount: 10}',
      rule: { kind: 'in-flight', amount: 10, depth: 0 },
    },
    {
      name: 'chain',
      spec: 'chain: {middlewares: [{name: a}, {name: b, namespace: n}]}',
      rule: { kind: 'chain', of: ['x/a', 'n/b'] },
    },
    {
      name: 'bouncer',
      spec: 'plugin: {bouncer: {enabled: true, crowdsecLapiKey: abc, forwardedHeadersTrustedIPs: [10.10.0.0/16], clientTrustedIPs: [10.0.20.0/22], forwardedHeadersCustomName: X-Custom}}',
      rule: {
        kind: 'ban-list',
        plugin: 'bouncer',
        trustedPeers: ['10.10.0.0/16'],
        header: 'X-Custom',
        exemptClients: ['10.0.20.0/22'],
      },
    },
    {
      name: 'another plugin',
      spec: 'plugin: {geoblock: {a: 1}}',
      rule: { kind: 'other', type: 'plugin geoblock' },
    },
    { name: 'another', spec: 'compress: {}', rule: { kind: 'other', type: 'compress' } },
  ];
  it.each(cases)('$name', async ({ spec, rule }) => {
    const { facts } = await read(
      `apiVersion: traefik.containo.us/v1alpha1\nkind: Middleware\nmetadata: {name: m, namespace: x}\nspec:\n  ${spec}\n`,
    );
    expect(valuesOf(facts, 'middleware')[0]?.rule).toEqual(rule);
  });
});

describe('owners', () => {
  const cases: readonly { name: string; metadata: string; owner: object | undefined }[] = [
    { name: 'nobody', metadata: '', owner: undefined },
    {
      name: 'Helm',
      metadata: 'annotations: {meta.helm.sh/release-name: r, meta.helm.sh/release-namespace: n}',
      owner: { kind: 'helm', name: 'n/r' },
    },
    {
      name: 'Flux before Helm',
      metadata:
        'labels: {helm.toolkit.fluxcd.io/name: f, app.kubernetes.io/managed-by: Helm, app.kubernetes.io/instance: i}',
      owner: { kind: 'flux', name: 'f' },
    },
    {
      name: 'Argo CD',
      metadata: 'annotations: {argocd.argoproj.io/tracking-id: "app:v1/Service:n/x"}',
      owner: { kind: 'argo-cd', name: 'app' },
    },
    {
      name: 'Terraform',
      metadata: 'managedFields: [{manager: HashiCorp, operation: Update}]',
      owner: { kind: 'terraform', name: 'HashiCorp' },
    },
    {
      name: 'a person',
      metadata: 'managedFields: [{manager: kubectl-edit}]',
      owner: { kind: 'live', name: 'kubectl-edit' },
    },
    {
      name: 'only the status',
      metadata: 'managedFields: [{manager: kubectl, subresource: status}]',
      owner: undefined,
    },
  ];
  it.each(cases)('$name', async ({ metadata, owner }) => {
    const { facts } = await read(service('ports: [{port: 1}]', metadata === '' ? '' : `  ${metadata}\n`));
    expect(facts.find((f) => f.kind === 'service')?.owner).toEqual(owner);
  });
});

describe('other kinds', () => {
  it('keeps only leaves that state addresses or names', async () => {
    const { facts } = await read(`apiVersion: example.org/v1
kind: Widget
metadata: {name: w, namespace: n}
spec: {target: "10.0.20.200:443", host: git.example.org, size: 3, list: [plain, {at: "2001:db8::1"}]}
`);
    expect(valuesOf(facts, 'otherObject')[0]?.leaves).toEqual([
      { path: 'spec.target', value: '10.0.20.200:443' },
      { path: 'spec.host', value: 'git.example.org' },
      { path: 'spec.list[1].at', value: '2001:db8::1' },
    ]);
  });
});
