/* Changes of a plan as edits: what is derived from the objects themselves, and what is left to a person. */
import { describe, expect, it } from 'vitest';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { SetChange } from '#plan/change.ts';
import { safeDiff } from './edit-diff.ts';
import { ownFileOf } from './own-file.ts';
import { fileChangesOf } from './plan-edits.ts';

const evidence = { file: 'x' };
const of = (kind: Fact['kind'], value: object, owner?: Fact['owner']): Fact =>
  fact(kind, value as never, evidence, owner);
const file = 'source/infra/main.tf';
const stated = (text: string, path: string, value: string, start = text.indexOf(value)) =>
  of('statedSetting', {
    repository: 'source/infra',
    file,
    line: 1,
    start,
    end: start + value.length,
    resource: 'helm_release.traefik',
    path,
    value,
  });

function house(text: string, version: string, more: readonly Fact[] = []) {
  const service = {
    cluster: 'home',
    namespace: 'traefik',
    name: 'traefik',
    type: 'LoadBalancer',
    labels: {},
    annotations: {},
    ports: [{ name: 'web', port: 80, protocol: 'tcp', targetPort: 'web' }],
    clusterIps: [],
    externalIps: [],
    vips: [],
    externalPolicy: 'cluster',
    requestedIps: '10.0.0.1',
  };
  const facts = [
    of('service', service),
    of('repository', {
      id: 'infra',
      type: 'terraform',
      path: 'source/infra',
      applies: 'manual',
      owns: ['service/traefik/traefik'],
    }),
    of('helmRelease', {
      cluster: 'home',
      namespace: 'traefik',
      name: 'traefik',
      chart: 'traefik',
      chartVersion: version,
      waits: true,
      atomic: true,
      repository: 'infra',
    }),
    stated(text, 'values.service.annotations["metallb.io/loadBalancerIPs"]', '10.0.0.1'),
    stated(text, 'name', 'traefik', text.indexOf('"traefik"\n') + 1),
    ...more,
  ];
  return { service, reader: readerOf(makeEstate(facts)) };
}

const hcl = `resource "helm_release" "traefik" {
  name  = "traefik"
  chart = "traefik"

  values = [yamlencode({
    service = {
      annotations = { "metallb.io/loadBalancerIPs" = "10.0.0.1" }
    }
  })]
}
`;
const set = (...settings: object[]) => ({ kind: 'set', settings }) as unknown as SetChange;

async function textAfter(change: SetChange, version: string, text = hcl) {
  const { reader } = house(text, version);
  const done = await fileChangesOf(change, reader, async (f) => (f === file ? text : undefined));
  return done.ok ? (done.files[0]?.after ?? 'nothing') : done.says;
}

const second = (policy: string) => ({
  of: 'service',
  id: 'home/traefik/traefik-lb',
  before: null,
  after: {
    ...house(hcl, '39').service,
    name: 'traefik-lb',
    requestedIps: '10.0.0.2',
    externalPolicy: policy,
  },
});

/** What the plan states where the chart itself makes the second Service. */
const inChart = {
  of: 'statedSetting',
  id: 'infra|new',
  before: null,
  after: {
    repository: 'source/infra',
    file,
    line: 1,
    start: 1,
    end: 2,
    resource: 'helm_release.traefik',
    path: 'service.additionalServices.lb',
    value: 'LoadBalancer 10.0.0.2',
  },
};

