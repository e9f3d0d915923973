/*
 * Seconds and memory of reading Kubernetes objects from YAML, as `kubectl get -o yaml` prints Lists: generated Services,
 * from memory, by the source alone. From 100 to 10,000, to see whether it stays near-linear.
 */
import { kubernetesSource } from '#adapters/kubernetes/index.ts';
import type { SnapshotContext, SnapshotFile } from '#adapters/source.ts';
import type { Row } from './main.ts';

export const name = 'read';

export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const count of [100, 1_000, 10_000]) rows.push(...(await measure(count)));
  return rows;
}

async function measure(count: number): Promise<readonly Row[]> {
  const text = servicesYaml(count);
  const file = memoryFile('cluster/bench/services.yaml', text);
  const started = performance.now();
  const { facts, gaps } = await kubernetesSource.discover([file], context);
  const ms = performance.now() - started;
  const services = facts.filter((f) => f.kind === 'service').length;
  const broken = gaps.filter((g) => g.id.startsWith('unreadable'));
  if (services !== count || broken.length > 0) throw new Error(`read ${services} of ${count} Services`);
  const label = `${count.toLocaleString('en')} Services, ${(text.length / 1e6).toFixed(1)} MB`;
  return [
    { what: label, value: ms, unit: 'ms', ...(count === 10_000 && { aim: 'about a second' }) },
    { what: `${label}: memory`, value: process.memoryUsage().rss / 2 ** 20, unit: 'MiB' },
  ];
}

const context: SnapshotContext = {
  file: () => undefined,
  isDeclared: () => false,
  isComplete: () => false,
  systems: ['cluster/bench'],
};

function memoryFile(path: string, text: string): SnapshotFile {
  const bytes = new TextEncoder().encode(text);
  async function* stream() {
    yield bytes;
  }
  return { path, holds: [], bytes: bytes.length, read: async () => bytes, text: async () => text, stream };
}

function servicesYaml(count: number): string {
  const items = Array.from({ length: count }, (_, i) => serviceYaml(i));
  return `apiVersion: v1\nitems:\n${items.join('')}kind: List\nmetadata:\n  resourceVersion: ""\n`;
}

function serviceYaml(i: number): string {
  const ip = `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  return `- apiVersion: v1
  kind: Service
  metadata:
    annotations:
      meta.helm.sh/release-name: app-${i}
      meta.helm.sh/release-namespace: ns-${i % 300}
      metallb.io/address-pool: default
    creationTimestamp: "2026-01-17T20:11:09Z"
    labels:
      app.kubernetes.io/instance: app-${i}
      app.kubernetes.io/managed-by: Helm
      app.kubernetes.io/name: app-${i}
    name: app-${i}
    namespace: ns-${i % 300}
    resourceVersion: "${30_000_000 + i}"
    uid: 77e47aeb-03dd-4a22-ada3-${String(i).padStart(12, '0')}
  spec:
    allocateLoadBalancerNodePorts: true
    clusterIP: ${ip}
    clusterIPs:
    - ${ip}
    externalTrafficPolicy: Cluster
    internalTrafficPolicy: Cluster
    ipFamilies:
    - IPv4
    ipFamilyPolicy: SingleStack
    ports:
    - name: http
      nodePort: ${30_000 + (i % 2_767)}
      port: 80
      protocol: TCP
      targetPort: http
    - name: https
      port: 443
      protocol: TCP
      targetPort: 8443
    selector:
      app.kubernetes.io/instance: app-${i}
      app.kubernetes.io/name: app-${i}
    sessionAffinity: None
    type: ClusterIP
  status:
    loadBalancer: {}
`;
}
