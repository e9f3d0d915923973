/*
 * The client as the ingress logs it, in the lab: requests from vantage points through the kernel, their lines in the lab's
 * ingress, served as pods/log by the Kubernetes stand-in, read with the rights that are shipped, beside the model.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientLogOf, newMark, withClients } from '#app/client-log.ts';
import { loadSnapshot, type Snapshot } from '#app/load-snapshot.ts';
import { walk } from '#dataplane/walk.ts';
import { type Estate, makeEstate, readerOf } from '#estate/estate.ts';
import { type EstateLab, startEstateLab } from '#lab/estate/estate-lab.ts';
import { startPointOf } from '#lab/estate/start-points.ts';
import type { AccessLogLine } from '#lab/hosts/ingress-types.ts';
import { type KubernetesStandIn, rulesIn, startKubernetes } from '#lab/stand-ins/kubernetes.ts';
import { snapshotObjects } from '#lab/stand-ins/snapshot-objects.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { compare } from '#probe/compare.ts';
import { predict } from '#probe/predict.ts';
import { type Probe, type Prober, runProbes } from '#probe/prober.ts';
import { of } from '#test/small-estate.ts';
import { documents } from './job.ts';

const example = join(import.meta.dirname, '../../examples/home-lab');
let folder: string;
let lab: EstateLab;
let kube: KubernetesStandIn;
let snapshot: Snapshot;
const lines: AccessLogLine[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'client-log-lab-'));
  const read = await loadSnapshot(example);
  const started = await startEstateLab(read.estate, { isSmall: true });
  if (started.kind === 'unavailable') throw new Error(started.reason);
  lab = started;
  kube = await startKubernetes({
    objects: snapshotObjects(example, 'home'),
    users: [{ name: 'sightline-read', token: 'FAKE-read', rules: rulesIn(documents('rbac/read-only.yaml')) }],
    podLog: async ({ namespace, name, container }) => {
      lines.push(...(await lab.servers.log()));
      const own = lines.filter((l) => l.pod === `${namespace}/${name}` && container === 'traefik');
      return own.map((l) => `${JSON.stringify(l)}\n`).join('');
    },
  });
  writeFileSync(join(folder, 'ca.pem'), kube.ca ?? '');
  process.env.TEST_LAB_READ = 'FAKE-read';
  snapshot = { ...read, root: folder, estate: withAccess(read.estate) };
}, 120_000);
afterAll(async () => {
  await kube?.stop();
  await lab?.down();
  rmSync(folder, { recursive: true, force: true });
});

/** The estate with the stand-in's address for the cluster's. */
function withAccess(estate: Estate): Estate {
  const access = {
    system: 'cluster/home',
    needs: [],
    url: kube.url,
    ca: 'ca.pem',
    credential: 'env:TEST_LAB_READ',
  };
  const facts = [...estate.facts.values()].filter((f) => f.key !== 'systemAccess:cluster/home');
  return makeEstate([...facts, of('systemAccess', access)]);
}

/** Starts flows at a vantage point's host in the lab; says nothing of the client by itself. */
function proberAt(vantagePoint: string): Prober | undefined {
  const start = startPointOf(lab.store.reader, vantagePoint);
  if (start === undefined) return undefined;
  return {
    can: (a) => a.kind === 'http',
    attempt: async (a, timeoutMs, mark) => {
      if (a.kind !== 'http') throw new Error('http only');
      const agent = await lab.lab.agent(start.host);
      const seen = await agent.ask('attempt', {
        protocol: a.isPlain ? 'http' : (`http${a.version}` as const),
        address: a.ip,
        port: a.port,
        serverName: a.name,
        path: `/?sightline-probe=${mark}`,
        ca: lab.authority.cert,
        timeoutMs,
      });
      if (!seen.ok) return { outcome: 'fails', says: String(seen.cause), ms: 0 };
      return { outcome: 'works', says: '', ms: 0, ...(seen.status !== undefined && { status: seen.status }) };
    },
  };
}

it('logs whom the model says, from every vantage point and over every version of HTTP', async () => {
  const reader = readerOf(snapshot.estate);
  const name = dnsName('immich.viktorbarzin.me');
  const probes = ['internet', 'lan', 'mgmt', 'tailnet'].flatMap((from) =>
    // the lab's HTTP/3 server fits through the tailnet, the real one does not (lab/disagreements.json: quic-datagram-size)
    ([1, 2, 3] as const)
      .filter((v) => from !== 'tailnet' || v !== 3)
      .map((version): Probe => {
        const address = ip(from === 'internet' ? '203.0.113.10' : '10.0.20.200');
        const attempt = { kind: 'http', version, isPlain: false, ip: address, port: 443, name } as const;
        return { id: `${from} http${version}`, from, why: 'moved', attempt };
      }),
  );
  const marks = new Map(probes.map((p) => [p.id, newMark()]));
  const since = performance.now();
  const limits = {
    timeoutMs: () => 5_000,
    parallel: 4,
    isOver: () => false,
    markOf: (p: Probe) => marks.get(p.id),
  };
  const found = await runProbes(probes, { at: proberAt }, limits);
  const seen = await withClients(found, marks, await clientLogOf(snapshot), since);
  const checks = probes.map((probe) => {
    const observed = seen.get(probe.id);
    const judged = compare(probe, { predicted: predict(probe, reader, walk), ...(observed && { observed }) });
    return [probe.id, judged.client?.kind ?? observed?.says, judged.client?.says];
  });
  const reached = checks.filter(
    ([, kind]) => kind === 'as-predicted' || kind === 'otherwise' || kind === 'not-checked',
  );
  expect(reached.length).toBeGreaterThanOrEqual(8);
  expect(reached).toEqual(reached.map(([id, , says]) => [id, 'as-predicted', says]));
  expect(new Set(reached.map(([, , says]) => says))).toContain('logged as 10.0.20.103');
}, 120_000);
