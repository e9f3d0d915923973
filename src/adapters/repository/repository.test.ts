/* Where repositories state things: positions that point at just the value, paths, comments, releases. */
import { describe, expect, it } from 'vitest';
import { discover, valuesOf } from '#test/memory-files.ts';
import { repositorySource } from './index.ts';

const traefik = `# the address is 10.0.20.200
resource "kubernetes_namespace" "traefik" {
  metadata {
    name = "ingress"
  }
}

resource "helm_release" "traefik" {
  name      = "traefik"
  namespace = kubernetes_namespace.traefik.metadata[0].name
  chart     = "traefik"
  version   = "39.0.5"
  atomic    = true

  values = [yamlencode({
    service = {
      annotations = {
        "metallb.io/loadBalancerIPs" = "10.0.20.200" # shared
      }
      spec = { externalTrafficPolicy = "Cluster" }
    }
    name = "x-\${var.suffix}"
  }), <<-EOT
    ports:
      websecure:
        http3:
          advertisedPort: 443
        ip: 10.0.20.201
  EOT
  ]

  set {
    name  = "deployment.replicas"
    value = 3
  }
}
`;

const path = 'source/infra/traefik/main.tf';
const read = (files: Readonly<Record<string, string | Uint8Array>>) =>
  discover(repositorySource, { 'cluster/home/x.yaml': '', ...files });

describe('Terraform', () => {
  it('states settings under the paths that the chart knows, with offsets of just the value', async () => {
    const { facts } = await read({ [path]: traefik });
    const settings = valuesOf(facts, 'statedSetting').filter((s) => s.resource === 'helm_release.traefik');
    expect(settings.map((s) => [s.path, s.value, s.line])).toEqual([
      ['name', 'traefik', 9],
      ['namespace', 'kubernetes_namespace.traefik.metadata[0].name', 10],
      ['chart', 'traefik', 11],
      ['version', '39.0.5', 12],
      ['atomic', 'true', 13],
      ['values.service.annotations["metallb.io/loadBalancerIPs"]', '10.0.20.200', 18],
      ['values.service.spec.externalTrafficPolicy', 'Cluster', 20],
      ['values.name', `x-\${var.suffix}`, 22],
      ['values.ports.websecure.http3.advertisedPort', '443', 27],
      ['values.ports.websecure.ip', '10.0.20.201', 28],
      ['values.deployment.replicas', '3', 34],
    ]);
    for (const s of settings) expect(traefik.slice(s.start, s.end)).toBe(s.value);
  });

  it('finds addresses in comments, values and heredocs', async () => {
    const { facts } = await read({ [path]: traefik });
    expect(valuesOf(facts, 'mention').map((m) => [m.line, m.ip, m.syntax, m.path])).toEqual([
      [1, '10.0.20.200', 'comment', undefined],
      [
        18,
        '10.0.20.200',
        'hcl',
        'helm_release.traefik.values.service.annotations["metallb.io/loadBalancerIPs"]',
      ],
      [28, '10.0.20.201', 'hcl', 'helm_release.traefik.values.ports.websecure.ip'],
    ]);
  });

  const releases: readonly { name: string; lines: string; expected: object | undefined }[] = [
    {
      name: 'pinned',
      lines: 'version = "1.2.3"',
      expected: { chartVersion: '1.2.3', waits: true, atomic: false },
    },
    { name: 'not pinned', lines: '', expected: { waits: true, atomic: false } },
    { name: 'not waiting', lines: 'wait = false', expected: { waits: false } },
    { name: 'atomic waits', lines: 'wait = false\natomic = true', expected: { waits: true, atomic: true } },
    { name: 'by variable', lines: 'wait = var.wait', expected: { waits: undefined } },
    { name: 'a namespace from elsewhere', lines: 'namespace = module.x.name', expected: undefined },
  ];
  it.each(releases)('release: $name', async ({ lines, expected }) => {
    const text = `resource "helm_release" "a" {\nname = "a"\nchart = "c"\n${lines}\n}\n`;
    const { facts, gaps } = await read({ [path]: text });
    const [release] = valuesOf(facts, 'helmRelease');
    if (expected === undefined) expect([release, gaps[0]?.kinds]).toEqual([undefined, ['helmRelease']]);
    else expect(release).toMatchObject({ cluster: 'home', name: 'a', repository: 'infra', ...expected });
    if (!lines.includes('version')) expect(release?.chartVersion).toBeUndefined();
  });

  it('takes the namespace from the resource that the release names', async () => {
    const { facts } = await read({ [path]: traefik });
    expect(valuesOf(facts, 'helmRelease')[0]).toMatchObject({
      namespace: 'ingress',
      chartVersion: '39.0.5',
      atomic: true,
    });
  });

  it('says what does not parse, and still finds addresses', async () => {
    const { facts, gaps } = await read({ [path]: 'a = {\n b = = "10.0.0.1"\n' });
    expect(valuesOf(facts, 'mention').map((m) => m.ip)).toEqual(['10.0.0.1']);
    expect(gaps[0]).toMatchObject({ kinds: ['statedSetting', 'helmRelease'], evidence: { file: path } });
  });
});

