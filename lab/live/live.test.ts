/*
 * The lab's people and programs do what is written, and refuse what they cannot: an operator at a firewall's screens, a
 * firewall that refuses, terragrunt over a checkout, what counts as being as before.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memoryFile } from '#adapters/memory-files.ts';
import { pfsense } from '#adapters/pfsense/index.ts';
import { type KubernetesStandIn, startKubernetes } from '../stand-ins/kubernetes.ts';
import { snapshotObjects } from '../stand-ins/snapshot-objects.ts';
import { LiveFirewall } from './firewall.ts';
import { LabFlux } from './flux.ts';
import type { NativeFiles } from './follower.ts';
import { LabOperator } from './operator.ts';
import { differences } from './state.ts';
import { LabTerraform } from './terraform.ts';

const example = join(import.meta.dirname, '../../examples/home-lab');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-live-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const readFacts = async (files: NativeFiles) => {
  const open = Object.entries(files).map(([path, text]) => memoryFile(path, text));
  return (await pfsense.discover(open)).facts;
};

describe('the operator at a firewall', () => {
  const before = readFileSync(join(example, 'firewall/pfsense/config.xml'), 'utf8');
  let applied: number;
  let firewall: LiveFirewall;
  let operator: LabOperator;
  beforeEach(() => {
    applied = 0;
    firewall = new LiveFirewall('pfsense', before, readFacts, () => {
      applied += 1;
    });
    operator = new LabOperator([firewall]);
  });
  const follow = (...steps: string[]) =>
    operator.follow('pfsense', steps.map((s, i) => `${i + 1}. ${s}`).join('\n'), folder);
  const add = [
    '**Firewall** > **Aliases** > **IP** > **Add**',
    'Name: `traefik_lb`',
    'Description: `the ingress`',
    'Type: **Host(s)**',
    'IP or FQDN: `10.0.20.203`',
    '**Save**',
  ];
  const point = (to: string, from: string) => [
    '**Firewall** > **NAT** > **Port Forward** > the pencil of `WAN` `TCP 443` `HTTPS to the ingress` (rule 1 from the top)',
    `Redirect target IP: type **Address or Alias**, \`${to}\` instead of \`${from}\`. Change nothing else`,
    '**Save** (do not apply yet)',
    `**Firewall** > **Rules** > **WAN**: \`NAT HTTPS to the ingress\` now shows destination \`${to}\` (it follows)`,
  ];
  const apply = '**Apply Changes** at the top of the page';

  it('goes there and back, byte for byte, with the rule that follows its forward', async () => {
    expect(await follow(...add, ...point('traefik_lb', 'nginx'), apply)).toEqual({ kind: 'done', steps: 11 });
    const after = readFileSync(join(folder, 'config.xml'), 'utf8');
    expect(after).toBe(firewall.config);
    expect(after.split('<target>traefik_lb</target>')).toHaveLength(2);
    expect(after.split('<address>traefik_lb</address>')).toHaveLength(2);
    const bin =
      '**Firewall** > **Aliases** > **IP** > the bin beside `traefik_lb` > **OK**. Refused as *in use*';
    expect(await follow(...point('nginx', 'traefik_lb'), bin, apply)).toMatchObject({ kind: 'done' });
    expect(firewall.config).toBe(before);
    expect(applied).toBe(2);
  });

  it.each<[string, string[], RegExp]>([
    ['without Apply Changes nothing counts', add, /^$/],
    ['a step that nobody understands', ['Turn it off and on again'], /does not understand: Turn it off/],
    ['a form without Save', add.slice(0, -1), /nothing says Save/],
    [
      'a forward that points elsewhere by now',
      [...point('traefik_lb', 'somebody'), apply],
      /holds "nginx", not "somebody"/,
    ],
    ['an alias that is there', [...add, ...add, apply], /is there already/],
    [
      'an alias in use',
      ['**Firewall** > **Aliases** > **IP** > the bin beside `nginx` > **OK**', apply],
      /nginx is in use/,
    ],
    [
      'a rule that does not follow',
      [
        '**Firewall** > **Rules** > **WAN**: `NAT HTTPS to the ingress` now shows destination `other` (it follows)',
        apply,
      ],
      /shows nginx, not other/,
    ],
  ])('%s: the firewall stays as it was', async (_, steps, says) => {
    const deed = await follow(...steps);
    expect(deed.kind === 'stopped' ? deed.says : '').toMatch(says);
    expect(firewall.config).toBe(before);
    expect(applied).toBe(0);
  });
});

describe('terragrunt in the lab', () => {
  let kube: KubernetesStandIn;
  let terraform: LabTerraform;
  const files = ['stacks/traefik/main.tf', 'stacks/traefik/middlewares.tf'];
  beforeEach(async () => {
    cpSync(join(example, 'source/infra'), folder, { recursive: true });
    kube = await startKubernetes({ objects: snapshotObjects(example, 'home'), tls: false });
    terraform = new LabTerraform(folder, files, kube);
  });
  afterEach(() => kube.stop());
  const stack = () => join(folder, 'stacks/traefik');
  const plan = () => terraform.run(stack(), ['plan', '-detailed-exitcode']);
  const apply = () => terraform.run(stack(), ['apply', '-auto-approve']);
  const edit = (file: string, from: string, to: string) => {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(from);
    writeFileSync(path, text.replace(from, to));
  };
  const service = (name = 'traefik') => kube.get({ kind: 'Service', namespace: 'traefik', name });

  it('has nothing to do at the start, and after an apply', async () => {
    expect((await plan()).code).toBe(0);
    edit(files[0] ?? '', 'externalTrafficPolicy = "Cluster"', 'externalTrafficPolicy = "Local"');
    expect((await plan()).code).toBe(2);
    expect((await apply()).code).toBe(0);
    expect((await plan()).code).toBe(0);
    expect(service()).toMatchObject({ spec: { externalTrafficPolicy: 'Local', type: 'LoadBalancer' } });
  });

  it('makes the Service that a chart makes itself, with both protocols on one port, and takes it away', async () => {
    const more =
      '      additionalServices = {\n        lb = {\n          type = "LoadBalancer"\n          single = true\n          annotations = { "metallb.io/loadBalancerIPs" = "10.0.20.203" }\n        }\n      }\n';
    edit(files[0] ?? '', '      spec = {\n        # Every', `${more}      spec = {\n        # Every`);
    edit(files[0] ?? '', '        http3 = {\n', '        expose = { lb = true }\n        http3 = {\n');
    expect((await apply()).code).toBe(0);
    expect(service('traefik-lb')).toMatchObject({
      spec: {
        ports: [
          { port: 443, protocol: 'TCP' },
          { port: 443, protocol: 'UDP' },
        ],
      },
    });
    edit(files[0] ?? '', more, '');
    edit(files[0] ?? '', '        expose = { lb = true }\n', '');
    expect((await apply()).code).toBe(0);
    expect(service('traefik-lb')).toBeUndefined();
  });

  it.each([
    [
      'a value that the lab cannot render',
      'replicas = 3',
      'replicas = 4',
      /the lab cannot apply helm_release\.traefik/,
    ],
    ['HCL that does not parse', 'deployment = {', 'deployment = [', /does not parse/],
  ])('refuses %s, and writes nothing', async (_, from, to, says) => {
    const before = JSON.stringify(kube.objects());
    edit(files[0] ?? '', from, to);
    const end = await apply();
    expect(end.code).toBe(1);
    expect(end.output).toMatch(says);
    expect(JSON.stringify(kube.objects())).toBe(before);
  });

  it('asks for an approval that nobody can give, and knows its own stacks only', async () => {
    expect((await terraform.run(stack(), ['apply'])).code).toBe(1);
    expect((await terraform.run(folder, ['plan'])).code).toBe(1);
  });
});

describe('a GitOps controller in the lab', () => {
  const office = join(example, '../nginx-office');
  const named = (name: string) => ({ kind: 'Service', namespace: 'ingress-nginx', name });
  let kube: KubernetesStandIn;
  let flux: LabFlux;
  beforeEach(async () => {
    cpSync(join(office, 'source/flux'), folder, { recursive: true });
    kube = await startKubernetes({ objects: snapshotObjects(office, 'office'), tls: false });
    flux = new LabFlux(folder, kube);
  });
  afterEach(async () => {
    flux.stop();
    await kube.stop();
  });

  it('applies a manifest that is new, and takes it away again', () => {
    const file = join(folder, 'ingress-nginx/second.yaml');
    const ports = '  ports: [{ name: https, port: 443, targetPort: https }]\n';
    writeFileSync(
      file,
      `apiVersion: v1\nkind: Service\nmetadata: { name: second, namespace: ingress-nginx }\nspec:\n${ports}`,
    );
    flux.look();
    expect(kube.get(named('second'))).toMatchObject({ spec: { type: 'ClusterIP' } });
    rmSync(file);
    flux.look();
    expect(kube.get(named('second'))).toBeUndefined();
  });

  it('renders the Service of a release, and only what its values changed', () => {
    const file = join(folder, 'ingress-nginx/public.yaml');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('externalTrafficPolicy: Local', 'type: ClusterIP'));
    flux.look();
    expect(kube.get(named('public-controller'))).toMatchObject({ spec: { type: 'ClusterIP' } });
    writeFileSync(file, text);
    flux.look();
    expect(kube.get(named('public-controller'))).toMatchObject({
      metadata: { annotations: { 'metallb.io/address-pool': 'dmz' } },
      spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
    });
  });
});

describe('differences', () => {
  it('names what is gone, what is new and what is another', () => {
    const before = new Map([
      ['a', '1'],
      ['b', '1'],
      ['c', '1'],
    ]);
    const after = new Map([
      ['a', '1'],
      ['b', '2'],
      ['d', '1'],
    ]);
    expect(differences(before, after)).toEqual(['b is another', 'c is gone', 'd was not there']);
    expect(differences(before, before)).toEqual([]);
  });
});
