/*
 * However a file is written (line feeds of Windows, no line feed at its end, a mark before it, comments, blanks at the ends of
 * lines), an edit makes the same change in it and leaves every other byte alone: writing it otherwise and editing it commute.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Edit, EditValue } from './edit.ts';
import { editHcl } from './edit-hcl.ts';
import { addLineAfter, editLine } from './edit-markdown.ts';
import { editYaml } from './edit-yaml.ts';

const infra = new URL('../../../examples/home-lab/source/infra/', import.meta.url);
const traefik = readFileSync(new URL('stacks/traefik/main.tf', infra), 'utf8');
const networking = readFileSync(new URL('docs/architecture/networking.md', infra), 'utf8');
const heredoc = `# 10.0.20.200 in a comment
locals { note = "10.0.20.200" }
resource "helm_release" "a" {
  name = "a" // 10.0.20.200
  description = <<-EOT
    service.spec.loadBalancerIP = "10.0.20.200"
  EOT
  values = [yamlencode({
    /* service = { spec = { loadBalancerIP = "10.0.20.200" } } */
    service = { spec = { loadBalancerIP = "10.0.20.200" } }
    ports = { web = {} }
  })]
}
resource "helm_release" "b" {
  values = [yamlencode({ service = { spec = { loadBalancerIP = "10.0.20.200" } } })]
}
`;
const values = `# chart values: 10.0.20.200
service:
  annotations:
    metallb.io/loadBalancerIPs: "10.0.20.200"   # 10.0.20.200
  spec:
      externalTrafficPolicy: Cluster
note: |
  service:
    spec:
      externalTrafficPolicy: Cluster
other:
  spec: { externalTrafficPolicy: Cluster }
last: 10.0.20.200
`;
const objects = `apiVersion: v1
kind: Service
metadata: { name: a, namespace: n }
spec: { type: LoadBalancer, externalTrafficPolicy: Cluster }
---
apiVersion: v1
kind: Service
metadata: { name: b, namespace: n }
spec: { type: LoadBalancer, externalTrafficPolicy: Cluster }
`;

type Editor = (text: string) => Promise<Edit>;
const hcl =
  (resource: string, path: string, value: EditValue | undefined): Editor =>
  (text) =>
    editHcl(text, { resource, path }, value);
const yaml =
  (path: string, value: EditValue | undefined): Editor =>
  (text) =>
    editYaml(text, { path }, value);

const cases: readonly (readonly [string, string, Editor, readonly string[]])[] = [
  [
    'HCL: a value in yamlencode',
    traefik,
    hcl('helm_release.traefik', 'values.service.annotations["metallb.io/loadBalancerIPs"]', '10.0.20.203'),
    ['"metallb.io/loadBalancerIPs" = "10.0.20.203"'],
  ],
  [
    'HCL: a new key in yamlencode',
    traefik,
    hcl('helm_release.traefik', 'values.service.additionalServices.lb.type', 'LoadBalancer'),
    ['additionalServices', 'LoadBalancer'],
  ],
  [
    'HCL: a key that goes',
    traefik,
    hcl('helm_release.traefik', 'values.service.annotations["metallb.io/allow-shared-ip"]', undefined),
    [],
  ],
  [
    'HCL: one of several places that look alike',
    heredoc,
    hcl('helm_release.a', 'values.service.spec.loadBalancerIP', '10.0.20.203'),
    ['    service = { spec = { loadBalancerIP = "10.0.20.203" } }'],
  ],
  [
    'values: a value with a comment behind it',
    values,
    yaml('service.annotations["metallb.io/loadBalancerIPs"]', '10.0.20.203'),
    ['    metallb.io/loadBalancerIPs: "10.0.20.203"   # 10.0.20.200'],
  ],
  [
    'values: one of several places that look alike',
    values,
    yaml('service.spec.externalTrafficPolicy', 'Local'),
    ['      externalTrafficPolicy: Local'],
  ],
  [
    'values: new keys',
    values,
    yaml('service.additionalServices.lb', { type: 'LoadBalancer', spec: { externalTrafficPolicy: 'Local' } }),
    ['additionalServices:', 'lb:', 'type: LoadBalancer', 'externalTrafficPolicy: Local'],
  ],
  ['values: the last line', values, yaml('last', '10.0.20.203'), ['last: 10.0.20.203']],
  ['values: a key that goes', values, yaml('service.spec', undefined), []],
  [
    'objects: one of several documents',
    objects,
    (text) => editYaml(text, { resource: 'Service n/b', path: 'spec.externalTrafficPolicy' }, 'Local'),
    ['spec: { type: LoadBalancer, externalTrafficPolicy: Local }'],
  ],
  [
    'Markdown: a line',
    networking,
    (text) => editLine(text, 21, '10.0.20.200', '10.0.20.203'),
    ['- Inside: Technitium answers `viktorbarzin.me` with 10.0.20.203.'],
  ],
  ['Markdown: a new line', networking, (text) => addLineAfter(text, 21, '- new'), ['- new']],
];

const forms: readonly (readonly [string, (text: string) => string])[] = [
  ['as it is', (t) => t],
  ['with line feeds of Windows', (t) => t.replaceAll('\n', '\r\n')],
  ['without a line feed at its end', (t) => t.replace(/\n$/, '')],
  ['with line feeds of Windows and none at its end', (t) => t.replace(/\n$/, '').replaceAll('\n', '\r\n')],
  ['with two at its end', (t) => `${t}\n`],
];

describe.each(cases)('%s', (_, text, edit, added) => {
  it.each(forms)('%s', async (__, form) => {
    const plain = await edit(text);
    if (!plain.ok) throw new Error(plain.says);
    const written = await edit(form(text));
    expect(written.ok ? written.text : written.says).toBe(form(plain.text));
  });

  it('changes what it is to change, and nothing else', async () => {
    const done = await edit(text);
    if (!done.ok) throw new Error(done.says);
    const [before, after] = [text.split('\n'), done.text.split('\n')];
    let [from, to] = [0, 0];
    while (before[from] === after[from] && from < before.length) from += 1;
    while (before.at(-1 - to) === after.at(-1 - to) && to < before.length - from) to += 1;
    const fresh = after.slice(from, after.length - to);
    expect(fresh.length).toBeLessThanOrEqual(Math.max(added.length + 4, 1));
    for (const [i, line] of added.entries())
      expect([i, fresh.some((l) => l.includes(line.trim()))]).toEqual([i, true]);
    expect(before.slice(from, before.length - to).length).toBeLessThanOrEqual(3);
  });
});
