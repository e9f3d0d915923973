/* The example's clusters in the stand-in: every object is there under its own path, and owners are seen as they are. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kubernetesActuator } from '#adapters/kubernetes-api/index.ts';
import type { PlannedChange } from '#plan/change.ts';
import { type Json, startKubernetes } from './kubernetes.ts';
import { snapshotObjects } from './snapshot-objects.ts';

const examples = join(import.meta.dirname, '../../examples');
const change = (id: string, before: unknown, after: unknown): PlannedChange => ({
  id,
  title: id,
  change: {
    kind: 'set',
    settings: [{ of: 'service', id, before, after }],
  } as unknown as PlannedChange['change'],
  through: { by: 'api', system: 'cluster/home' },
  because: { says: '', serves: '', evidence: [] },
});

it.each([
  ['home-lab', 'home'],
  ['nginx-office', 'office'],
  ['k3s-flannel', 'pi'],
  ['cilium-dual', 'lab'],
])('%s', async (example, cluster) => {
  const objects = snapshotObjects(join(examples, example), cluster);
  const count = objects
    .flatMap((o) => ((o as Json).items as unknown[] | undefined) ?? [o])
    .filter(Boolean).length;
  const kube = await startKubernetes({ objects, tls: false });
  expect(kube.objects()).toHaveLength(count);
  expect(count).toBeGreaterThan(20);
  await kube.stop();
});

it("home-lab: Traefik's Service is Terraform's, so it is not written through the API", async () => {
  const kube = await startKubernetes({
    objects: snapshotObjects(join(examples, 'home-lab'), 'home'),
    tls: false,
  });
  process.env.TEST_HOME = kube.token;
  const actuator = kubernetesActuator({ cluster: 'home', url: kube.url, credential: 'env:TEST_HOME' });
  const move = change(
    'home/traefik/traefik',
    { requestedIps: '10.0.20.200' },
    { requestedIps: '10.0.20.203' },
  );
  expect(await actuator.preflight(move)).toEqual([expect.stringMatching(/owned by terraform-provider-helm/)]);
  expect(await actuator.write(move)).toMatchObject({
    kind: 'conflict',
    owner: expect.stringMatching(/^terraform/),
  });
  await kube.stop();
});
