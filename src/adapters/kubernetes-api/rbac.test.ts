/* The rights that are shipped suffice for everything that the actuator calls, and none of them is left over. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadAll } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '#estate/secret.ts';
import {
  type KubernetesStandIn,
  type PolicyRule,
  rulesIn,
  startKubernetes,
} from '#lab/stand-ins/kubernetes.ts';
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import { collectScript } from '#report/collect-script.ts';
import { KubernetesApi } from './api.ts';
import { ClusterRuns } from './cluster-runs.ts';
import { kubernetesActuator } from './index.ts';

const folder = join(import.meta.dirname, '../../../docs/rbac');
const roles = (file: string) => rulesIn(loadAll(readFileSync(join(folder, file), 'utf8')));
const write = roles('read-write.yaml');
const inTraefik = (kind: string, spec: unknown, apiVersion = 'apps/v1') => ({
  apiVersion,
  kind,
  metadata: { name: kind.toLowerCase(), namespace: 'traefik' },
  spec,
});
const pod = {
  template: {
    spec: {
      hostAliases: [{ ip: '192.0.2.1', hostnames: ['a.example.org'] }],
      containers: [{ name: 'c', args: ['--publish-service=a/b'] }],
    },
  },
};
const service = {
  type: 'ClusterIP',
  clusterIP: '10.96.0.9',
  clusterIPs: ['10.96.0.9'],
  ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
};
const objects = [
  inTraefik('Service', service, 'v1'),
  ...['Deployment', 'DaemonSet', 'StatefulSet'].map((k) => inTraefik(k, pod)),
  inTraefik('CronJob', { jobTemplate: { spec: pod } }, 'batch/v1'),
  inTraefik('Middleware', { ipAllowList: { sourceRange: ['192.0.2.0/24'] } }, 'traefik.io/v1alpha1'),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    data: { Corefile: '.:53 {\n    errors\n}\n' },
  },
];

const set = (of: string, id: string, before: unknown, after: unknown): PlannedChange => ({
  id,
  title: id,
  change: { kind: 'set', settings: [{ of, id, before, after }] } as unknown as PlannedChange['change'],
  through: { by: 'api', system: 'cluster/home' },
  because: { says: '', serves: '', evidence: [] },
});
const aliases = (ip: string) => ({ hostAliases: [{ ip, names: ['a.example.org'] }] });
const allowed = (ranges: readonly string[]) => ({ rule: { kind: 'ip-allow-list', ranges, depth: 0 } });
const made = {
  cluster: 'home',
  namespace: 'traefik',
  name: 'second',
  type: 'ClusterIP',
  labels: {},
  annotations: {},
  ports: [{ port: 80, protocol: 'tcp', targetPort: 80 }],
};
const changes = [
  set('service', 'home/traefik/service', {}, { requestedIps: '192.0.2.9' }),
  set('service', 'home/traefik/second', null, made),
  ...['Deployment', 'DaemonSet', 'StatefulSet', 'CronJob'].map((k) =>
    set('workload', `home/traefik/${k}/${k.toLowerCase()}`, aliases('192.0.2.1'), aliases('192.0.2.2')),
  ),
  set('ingress', 'home/traefik/daemonset', { publishedService: 'a/b' }, { publishedService: 'a/c' }),
  set(
    'middleware',
    'home/traefik/middleware',
    allowed(['192.0.2.0/24']),
    allowed(['192.0.2.0/24', '198.51.100.0/24']),
  ),
  set('nameRule', 'coredns/home|00000', null, {
    rule: { kind: 'rewrite', match: 'exact', from: 'a.example.org', to: 'b.example.org' },
  }),
];

let kube: KubernetesStandIn;
beforeEach(async () => {
  kube = await startKubernetes({
    objects,
    tls: false,
    users: [{ name: 'sightline-write', token: 'FAKE-write', rules: write }],
  });
  process.env.TEST_RBAC = 'FAKE-write';
});
afterEach(() => kube.stop());

/** Everything that a run does with each change, there and back. */
async function useAll(): Promise<void> {
  const actuator = kubernetesActuator({
    cluster: 'home',
    url: kube.url,
    credential: 'env:TEST_RBAC',
    ...(kube.ca !== undefined && { ca: kube.ca }),
  });
  for (const change of changes) {
    const undo = { ...change, change: inverseOf(change.change) };
    expect(await actuator.preflight(change)).toEqual([]);
    const backup = await actuator.backup?.(change);
    expect(await actuator.write(change)).toEqual({ kind: 'written' });
    expect(await actuator.preflight(undo)).toEqual([]);
    expect(await actuator.write(undo, backup)).toEqual({ kind: 'written' });
  }
}