describe('YAML, Markdown and the rest', () => {
  it('states the settings of Kubernetes objects and of chart values', async () => {
    const { facts } = await read({
      'source/flux/a.yaml':
        'kind: Service\nmetadata: {name: t, namespace: n}\nspec: {loadBalancerIP: 10.0.20.200}\n',
      'source/flux/traefik/values.yaml': 'service:\n  ip: "10.0.20.201" # old\n',
      'source/flux/other.yaml': 'x: 10.0.20.202\n',
    });
    const stated = valuesOf(facts, 'statedSetting').map((s) => [s.resource, s.path, s.value]);
    expect(stated).toContainEqual(['Service n/t', 'spec.loadBalancerIP', '10.0.20.200']);
    expect(stated).toContainEqual(['traefik/values.yaml', 'service.ip', '10.0.20.201']);
    expect(stated.some(([resource]) => resource === 'other.yaml')).toBe(false);
    expect(valuesOf(facts, 'mention').map((m) => m.path)).toEqual([
      'Service n/t.spec.loadBalancerIP',
      'other.yaml.x',
      'traefik/values.yaml.service.ip',
    ]);
  });

  const mentions: readonly { text: string; found: readonly string[] }[] = [
    { text: 'at 10.0.20.200.', found: ['10.0.20.200'] },
    { text: '10.0.20.200:443, [2001:db8::1]:443', found: ['10.0.20.200', '2001:db8::1'] },
    { text: 'https://10.0.20.200/x', found: ['10.0.20.200'] },
    { text: '10.0.20.0/22 and 10.0.20.200-10.0.20.220', found: ['10.0.20.0', '10.0.20.200', '10.0.20.220'] },
    { text: 'version 1.2.3.4.5, v1.2.3.4, 010.0.0.1, 300.1.1.1', found: [] },
    { text: 'std::string 12:30:45', found: [] },
    { text: 'http://traefik.traefik.svc.cluster.local:80', found: ['traefik.traefik.svc.cluster.local'] },
  ];
  it.each(mentions)('$text', async ({ text, found }) => {
    const { facts } = await read({ 'source/infra/README.md': text });
    const places = valuesOf(facts, 'mention');
    expect(places.map((m) => m.text)).toEqual(found);
    for (const m of places) expect(text.slice(m.start, m.end)).toBe(m.text);
  });

  it('hides secrets in settings', async () => {
    const { facts } = await read({
      'source/infra/s.yaml': 'kind: Secret\nmetadata: {name: s}\nstringData: {a: PLANTED}\n',
      'source/infra/s.tf': 'resource "kubernetes_secret" "s" {\n data = { a = "PLANTED" }\n}\n',
      'source/infra/x.tf': 'locals {\n db_password = "PLANTED"\n url = "pg://u:PLANTED@10.0.0.1"\n}\n',
    });
    expect(JSON.stringify(facts)).not.toContain('PLANTED');
  });

  it('a file that is no text is a gap, and an image is none', async () => {
    const { gaps } = await read({ 'source/infra/x.txt': new Uint8Array([0xff, 0xfe, 0x00]) });
    expect(gaps.map((g) => g.id)).toEqual(['unreadable:source/infra/x.txt']);
    expect(repositorySource.matches('source/infra/logo.png')).toBe(false);
  });
});
