/* References in sightline.yaml: who fetches which, and that nothing fetches the one that writes but a run. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubernetesActuator } from '#adapters/kubernetes-api/index.ts';
import { readerOf } from '#estate/estate.ts';
import { startKubernetes } from '#lab/stand-ins/kubernetes.ts';
import type { PlannedChange } from '#plan/change.ts';
import { officeFolder, officePlan } from '#test/apply/office.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { bindTo } from './plan.ts';
import { planText } from './plan-file.ts';
import { buildActuators } from './systems.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'references-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const mark = (name: string) => join(folder, name);
/** A reference that leaves a trace when it is fetched. */
const traced = (name: string) => `cmd:touch ${mark(name)}; echo FAKE-${name}`;

async function officeWith(systems: string): Promise<string> {
  const snapshot = join(folder, 'office');
  cpSync(officeFolder, snapshot, { recursive: true });
  const file = join(snapshot, 'sightline.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}systems:\n${systems}`);
  const plan = await officePlan();
  const read = await loadSnapshot(snapshot);
  writeFileSync(
    mark('plan.json'),
    planText(bindTo(read, { ...plan, snapshot: { ...plan.snapshot, path: snapshot } })),
  );
  return snapshot;
}

describe('commands that read', () => {
  it('fetch no credential that writes, and those of files alone fetch none', async () => {
    const snapshot = await officeWith(
      `  - { id: cluster/office, address: "https://127.0.0.1:1", credential: "${traced('read')}", writeCredential: "${traced('write')}" }
  - { id: dns/x, kind: technitium, address: "https://127.0.0.1:1", credential: "${traced('read')}", writeCredential: "${traced('write')}" }
`,
    );
    const commands = [
      ['check', snapshot, '--fail-on', 'never'],
      ['trace', snapshot, '--from', 'office', '--to', '172.20.4.90'],
      ['who', snapshot, '172.20.4.90'],
      ['plan', snapshot, '--set-policy', 'ingress-nginx/public-controller=Cluster'],
      ['prove', mark('plan.json')],
      ['runs', '--runs', mark('runs')],
      ['verify', mark('plan.json')],
    ];
    for (const command of commands) {
      const done = spawnSync(join(root, 'sightline'), command, { cwd: folder, encoding: 'utf8' });
      expect([command[0], done.stdout + done.stderr]).not.toEqual([command[0], '']);
      expect([command[0], existsSync(mark('write'))]).toEqual([command[0], false]);
      if (command[0] !== 'verify')
        expect([command[0], existsSync(mark('read'))]).toEqual([command[0], false]);
      expect(done.stdout + done.stderr).not.toMatch(/echo FAKE|: FAKE-/);
    }
  }, 120_000);
});

describe('a run', () => {
  it('fetches the credential that writes, once it is needed, and not the other one', async () => {
    const snapshot = await officeWith(
      `  - { id: cluster/office, address: "https://127.0.0.1:1", credential: "${traced('read')}", writeCredential: "${traced('write')}" }\n`,
    );
    const { estate } = await loadSnapshot(snapshot);
    const { actuators } = await buildActuators(readerOf(estate), snapshot);
    expect([existsSync(mark('read')), existsSync(mark('write'))]).toEqual([false, false]);
    expect(await actuators[0]?.preflight(change)).toEqual([expect.stringMatching(/connection is refused/)]);
    expect([existsSync(mark('read')), existsSync(mark('write'))]).toEqual([false, true]);
  });

  it.each<[string, () => string, RegExp | undefined]>([
    ['env:', () => 'env:TEST_REFERENCE', undefined],
    ['file:', () => `file:${mark('token')}`, undefined],
    ['cmd:', () => `cmd:cat ${mark('token')}`, undefined],
    ['a variable that is not set', () => 'env:TEST_REFERENCE_NOT_SET', /TEST_REFERENCE_NOT_SET.*not set/],
    ['a file that is not there', () => `file:${mark('gone')}`, /cannot be read \(ENOENT\)/],
    ['a command that fails', () => 'cmd:echo FAKE-out; exit 4', /ended with 4/],
    ['an empty one', () => 'cmd:true', /it is empty/],
  ])('understands %s', async (_, reference, says) => {
    const kube = await startKubernetes({ objects: [] });
    process.env.TEST_REFERENCE = kube.token;
    writeFileSync(mark('token'), `${kube.token}\n`);
    const ca = kube.ca ?? '';
    const actuator = kubernetesActuator({ cluster: 'office', url: kube.url, credential: reference(), ca });
    const problems = (await actuator.preflight(change)).join();
    if (says === undefined) expect([problems, kube.deeds.length > 0]).toEqual(['', true]);
    else expect(problems).toMatch(says);
    expect(problems).not.toMatch(/: FAKE-out$/);
    await kube.stop();
  });

  it('says which file of an authority cannot be read', async () => {
    const snapshot = await officeWith(
      '  - { id: cluster/office, address: "https://127.0.0.1:1", ca: gone.pem, credential: "env:X" }\n',
    );
    const { estate } = await loadSnapshot(snapshot);
    const { left } = await buildActuators(readerOf(estate), snapshot);
    expect(left).toEqual([
      { system: 'cluster/office', why: 'the authority gone.pem cannot be read (ENOENT)', isFault: true },
    ]);
  });
});

const change: PlannedChange = {
  id: 'policy',
  title: 'Set the policy',
  change: {
    kind: 'set',
    settings: [
      {
        of: 'service',
        id: 'office/ingress-nginx/public-controller',
        before: { externalPolicy: 'cluster' },
        after: { externalPolicy: 'local' },
      },
    ],
  },
  through: { by: 'api', system: 'cluster/office' },
  because: { says: '', serves: '', evidence: [] },
};
