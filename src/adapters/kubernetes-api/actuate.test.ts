/* The Kubernetes actuator against the stand-in: what it writes, what it refuses, what it leaves exactly as it was. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toObject } from '#adapters/kubernetes/object.ts';
import { service as serviceFact } from '#adapters/kubernetes/services.ts';
import type { Actuator } from '#apply/actuator.ts';
import type { Service } from '#estate/kubernetes.ts';
import { type Json, type KubernetesStandIn, startKubernetes } from '#lab/stand-ins/kubernetes.ts';
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import { kubernetesActuator } from './index.ts';

const owned = (manager: string, fields: unknown, operation = 'Update') => ({
  manager,
  operation,
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1: fields,
  time: '2026-01-01T00:00:00Z',
});
const annotationFields = { 'f:metallb.io/loadBalancerIPs': {}, 'f:metallb.io/allow-shared-ip': {} };
const traefik = (manager = 'kubectl-edit', operation = 'Update') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'traefik',
    namespace: 'traefik',
    uid: 'u-1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    resourceVersion: '7',
    annotations: { 'metallb.io/loadBalancerIPs': '10.0.20.200', 'metallb.io/allow-shared-ip': 'shared' },
    managedFields: [
      owned(
        manager,
        {
          'f:metadata': { 'f:annotations': annotationFields },
          'f:spec': { 'f:externalTrafficPolicy': {}, 'f:type': {} },
        },
        operation,
      ),
    ],
  },
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: true,
    clusterIP: '10.96.0.9',
    clusterIPs: ['10.96.0.9'],
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    selector: { app: 'traefik' },
    ports: [
      { name: 'websecure', port: 443, protocol: 'TCP', targetPort: 'websecure', nodePort: 30_067 },
      {
        name: 'websecure-http3',
        port: 443,
        protocol: 'UDP',
        targetPort: 'websecure-http3',
        nodePort: 30_032,
      },
    ],
  },
  status: { loadBalancer: { ingress: [{ ip: '10.0.20.200' }] } },
});
const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'app', namespace: 'traefik', generation: 1 },
  spec: {
    template: {
      spec: {
        hostAliases: [{ ip: '10.0.20.200', hostnames: ['git.example.org'] }],
        containers: [
          {
            name: 'app',
            image: 'a',
            args: ['--token=FAKE-secret-1', '--to=10.0.20.200', '--publish-service=traefik/traefik'],
            env: [{ name: 'TO', value: '10.0.20.200' }],
          },
        ],
      },
    },
  },
};
const corefile =
  '.:53 {\n    errors\n    hosts {\n        10.0.20.200 git.example.org\n        fallthrough\n    }\n    cache 30\n}\n';
const others = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    data: { Corefile: corefile },
  },
  {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'Middleware',
    metadata: { name: 'local-only', namespace: 'traefik' },
    spec: { ipAllowList: { sourceRange: ['10.0.20.0/22', '192.168.1.1'] } },
  },
];
const named = { kind: 'Service', namespace: 'traefik', name: 'traefik' };

let kube: KubernetesStandIn;
let actuator: Actuator;
const start = async (...objects: unknown[]) => {
  kube = await startKubernetes({ objects });
  process.env.TEST_KUBE_TOKEN = kube.token;
  actuator = kubernetesActuator({
    cluster: 'home',
    url: kube.url,
    credential: 'env:TEST_KUBE_TOKEN',
    ...(kube.ca !== undefined && { ca: kube.ca }),
    timeoutMs: 10_000,
  });
};
beforeEach(() => start(traefik(), deployment, ...others));
afterEach(() => kube.stop());

const set = (...settings: unknown[]): PlannedChange => ({
  id: 'c',
  title: 'c',
  change: { kind: 'set', settings } as unknown as PlannedChange['change'],
  through: { by: 'api', system: 'cluster/home' },
  because: { says: '', serves: '', evidence: [] },
});
const undo = (change: PlannedChange): PlannedChange => ({ ...change, change: inverseOf(change.change) });
const service = (before: unknown, after: unknown, name = 'traefik') =>
  set({ of: 'service', id: `home/traefik/${name}`, before, after });
const move = service(
  { requestedIps: '10.0.20.200', sharingKey: 'shared', externalPolicy: 'cluster' },
  { requestedIps: '10.0.20.203', externalPolicy: 'local' },
);
const factOf = (object: Json | undefined): Service =>
  serviceFact(toObject(object ?? {}, 'home', 'f', 1)).value;
/** All but the version and the times of managedFields. */
const comparable = (objects: readonly Json[]) =>
  objects.map((o) => {
    const metadata = { ...(o.metadata as Record<string, unknown>), resourceVersion: '', generation: 0 };
    return JSON.parse(JSON.stringify({ ...o, metadata }).replace(/"time":"[^"]*"/g, '"time":""'));
  });

/** Writes, reads back, undoes, and compares with the start. */
async function thereAndBack(change: PlannedChange): Promise<Json | undefined> {
  const before = comparable(kube.objects());
  expect(await actuator.preflight(change)).toEqual([]);
  expect(await actuator.observe(change)).toEqual({ kind: 'before' });
  const backup = await actuator.backup?.(change);
  expect(await actuator.write(change)).toEqual({ kind: 'written' });
  expect(await actuator.observe(change)).toEqual({ kind: 'after' });
  const between = kube.get(named);
  expect(await actuator.preflight(undo(change))).toEqual([]);
  expect(await actuator.write(undo(change), backup)).toEqual({ kind: 'written' });
  expect(await actuator.observe(undo(change))).toEqual({ kind: 'after' });
  expect(comparable(kube.objects())).toEqual(before);
  return between;
}

describe('a Service', () => {
  it('moves and comes back to the byte, with both ports all the way', async () => {
    const between = factOf(await thereAndBack(move));
    expect(between).toMatchObject({ requestedIps: '10.0.20.203', externalPolicy: 'local' });
    expect(between.sharingKey).toBeUndefined();
    expect(between.ports.map((p) => p.protocol)).toEqual(['tcp', 'udp']);
  });

  it('stops being a LoadBalancer and becomes the same one again, node ports included', async () => {
    const change = service({ type: 'LoadBalancer', requestedIps: '10.0.20.200' }, { type: 'ClusterIP' });
    expect(factOf(await thereAndBack(change))).toMatchObject({
      type: 'ClusterIP',
      externalPolicy: 'cluster',
    });
  });

  it('keeps the spelling that its annotations have', async () => {
    await kube.stop();
    const old = {
      ...traefik(),
      metadata: {
        ...traefik().metadata,
        annotations: { 'metallb.universe.tf/loadBalancerIPs': '10.0.20.200' },
        managedFields: undefined,
      },
    };
    await start(old);
    const between = await thereAndBack(
      service({ requestedIps: '10.0.20.200' }, { requestedIps: '10.0.20.203', sharingKey: 'k' }),
    );
    expect(between).toHaveProperty('metadata.annotations', {
      'metallb.universe.tf/loadBalancerIPs': '10.0.20.203',
      'metallb.universe.tf/allow-shared-ip': 'k',
    });
  });

  it('is made as the plan says, and taken away again', async () => {
    const { sharingKey, annotations, vips, clusterIps, ...rest } = factOf(traefik());
    const value = {
      ...rest,
      name: 'traefik-lb',
      annotations: {},
      externalPolicy: 'local',
      requestedIps: '10.0.20.203',
      clusterIps: [],
      vips: [],
      ports: rest.ports.map(({ nodePort, ...p }) => p),
    };
    const change = service(null, value, 'traefik-lb');
    await thereAndBack(change);
    await actuator.write(change);
    const made = factOf(kube.get({ ...named, name: 'traefik-lb' }));
    expect(made).toMatchObject({
      ...value,
      annotations: expect.anything(),
      clusterIps: expect.anything(),
      ports: expect.anything(),
    });
    expect(made.ports.map(({ nodePort, ...p }) => p)).toEqual(value.ports);
  });

  it('is taken away and made again with its address', async () => {
    const { vips, ...value } = factOf(traefik());
    const change = service({ ...value, vips: [] }, null);
    const backup = await actuator.backup?.(change);
    expect(await actuator.write(change)).toEqual({ kind: 'written' });
    expect(await actuator.observe(change)).toEqual({ kind: 'after' });
    expect(await actuator.write(undo(change), backup)).toEqual({ kind: 'written' });
    expect(kube.get(named)?.spec).toEqual(traefik().spec);
  });

  it.each([
    ['Helm', traefik('helm'), /externalTrafficPolicy is owned by helm/],
    ['Terraform', traefik('terraform-provider-helm_v3.1.1_x5'), /owned by terraform-provider/],
    ['an apply by anybody', traefik('somebody', 'Apply'), /owned by somebody/],
  ])('of %s is not written here', async (_, object, says) => {
    await kube.stop();
    await start(object);
    expect((await actuator.preflight(move)).join()).toMatch(says);
    expect(await actuator.write(move)).toMatchObject({
      kind: 'conflict',
      says: expect.stringMatching(/owned by/),
      owner: expect.anything(),
    });
    expect(kube.get(named)).toEqual(object);
  });

  it('never gets a port twice', async () => {
    const [tcp] = factOf(traefik()).ports;
    const change = service({ ports: factOf(traefik()).ports }, { ports: [tcp, { ...tcp, name: 'again' }] });
    expect((await actuator.preflight(change)).join()).toMatch(/443\/TCP would stand twice/);
    expect(await actuator.write(change)).toMatchObject({ kind: 'refused' });
  });
});

describe('other objects', () => {
  const workload = (before: unknown, after: unknown) =>
    set({ of: 'workload', id: 'home/traefik/Deployment/app', before, after });
  const container = (args: readonly string[], to: string) => ({
    containers: [{ name: 'app', image: 'a', args, env: { TO: to }, ports: [] }],
  });
  const args = (to: string) => ['--token=[secret]', `--to=${to}`, '--publish-service=traefik/traefik'];

  it.each<[string, PlannedChange]>([
    [
      'host aliases',
      workload(
        { hostAliases: [{ ip: '10.0.20.200', names: ['git.example.org'] }] },
        { hostAliases: [{ ip: '10.0.20.203', names: ['git.example.org'] }] },
      ),
    ],
    [
      'arguments beside a secret',
      workload(container(args('10.0.20.200'), '10.0.20.200'), container(args('10.0.20.203'), '10.0.20.203')),
    ],
    [
      'the published Service',
      set({
        of: 'ingress',
        id: 'home/traefik/app',
        before: { publishedService: 'traefik/traefik' },
        after: { publishedService: 'traefik/traefik-lb' },
      }),
    ],
    [
      'an allow list',
      set({
        of: 'middleware',
        id: 'home/traefik/local-only',
        before: { rule: { kind: 'ip-allow-list', ranges: ['10.0.20.0/22', '192.168.1.1/32'], depth: 0 } },
        after: {
          rule: {
            kind: 'ip-allow-list',
            ranges: ['10.0.20.0/22', '192.168.1.1/32', '100.64.0.0/10'],
            depth: 0,
          },
        },
      }),
    ],
    [
      'a name in CoreDNS',
      set({
        of: 'nameRule',
        id: 'coredns/home|00000',
        before: { rule: { kind: 'host', name: 'git.example.org', addresses: ['10.0.20.200'] } },
        after: { rule: { kind: 'host', name: 'git.example.org', addresses: ['10.0.20.203'] } },
      }),
    ],
    [
      'a rewrite in CoreDNS',
      set({
        of: 'nameRule',
        id: 'coredns/home|00001',
        before: null,
        after: {
          resolver: 'coredns/home',
          position: 1,
          rule: {
            kind: 'rewrite',
            match: 'exact',
            from: 'git.example.org',
            to: 'traefik-lb.traefik.svc.cluster.local',
          },
        },
      }),
    ],
  ])('%s: there and back', async (_, change) => {
    await thereAndBack(change);
    expect(JSON.stringify(kube.objects('Deployment'))).toContain('FAKE-secret-1');
  });

  it('keeps no secret of a workload', async () => {
    const change = workload(container(args('10.0.20.200'), 'a'), container(args('10.0.20.203'), 'a'));
    expect(await actuator.backup?.(change)).not.toContain('FAKE');
  });
});

describe('somebody else', () => {
  const edit = (field: string, value: unknown) =>
    kube.write(named, (o) => ({ ...o, spec: { ...(o?.spec as Json), [field]: value } }), {
      manager: 'kubectl-edit',
    });

  it('changed the same field: noticed, and nothing is overwritten', async () => {
    await actuator.preflight(move);
    edit('externalTrafficPolicy', 'Local');
    kube.write(named, (o) => ({
      ...o,
      metadata: { ...(o?.metadata as Json), annotations: { 'metallb.io/loadBalancerIPs': '10.0.20.209' } },
    }));
    const there = kube.get(named);
    expect(await actuator.observe(move)).toMatchObject({
      kind: 'other',
      says: expect.stringMatching(/10\.0\.20\.209/),
    });
    expect(await actuator.write(move)).toMatchObject({ kind: 'conflict' });
    expect(kube.get(named)).toEqual(there);
  });

  it('changed it between our look and our write', async () => {
    kube.setFault((call) => {
      if (call.method === 'PATCH') edit('externalTrafficPolicy', 'Local');
      return undefined;
    });
    expect(await actuator.write(move)).toMatchObject({
      kind: 'conflict',
      says: expect.stringMatching(/as before and a part as after|externalPolicy/),
    });
    expect(factOf(kube.get(named)).requestedIps).toBe('10.0.20.200');
  });

  it('changed another field meanwhile: ours is written, theirs stays', async () => {
    let times = 0;
    kube.setFault((call) => {
      if (call.method === 'PATCH' && times++ < 2) edit('trafficDistribution', `PreferClose${times}`);
      return undefined;
    });
    expect(await actuator.write(move)).toEqual({ kind: 'written' });
    expect(factOf(kube.get(named))).toMatchObject({
      requestedIps: '10.0.20.203',
      trafficDistribution: 'PreferClose2',
    });
  });
});

describe('rights', () => {
  it("are asked for before anything is written, the undo's too", async () => {
    await kube.stop();
    kube = await startKubernetes({
      objects: [traefik()],
      users: [
        {
          name: 'reader',
          token: 'FAKE-reader',
          rules: [{ apiGroups: [''], resources: ['services'], verbs: ['get'] }],
        },
      ],
    });
    process.env.TEST_KUBE_TOKEN = 'FAKE-reader';
    actuator = kubernetesActuator({
      cluster: 'home',
      url: kube.url,
      credential: 'env:TEST_KUBE_TOKEN',
      ...(kube.ca !== undefined && { ca: kube.ca }),
    });
    expect(await actuator.preflight(move)).toEqual(['the credential may not patch Service traefik/traefik']);
    expect(await actuator.write(move)).toMatchObject({
      kind: 'refused',
      says: expect.stringMatching(/forbidden/),
    });
    expect(kube.deeds.filter((d) => d.verb === 'patch')).toHaveLength(1);
  });

  it.each([
    ['a wrong token', { credential: 'cmd:echo FAKE-wrong' }, /answered 401/],
    ['no credential', { credential: 'env:SURELY_NOT_SET' }, /env:SURELY_NOT_SET is not to be had/],
    ['an unknown authority', { credential: 'env:TEST_KUBE_TOKEN', ca: undefined }, /certificate/],
  ])('preflight tells of %s', async (_, settings, says) => {
    const { ca = kube.ca, ...rest } = { ca: kube.ca, ...settings };
    actuator = kubernetesActuator({
      cluster: 'home',
      url: kube.url,
      ...rest,
      ...('ca' in settings || ca === undefined ? {} : { ca }),
    });
    const problems = (await actuator.preflight(move)).join();
    expect(problems).toMatch(says);
    expect(problems).not.toMatch(/FAKE/);
  });
});