/** What the rules allow and nobody did. */
function unused(rules: readonly PolicyRule[]) {
  return rules
    .flatMap(singles)
    .filter(
      (s) =>
        !kube.deeds.some(
          (d) =>
            d.group === s.group &&
            d.resource === s.resource &&
            d.verb === s.verb &&
            d.namespace === s.namespace &&
            (s.name === undefined || s.name === d.name),
        ),
    );
}

describe('read-write.yaml', () => {
  it('allows everything that a run calls, and nothing else', async () => {
    await useAll();
    expect(kube.deeds.length).toBeGreaterThan(30);
    expect(unused(write)).toEqual([]);
  });

  it('allows no other namespace, no other ConfigMap, no Secret', async () => {
    const mayNot = [
      ['patch', '', 'services', 'default', 'x'],
      ['patch', '', 'configmaps', 'kube-system', 'kube-proxy'],
      ['get', '', 'secrets', 'traefik', 'x'],
    ] as const;
    for (const [verb, group, resource, namespace, name] of mayNot) {
      const fits = (r: PolicyRule) =>
        r.verbs.includes(verb) &&
        r.apiGroups.includes(group) &&
        r.resources.includes(resource) &&
        r.namespaces?.includes(namespace) === true &&
        (r.resourceNames === undefined || r.resourceNames.includes(name));
      expect(write.some(fits)).toBe(false);
    }
  });
});

function singles(rule: PolicyRule) {
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        (rule.namespaces ?? ['']).flatMap((namespace) =>
          (rule.resourceNames ?? [undefined]).map((name) => ({ group, resource, verb, namespace, name })),
        ),
      ),
    ),
  );
}

describe('in-cluster.yaml', () => {
  const keeping = roles('in-cluster.yaml');
  it('allows everything that keeping a run calls, and nothing else', async () => {
    await kube.stop();
    kube = await startKubernetes({
      objects: [],
      tls: false,
      users: [{ name: 'sightline-write', token: 'FAKE-write', rules: keeping }],
    });
    const api = new KubernetesApi(async () => ({ url: kube.url, token: new Secret('FAKE-write') }));
    const times = { durationSeconds: 2, renewMs: 100, giveUpMs: 1_000, lookMs: 50 };
    const store = new ClusterRuns(api, 'sightline', { pauseMs: 1, lease: times });
    const lock = await store.lock('r', () => undefined);
    const { journal } = await store.create('r', { plan: '', proof: '', baseline: '' });
    await journal.append('1\n');
    await journal.append('2\n');
    await sleep(250);
    expect(await store.ids()).toEqual(['r']);
    expect(await (await store.open('r')).journal.read()).toBe('1\n2\n');
    await lock.release();
    expect(unused(keeping)).toEqual([]);
  });
});

describe('read-only.yaml', () => {
  const read = roles('read-only.yaml');
  it('only reads, and no Secret', () => {
    expect(read.length).toBeGreaterThan(5);
    expect([...new Set(read.flatMap((r) => r.verbs))].sort()).toEqual(['get', 'list']);
    expect(read.filter((r) => r.verbs.includes('get')).flatMap((r) => r.resources)).toEqual(['pods/log']);
    expect(read.flatMap((r) => r.resources)).not.toContain('secrets');
    expect(JSON.stringify([...read, ...write])).not.toContain('*');
  });

  const allowed = (rules: readonly PolicyRule[], verb: string) =>
    rules
      .filter((r) => r.verbs.includes(verb))
      .flatMap((r) => r.resources.map((x) => [x, ...r.apiGroups].join('.').replace(/\.$/, '')))
      .sort();

  it('lists what the collect script lists, and nothing else', () => {
    const listed = [...collectScript('x').matchAll(/^ {2}cluster (\S+) \S+$/gm)]
      .map((m) => m[1] ?? '')
      .sort();
    expect(listed.length).toBeGreaterThan(20);
    expect(allowed(read, 'list')).toEqual(listed);
  });

  it('covers every kind that the write account reads before it writes', () => {
    const readable = new Set(allowed(read, 'list'));
    expect(allowed(write, 'get').filter((w) => !readable.has(w))).toEqual([]);
  });
});
