/* A release without files: its values written down once, and every change as values laid over them. */
import { describe, expect, it } from 'vitest';
import { type Fact, fact } from '#estate/fact.ts';
import { artifactInput } from '#test/artifact-input.ts';
import { blocksToMarkdown } from '../runbook/blocks-markdown.ts';
import { instruct } from './instruct.ts';

const of = (kind: Fact['kind'], value: object): Fact => fact(kind, value as never, { file: 'x' });

const service = {
  cluster: 'home',
  namespace: 'web',
  name: 'edge',
  type: 'LoadBalancer',
  labels: {},
  annotations: {},
  selector: { app: 'edge' },
  ports: [
    { name: 'tls', port: 443, protocol: 'tcp', targetPort: 'tls' },
    { name: 'tls-http3', port: 443, protocol: 'udp', targetPort: 'tls' },
  ],
  clusterIps: [],
  externalIps: [],
  vips: [],
  externalPolicy: 'cluster',
  requestedIps: '10.0.0.1',
};

const stated = (n: number, path: string, value: string) => ({
  repository: 'edge',
  file: 'values-edge.yaml',
  line: n,
  start: n * 100,
  end: n * 100 + 50,
  resource: 'values of web/edge',
  path,
  value,
});
const lines = [
  stated(0, 'service.spec.type', 'LoadBalancer'),
  stated(1, 'service.annotations.metallb.io/loadBalancerIPs', '10.0.0.1'),
];
const written = lines.map((after, i) => ({
  of: 'statedSetting',
  id: `values-edge.yaml:${i * 100}`,
  before: null,
  after,
}));

/** The change behind the one that writes the values down, for a chart of the version. */
function made(
  change: string,
  settings: readonly object[],
  version = '39.0.5',
  way: 'forward' | 'back' = 'forward',
) {
  const through = { by: 'repository', system: 'source/edge', repository: 'edge' };
  const because = { says: 'it must', serves: 'goal', evidence: [] };
  const changes = [
    {
      id: 'values',
      title: 'Values',
      change: { kind: 'set', settings: written },
      through: { by: 'operator', system: 'source/edge' },
      because,
    },
    { id: 'second', title: 'Change', change: { kind: 'set', settings }, through, because },
  ];
  const input = artifactInput(changes, [
    of('service', service),
    of('repository', { id: 'edge', type: 'helm', path: '', applies: 'manual', owns: [] }),
    of('helmRelease', {
      cluster: 'home',
      namespace: 'web',
      name: 'edge',
      chart: 'traefik/traefik',
      deployedChartVersion: version,
      waits: true,
      atomic: true,
      repository: 'edge',
    }),
  ]);
  const { make, files } = instruct(input, change, way);
  return { text: blocksToMarkdown(make), file: files[0]?.text };
}

const retired = [
  {
    of: 'statedSetting',
    id: 'values-edge.yaml:0',
    before: { value: 'LoadBalancer' },
    after: { value: 'ClusterIP' },
  },
  { of: 'statedSetting', id: 'values-edge.yaml:100', before: { value: '10.0.0.1' }, after: { value: '' } },
  { of: 'service', id: 'home/web/edge', before: { type: 'LoadBalancer' }, after: { type: 'ClusterIP' } },
];
const added = [
  {
    of: 'service',
    id: 'home/web/edge-lb',
    before: null,
    after: { ...service, name: 'edge-lb', requestedIps: '10.0.0.2', externalPolicy: 'local' },
  },
];

describe('a release without files', () => {
  it('has its values written down, with no value in the runbook that was not read', () => {
    const { text } = made('values', []);
    expect(text).toContain('helm -n web get values edge -o yaml > values-edge.yaml');
    expect(text).toContain('metallb.io/loadBalancerIPs: "10.0.0.1"');
  });

  it.each([
    [
      '39.0.5',
      'service:\n  type: ClusterIP\n  annotations:\n    metallb.io/loadBalancerIPs: null\n  spec:\n    externalTrafficPolicy: null\n',
    ],
    [
      '40.1.0',
      'service:\n  spec:\n    type: ClusterIP\n    externalTrafficPolicy: null\n  annotations:\n    metallb.io/loadBalancerIPs: null\n',
    ],
  ])('leaves its address by values of chart %s', (version, values) => {
    expect(made('second', retired, version).file).toBe(values);
  });

  it('has them all again on the way back', () => {
    expect(made('second', retired, '39.0.5', 'back').file).toBe(
      'service:\n  annotations:\n    metallb.io/loadBalancerIPs: "10.0.0.1"\n  type: LoadBalancer\n  spec:\n    externalTrafficPolicy: Cluster\n',
    );
  });

  it('gets a second Service with its ports, and loses it', () => {
    expect(made('second', added).file).toBe(
      'service:\n  additionalServices:\n    lb:\n      type: LoadBalancer\n      single: true\n      annotations:\n        metallb.io/loadBalancerIPs: "10.0.0.2"\n      spec:\n        externalTrafficPolicy: Local\nports:\n  tls:\n    expose:\n      lb: true\n',
    );
    expect(made('second', added, '39.0.5', 'back').file).toBe(
      'service:\n  additionalServices:\n    lb: null\nports:\n  tls:\n    expose:\n      lb: null\n',
    );
    expect(made('second', added).text).toContain(
      'helm -n web upgrade edge traefik/traefik --version 39.0.5 -f values-edge.yaml -f "$ARTIFACTS"/patches/02-second.values.yaml --wait',
    );
  });
});