describe("a second Service of Traefik's chart", () => {
  it('has its type beside the spec until chart 39', async () => {
    expect(await textAfter(set(inChart, second('local')), '39.0.5')).toMatch(
      /lb = \{\s+type {3}= "LoadBalancer"/,
    );
  });
  it('has none there from chart 40', async () => {
    expect(await textAfter(set(inChart, second('local')), '40.1.0')).not.toContain('LoadBalancer"\n');
  });
  it('is refused before chart 27', async () => {
    expect(await textAfter(set(inChart, second('local')), '26.1.0')).toBe(
      'chart 26 has no additionalServices (27 and later have)',
    );
  });
  it('keeps the ranges that may come in', async () => {
    const setting = second('local');
    const after = { ...setting.after, sourceRanges: ['192.0.2.0/24'] } as typeof setting.after;
    expect(await textAfter(set(inChart, { ...setting, after }), '40.1.0')).toMatch(
      /spec = \{\s+externalTrafficPolicy\s+= "Local"\s+loadBalancerSourceRanges = \["192\.0\.2\.0\/24"\]/,
    );
  });
  it('has its ports exposed by name', async () => {
    expect(await textAfter(set(inChart, second('local')), '39.0.5')).toMatch(
      /ports = \{\s+web = \{\s+expose = \{\s+lb = true/,
    );
  });
});

describe('a second Service beside the chart', () => {
  const made = async (there?: string) => {
    const { reader } = house(hcl, '26.1.0');
    return fileChangesOf(set(second('local')), reader, async () => there);
  };
  it('is a resource in a file of its own', async () => {
    expect(await made()).toEqual({
      ok: true,
      files: [
        {
          file: 'source/infra/traefik-lb-service.tf',
          before: '',
          after: `resource "kubernetes_service_v1" "traefik_lb" {
  metadata {
    name      = "traefik-lb"
    namespace = "traefik"
    annotations = {
      "metallb.io/loadBalancerIPs" = "10.0.0.2"
    }
  }
  spec {
    type                    = "LoadBalancer"
    external_traffic_policy = "Local"
    port {
      name        = "web"
      port        = 80
      protocol    = "TCP"
      target_port = "web"
    }
  }
}
`,
          remarks: [],
          isNew: true,
        },
      ],
    });
  });
  it('does not overwrite a file of that name', async () => {
    expect(await made('resource')).toMatchObject({ ok: false, says: 'a file of this name is there already' });
  });
  it('keeps what the first one has beyond the ordinary', () => {
    const value = {
      ...second('local').after,
      selector: { app: 'traefik' },
      sourceRanges: ['192.0.2.0/24', '198.51.100.0/24'],
      internalPolicy: 'local',
      sharingKey: 'k',
      sessionAffinitySeconds: 60,
      allocateNodePorts: false,
    } as unknown as Service;
    const { text } = ownFileOf(value, 'source/infra/main.tf');
    expect(text).toContain(`
      "metallb.io/loadBalancerIPs" = "10.0.0.2"
      "metallb.io/allow-shared-ip" = "k"
`);
    expect(text).toContain(`  spec {
    type                              = "LoadBalancer"
    external_traffic_policy           = "Local"
    internal_traffic_policy           = "Local"
    load_balancer_source_ranges       = ["192.0.2.0/24", "198.51.100.0/24"]
    allocate_load_balancer_node_ports = false
    session_affinity                  = "ClientIP"
    selector = {
      "app" = "traefik"
    }
    session_affinity_config {
      client_ip {
        timeout_seconds = 60
      }
    }
    port {
`);
  });
  it.each([
    [
      'a field that the provider does not know',
      { trafficDistribution: 'PreferClose' },
      /cannot state trafficDistribution/,
    ],
    ['an annotation that was hidden', { annotations: { a: '[secret]' } }, /hidden as a secret/],
  ])('is refused for %s', (_, more, says) => {
    const value = { ...second('local').after, ...more } as unknown as Service;
    expect(() => ownFileOf(value, 'source/infra/main.tf')).toThrow(says);
  });
  it('is a manifest beside YAML', () => {
    const value = { ...second('local').after, selector: { app: 'traefik' } } as unknown as Service;
    expect(ownFileOf(value, 'source/flux/web/release.yaml')).toEqual({
      file: 'source/flux/web/traefik-lb-service.yaml',
      text: `apiVersion: v1
kind: Service
metadata:
  name: traefik-lb
  namespace: traefik
  annotations:
    metallb.io/loadBalancerIPs: 10.0.0.2
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector:
    app: traefik
  ports:
    - name: web
      port: 80
      protocol: TCP
      targetPort: web
`,
    });
  });
});

it('a chart that is not Traefik has its fields right below service', async () => {
  const text = `kind: HelmRelease
metadata:
  name: public
  namespace: web
spec:
  values:
    controller:
      service:
        externalTrafficPolicy: Local
`;
  const facts = [
    of('service', { ...house(hcl, '39').service, name: 'public-controller', namespace: 'web' }),
    of('repository', {
      id: 'flux',
      type: 'yaml',
      path: 'source/flux',
      applies: 'on-push',
      owns: ['service/web/public-controller'],
    }),
    of('statedSetting', {
      repository: 'flux',
      file: 'source/flux/web.yaml',
      line: 5,
      start: 40,
      end: 45,
      resource: 'HelmRelease web/public',
      path: 'spec.values.controller.service.externalTrafficPolicy',
      value: 'Local',
    }),
  ];
  const change = set({
    of: 'service',
    id: 'home/web/public-controller',
    before: { type: 'LoadBalancer' },
    after: { type: 'ClusterIP' },
  });
  const done = await fileChangesOf(change, readerOf(makeEstate(facts)), async () => text);
  expect(done.ok && done.files.map((f) => f.after)).toEqual([
    `kind: HelmRelease
metadata:
  name: public
  namespace: web
spec:
  values:
    controller:
      service:
        type: ClusterIP
`,
  ]);
});

it('a chart is pinned behind its name', async () => {
  const change = set({
    of: 'helmRelease',
    id: 'home/traefik/traefik',
    before: {},
    after: { chartVersion: '39.0.5' },
  });
  expect(await textAfter(change, '39.0.5')).toContain('  chart = "traefik"\n  version = "39.0.5"\n');
});

it('the type goes where the chart reads it', async () => {
  const change = set({
    of: 'service',
    id: 'home/traefik/traefik',
    before: { type: 'LoadBalancer' },
    after: { type: 'ClusterIP' },
  });
  expect(await textAfter(change, '39.0.5')).toMatch(/annotations = .*\n {6}type {8}= "ClusterIP"/);
  expect(await textAfter(change, '40.0.0')).toMatch(/spec = \{\s+type = "ClusterIP"/);
});

it('a file that is not there is named', async () => {
  const { reader } = house(hcl, '39');
  expect(await fileChangesOf(set(inChart, second('local')), reader, async () => undefined)).toEqual({
    ok: false,
    file,
    says: 'the file is not there',
  });
});

describe('diffs', () => {
  it('keep secrets that stand nearby out', () => {
    const text = (v: string) => `a = 1\npassword = "hunter2hunter2"\nb = "${v}"\nc = 1\n`;
    expect(safeDiff('x', text('1'), text('2'))).toBe(
      '--- a/x\n+++ b/x\n@@ -3,1 +3,1 @@\n-b = "1"\n+b = "2"\n',
    );
  });
  it('are not made of a line that holds one', () => {
    expect(safeDiff('x', 'token = "abc"\n', 'token = "abd"\n')).toBeUndefined();
  });
  it('show references', () => {
    expect(safeDiff('x', 'token = var.token\nb = 1\n', 'token = var.token\nb = 2\n')).toContain(
      ' token = var.token',
    );
  });
});
