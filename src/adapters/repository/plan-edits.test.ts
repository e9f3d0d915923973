/* Changes of a plan as edits: what is derived from the objects themselves, and what is left to a person. */
import { describe, expect, it } from 'vitest';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { SetChange } from '#plan/change.ts';
import { safeDiff } from './edit-diff.ts';
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

describe("a second Service of Traefik's chart", () => {
  it('has its type beside the spec until chart 39', async () => {
    expect(await textAfter(set(second('local')), '39.0.5')).toMatch(/lb = \{\s+type {3}= "LoadBalancer"/);
  });
  it('has none there from chart 40', async () => {
    expect(await textAfter(set(second('local')), '40.1.0')).not.toContain('LoadBalancer"\n');
  });
  it('is refused before chart 27', async () => {
    expect(await textAfter(set(second('local')), '26.1.0')).toBe(
      'chart 26 has no additionalServices (27 and later have)',
    );
  });
  it('has its ports exposed by name', async () => {
    expect(await textAfter(set(second('local')), '39.0.5')).toMatch(
      /ports = \{\s+web = \{\s+expose = \{\s+lb = true/,
    );
  });
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
  expect(await fileChangesOf(set(second('local')), reader, async () => undefined)).toEqual({
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
