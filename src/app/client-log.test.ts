/* The logged client of one's own requests: from pods through the API, from a file, from a command; and never passed unseen. */

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { httpProber } from '#adapters/prober-http/index.ts';
import { makeEstate } from '#estate/estate.ts';
import type { SystemAccess } from '#estate/settings.ts';
import { type KubernetesStandIn, rulesIn, startKubernetes } from '#lab/stand-ins/kubernetes.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { compare } from '#probe/compare.ts';
import { type Observation, type Probe, runProbes } from '#probe/prober.ts';
import { documents } from '#test/apply/job.ts';
import { of } from '#test/small-estate.ts';
import { clientLogOf, newMark, withClients } from './client-log.ts';
import type { Snapshot } from './load-snapshot.ts';

let folder: string;
let log: string;
let ingress: Server;
let port: number;
/** How the ingress writes a line. */
let lineOf: (path: string) => string;
const clf = (path: string) => `198.51.100.20 - - [x] "GET ${path} HTTP/1.1" 200 5\n`;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'client-log-'));
  log = join(folder, 'access.log');
  writeFileSync(log, clf('/earlier'));
  lineOf = clf;
  ingress = createServer((request, response) => {
    appendFileSync(log, lineOf(request.url ?? ''));
    response.end('ok');
  });
  await new Promise<void>((done) => ingress.listen(0, '127.0.0.1', done));
  ({ port } = ingress.address() as AddressInfo);
});
afterEach(async () => {
  await new Promise((done) => ingress.close(done));
  rmSync(folder, { recursive: true, force: true });
});

const labels = { app: 'traefik' };
const traefik = {
  cluster: 'home',
  namespace: 'traefik',
  name: 'traefik',
  program: 'traefik' as const,
  podLabels: labels,
  listeners: [],
};
function snapshot(access: readonly SystemAccess[], more: readonly ReturnType<typeof of>[] = []): Snapshot {
  const facts = [...access.map((a) => of('systemAccess', a)), ...more];
  return { estate: makeEstate(facts), root: folder } as unknown as Snapshot;
}

/** One probe, and what the log of the snapshot says of it. */
async function probed(from: Snapshot): Promise<Observation> {
  const probe: Probe = {
    id: 'p',
    from: 'lan',
    why: 'moved',
    attempt: {
      kind: 'http',
      version: 1,
      isPlain: true,
      ip: ip('127.0.0.1'),
      port,
      name: dnsName('a.example.org'),
    },
  };
  const marks = new Map([['p', newMark()]]);
  const start = performance.now();
  const limits = { timeoutMs: () => 2_000, parallel: 1, isOver: () => false, markOf: () => marks.get('p') };
  const found = await runProbes([probe], { at: () => httpProber() }, limits);
  const [seen] = [...(await withClients(found, marks, await clientLogOf(from), start)).values()];
  if (seen === undefined) throw new Error('no observation');
  return seen;
}

describe('a log that sightline.yaml names', () => {
  const named = (read: Readonly<Record<string, string>>) =>
    snapshot([{ system: 'log/traefik', needs: [], read }]);

  it('is read from a file, and from what a command prints', async () => {
    expect(await probed(named({ 'access.log': `file:${log}` }))).toMatchObject({
      outcome: 'works',
      seenAs: '198.51.100.20',
    });
    expect(await probed(named({ 'access.log': `cmd:tail -n 100 ${log}` }))).toMatchObject({
      seenAs: '198.51.100.20',
    });
  });

  it('is waited for where lines come late', async () => {
    lineOf = (path) => {
      setTimeout(() => appendFileSync(log, clf(path)), 600);
      return '';
    };
    expect(await probed(named({ 'access.log': `file:${log}` }))).toMatchObject({ seenAs: '198.51.100.20' });
  });

  it.each<[string, (file: string) => string, (path: string) => string, RegExp]>([
    [
      'a line that drops the query',
      (f) => `file:${f}`,
      () => clf('/'),
      /its line is not in log\/traefik\/access\.log/,
    ],
    [
      'a format that is not known',
      (f) => `file:${f}`,
      (p) => `path=${p}\n`,
      /no client address in a place that is known/,
    ],
    ['a file that is not there', (f) => `file:${f}.gone`, clf, /ENOENT/],
    ['a command that fails', () => 'cmd:exit 3', clf, /ended with 3/],
  ])(
    '%s: not checked, with why',
    async (_, reference, line, why) => {
      lineOf = line;
      const seen = await probed(named({ 'access.log': reference(log) }));
      expect(seen.seenAs).toBeUndefined();
      expect(seen.notSeen).toMatch(why);
    },
    15_000,
  );
});

