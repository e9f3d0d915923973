/*
 * The manifests of docs/in-cluster and docs/rbac: fields that Kubernetes 1.34 has, the rules of its validation that concern
 * them, names that lead somewhere, and an image whose files exist.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { documents } from '#test/apply/job.ts';
import { root } from '../architecture/project.ts';

const metadata = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});
const base = <A extends string, K extends string>(apiVersion: A, kind: K) => ({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  metadata,
});
const rule = z.strictObject({
  apiGroups: z.array(z.string()).min(1),
  resources: z.array(z.string()).min(1),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.enum(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'])).min(1),
});
const rbac = 'rbac.authorization.k8s.io/v1';
const binding = {
  roleRef: z.strictObject({
    apiGroup: z.literal('rbac.authorization.k8s.io'),
    kind: z.enum(['Role', 'ClusterRole']),
    name: z.string(),
  }),
  subjects: z
    .array(z.strictObject({ kind: z.literal('ServiceAccount'), name: z.string(), namespace: z.string() }))
    .min(1),
};
const confined = z.strictObject({
  allowPrivilegeEscalation: z.literal(false),
  readOnlyRootFilesystem: z.literal(true),
  capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
});
const mount = z.strictObject({
  name: z.string(),
  mountPath: z.string().startsWith('/'),
  readOnly: z.boolean().optional(),
});
const container = z.strictObject({
  name: z.string(),
  image: z.string().regex(/:[^:/]+$/, 'a tag'),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  workingDir: z.string().optional(),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  resources: z
    .strictObject({
      requests: z.record(z.enum(['cpu', 'memory']), z.string()),
      limits: z.partialRecord(z.enum(['cpu', 'memory']), z.string()),
    })
    .optional(),
  securityContext: confined,
  volumeMounts: z.array(mount),
});
const volume = z.strictObject({
  name: z.string(),
  configMap: z.strictObject({ name: z.string() }).optional(),
  emptyDir: z.strictObject({}).optional(),
});
const podSpec = z.strictObject({
  restartPolicy: z.literal('Never'),
  serviceAccountName: z.string(),
  terminationGracePeriodSeconds: z.number().int().min(60),
  securityContext: z.strictObject({
    runAsNonRoot: z.literal(true),
    runAsUser: z.number().int().min(1),
    runAsGroup: z.number().int().min(1),
    fsGroup: z.number().int().min(1),
    seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
  }),
  initContainers: z.array(container),
  containers: z.array(container).min(1),
  volumes: z.array(volume),
});
const failureRule = z.union([
  z.strictObject({
    action: z.enum(['FailJob', 'Ignore', 'Count']),
    onPodConditions: z
      .array(z.strictObject({ type: z.string() }))
      .min(1)
      .max(20),
  }),
  z.strictObject({
    action: z.enum(['FailJob', 'Ignore', 'Count']),
    onExitCodes: z.strictObject({
      containerName: z.string(),
      operator: z.enum(['In', 'NotIn']),
      values: z.array(z.number().int()).min(1).max(255),
    }),
  }),
]);
const job = z.strictObject({
  ...base('batch/v1', 'Job'),
  spec: z.strictObject({
    completions: z.literal(1),
    parallelism: z.literal(1),
    backoffLimit: z.number().int().min(1),
    podReplacementPolicy: z.literal('Failed'),
    podFailurePolicy: z.strictObject({ rules: z.array(failureRule).min(1).max(20) }),
    template: z.strictObject({ metadata: metadata.partial(), spec: podSpec }),
  }),
});
const object = z.discriminatedUnion('kind', [
  job,
  z.strictObject({ ...base('v1', 'ServiceAccount') }),
  z.strictObject({ ...base('v1', 'ConfigMap'), data: z.record(z.string(), z.string()) }),
  z.strictObject({ ...base(rbac, 'Role'), rules: z.array(rule).min(1) }),
  z.strictObject({ ...base(rbac, 'ClusterRole'), rules: z.array(rule).min(1) }),
  z.strictObject({ ...base(rbac, 'RoleBinding'), ...binding }),
  z.strictObject({ ...base(rbac, 'ClusterRoleBinding'), ...binding }),
]);

const files = ['rbac/read-only.yaml', 'rbac/read-write.yaml', 'rbac/in-cluster.yaml', 'in-cluster/job.yaml'];
const all = files.flatMap((file) => documents(file).map((d) => ({ file, object: object.parse(d) })));
const found = all.map((a) => a.object);
const theJob = found.find((o) => o.kind === 'Job');
if (theJob === undefined) throw new Error('no Job');
const { spec } = theJob;
const pod = spec.template.spec;
const [main] = pod.containers;

describe('every manifest', () => {
  it.each(files)('%s has the fields of its kind and no other', (file) => {
    const here = documents(file);
    expect(here.length).toBeGreaterThan(0);
    for (const one of here) expect(object.safeParse(one).error?.issues ?? []).toEqual([]);
  });

  it('a field that is misspelt is found', () => {
    const wrong = JSON.parse(JSON.stringify(theJob).replace('"backoffLimit"', '"backofLimit"'));
    expect(object.safeParse(wrong).success).toBe(false);
  });

  it('binds roles that are there to accounts that are there', () => {
    const named = (kind: string, name: string, namespace?: string) =>
      found.some((o) => o.kind === kind && o.metadata.name === name && o.metadata.namespace === namespace);
    for (const o of found) {
      if (o.kind !== 'RoleBinding' && o.kind !== 'ClusterRoleBinding') continue;
      const namespace = o.roleRef.kind === 'Role' ? o.metadata.namespace : undefined;
      expect([o.roleRef, named(o.roleRef.kind, o.roleRef.name, namespace)]).toEqual([o.roleRef, true]);
      for (const s of o.subjects)
        expect([s, named('ServiceAccount', s.name, s.namespace)]).toEqual([s, true]);
    }
    expect(named('ServiceAccount', pod.serviceAccountName, theJob.metadata.namespace)).toBe(true);
  });
});

describe('the Job', () => {
  it('follows the rules of a policy on failed pods', () => {
    expect(pod.restartPolicy).toBe('Never');
    const names = [...pod.containers, ...pod.initContainers].map((c) => c.name);
    for (const r of spec.podFailurePolicy.rules) {
      if (!('onExitCodes' in r)) continue;
      expect(names).toContain(r.onExitCodes.containerName);
      expect(r.onExitCodes.values).toEqual([...new Set(r.onExitCodes.values)].sort((a, b) => a - b));
      expect(r.onExitCodes.operator === 'In' && r.onExitCodes.values.includes(0)).toBe(false);
    }
  });

  it('starts another pod after a disruption or a death, and none after an end with a word', () => {
    const decide = (end: { exit?: number; disrupted?: boolean }) =>
      spec.podFailurePolicy.rules.find((r) =>
        'onPodConditions' in r
          ? end.disrupted === true
          : end.exit !== undefined && r.onExitCodes.values.includes(end.exit),
      )?.action ?? 'Count';
    expect(decide({ exit: 4, disrupted: true })).toBe('Ignore');
    for (const exit of [1, 2, 3, 4]) expect(decide({ exit })).toBe('FailJob');
    for (const exit of [137, 139]) expect(decide({ exit })).toBe('Count');
    expect(spec.backoffLimit).toBeGreaterThan(0);
  });

  it('mounts volumes that it has, of which ConfigMaps are made here or by the page', () => {
    const page = readFileSync(join(root, 'docs/in-cluster.md'), 'utf8');
    const volumes = new Set(pod.volumes.map((v) => v.name));
    const mounts = [...pod.containers, ...pod.initContainers].flatMap((c) => c.volumeMounts);
    expect(mounts.filter((m) => !volumes.has(m.name))).toEqual([]);
    expect([...volumes].filter((v) => !mounts.some((m) => m.name === v))).toEqual([]);
    for (const { configMap } of pod.volumes) {
      if (configMap === undefined) continue;
      const isHere = found.some((o) => o.kind === 'ConfigMap' && o.metadata.name === configMap.name);
      expect([configMap.name, isHere || page.includes(`create configmap ${configMap.name} `)]).toEqual([
        configMap.name,
        true,
      ]);
    }
  });

  it('keeps its run in the namespace that its rights are for', () => {
    const at = main?.args?.indexOf('--runs') ?? -1;
    expect(main?.args?.[at + 1]).toMatch(new RegExp(`^kubeconfig:[^/]+/${theJob.metadata.namespace}$`));
    expect(main?.args).toContain('--resume');
  });
});

test('the image is made of files that exist, and holds what package.json starts', () => {
  const lines = readFileSync(join(root, 'docs/in-cluster/Containerfile'), 'utf8').split('\n');
  const copied = lines.filter((l) => l.startsWith('COPY ')).flatMap((l) => l.split(' ').slice(1, -1));
  expect(copied.length).toBeGreaterThan(4);
  expect(copied.filter((p) => !existsSync(join(root, p)))).toEqual([]);
  expect(lines.find((l) => l.startsWith('USER '))).not.toMatch(/root|\b0\b/);
});