describe('no log at all', () => {
  it('is not checked, with what to configure, and never counts as passed', async () => {
    const seen = await probed(snapshot([]));
    expect(seen.notSeen).toMatch(/name the log in sightline\.yaml \(systems: id log\/NAME, read\)/);
    const attempt = {
      kind: 'http',
      version: 1,
      isPlain: true,
      ip: ip('192.0.2.1'),
      port: 80,
      name: dnsName('a.b'),
    } as const;
    const judged = compare(
      { id: 'p', from: 'lan', why: 'moved', attempt },
      { predicted: { outcome: 'works', says: '', seenAs: [ip('198.51.100.20')] }, observed: seen },
    );
    expect(judged.client).toEqual({ kind: 'not-checked', says: seen.notSeen });
  });
});

describe('the pods of the ingress', () => {
  let kube: KubernetesStandIn;
  const user = {
    name: 'sightline-read',
    token: 'FAKE-read',
    rules: rulesIn(documents('rbac/read-only.yaml')),
  };
  const pod = (name: string, phase: string, app: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'traefik', labels: { app } },
    spec: { containers: [{ name: 'traefik' }, { name: 'reloader' }] },
    status: { phase },
  });
  const asked: string[] = [];
  beforeEach(async () => {
    asked.length = 0;
    kube = await startKubernetes({
      objects: [
        pod('a', 'Running', 'traefik'),
        pod('old', 'Succeeded', 'traefik'),
        pod('b', 'Running', 'other'),
      ],
      users: [user],
      podLog: ({ name, container }, since) => {
        asked.push(`${name}/${container} ${since !== undefined && since < 60}`);
        return container === 'traefik' ? readFileSync(log, 'utf8') : '';
      },
    });
    writeFileSync(join(folder, 'ca.pem'), kube.ca ?? '');
    process.env.TEST_READ = 'FAKE-read';
  });
  afterEach(() => kube.stop());
  const access = (more: object = {}) =>
    snapshot(
      [
        {
          system: 'cluster/home',
          needs: [],
          url: kube.url,
          ca: 'ca.pem',
          credential: 'env:TEST_READ',
          ...more,
        },
      ],
      [of('ingress', traefik)],
    );

  it('are read with the rights that are shipped for reading', async () => {
    expect(await probed(access())).toMatchObject({ seenAs: '198.51.100.20' });
    expect([...new Set(asked)]).toEqual(['a/traefik true', 'a/reloader true']);
  });

  it('are read with the credential that reads, never with the one that writes', async () => {
    const touched = join(folder, 'touched');
    const both = access({ writeCredential: `cmd:touch ${touched}; echo FAKE-write` });
    expect(await probed(both)).toMatchObject({ seenAs: '198.51.100.20' });
    expect(() => readFileSync(touched)).toThrow(/ENOENT/);
  });

  it('without the right: not checked, with the right that is missing', async () => {
    user.rules = [];
    try {
      const seen = await probed(access());
      expect(seen.notSeen).toMatch(/403.*get on pods\/log/);
      expect(JSON.stringify(seen)).not.toContain('FAKE');
    } finally {
      user.rules = rulesIn(documents('rbac/read-only.yaml'));
    }
  }, 15_000);
});
