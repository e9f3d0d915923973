/* HCL edited at one place: what a person would have typed, and nothing else touched. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EditValue } from './edit.ts';
import { unifiedDiff } from './edit-diff.ts';
import { editHcl } from './edit-hcl.ts';

const infra = new URL('../../../examples/home-lab/source/infra/', import.meta.url);
const traefik = readFileSync(new URL('stacks/traefik/main.tf', infra), 'utf8');
const release = 'helm_release.traefik';

/** Lines that differ, without the diff's own. */
async function changed(
  text: string,
  resource: string,
  path: string,
  value: EditValue | undefined,
): Promise<string[]> {
  const edit = await editHcl(text, { resource, path }, value);
  if (!edit.ok) throw new Error(`${edit.line}: ${edit.says}`);
  return unifiedDiff('x', text, edit.text)
    .split('\n')
    .filter((l) => /^[+-](?![+-])/.test(l));
}

async function refusal(text: string, resource: string, path: string, value: EditValue | undefined = 'x') {
  const edit = await editHcl(text, { resource, path }, value);
  return edit.ok ? 'edited' : `${edit.line ?? '-'}: ${edit.says}`;
}

describe('the release of the example', () => {
  it.each<[string, string, EditValue | undefined, string[]]>([
    [
      'the address, in a key that needs quotes',
      'values.service.annotations["metallb.io/loadBalancerIPs"]',
      '10.0.20.203',
      [
        '-        "metallb.io/loadBalancerIPs" = "10.0.20.200"',
        '+        "metallb.io/loadBalancerIPs" = "10.0.20.203"',
      ],
    ],
    [
      'the sharing key goes, with its line',
      'values.service.annotations["metallb.io/allow-shared-ip"]',
      undefined,
      ['-        "metallb.io/allow-shared-ip" = "shared"'],
    ],
    [
      'the policy',
      'values.service.spec.externalTrafficPolicy',
      'Local',
      ['-        externalTrafficPolicy = "Cluster"', '+        externalTrafficPolicy = "Local"'],
    ],
    [
      'a second Service of the chart',
      'values.service.additionalServices.direct',
      {
        type: 'LoadBalancer',
        annotations: { 'metallb.io/loadBalancerIPs': '10.0.20.203' },
        spec: { externalTrafficPolicy: 'Local' },
      },
      [
        '+      additionalServices = {',
        '+        direct = {',
        '+          type = "LoadBalancer"',
        '+          annotations = {',
        '+            "metallb.io/loadBalancerIPs" = "10.0.20.203"',
        '+          }',
        '+          spec = {',
        '+            externalTrafficPolicy = "Local"',
        '+          }',
        '+        }',
        '+      }',
      ],
    ],
    ['a number', 'timeout', 600, ['-  timeout    = 300', '+  timeout    = 600']],
    ['a new attribute under the others', 'wait', true, ['+  wait       = true']],
  ])('%s', async (_, path, value, expected) => {
    expect(await changed(traefik, release, path, value)).toEqual(expected);
  });

  it('pins a chart behind its name', async () => {
    const unpinned = traefik.replace(/ {2}version .*\n/, '');
    expect(await changed(unpinned, release, 'version', '39.0.5')).toEqual(['+  version    = "39.0.5"']);
  });

  it('points at the comment above the line', async () => {
    const edit = await editHcl(
      traefik,
      { resource: release, path: 'values.service.spec.externalTrafficPolicy' },
      'Local',
    );
    expect(edit.ok && edit.remarks).toEqual([
      'line 39: read the comment beside it again: # Every Service on the shared address has to be Cluster',
    ]);
  });

  it('adding and taking away again gives the same bytes', async () => {
    const place = { resource: release, path: 'values.service.additionalServices' };
    const there = await editHcl(traefik, place, { direct: { type: 'LoadBalancer' } });
    if (!there.ok) throw new Error(there.says);
    const back = await editHcl(there.text, place, undefined);
    expect(back.ok && back.text).toBe(traefik);
  });
});

const shapes = `resource "helm_release" "t" {
  name   = "t"
  values = [
    <<-EOT
    # values
    service:
      spec:
        externalTrafficPolicy: Cluster # why
      annotations: {a: "1", "metallb.io/loadBalancerIPs": '10.0.0.1'}
      name: \${var.name}
    EOT
    , file("more.yaml")
  ]
  set {
    name  = "ports.websecure.http3.advertisedPort"
    value = 8443
  }
  set {
    name  = "service.labels.example\\\\.io/x"
    value = "a"
  }
}
resource "helm_release" "three" {
  set = [{ name = "a.b", value = "c" }, { name = "d", value = "e" }]
  values = [yamlencode({ service = { spec = {}, x = 1 }, "y" : "z" })]
}
resource "kubernetes_service" "s" {
  metadata {
    name = "s"
    annotations = {
      "metallb.io/loadBalancerIPs" = var.ip
    }
  }
  spec {
    type                    = "LoadBalancer"
    external_traffic_policy = "Cluster"
  }
}
inputs = { ip = "10.0.0.1" }
`;

describe('other shapes', () => {
  it.each<[string, string, string, EditValue | undefined, string[]]>([
    [
      'a heredoc is edited as YAML',
      'helm_release.t',
      'values.service.spec.externalTrafficPolicy',
      'Local',
      ['-        externalTrafficPolicy: Cluster # why', '+        externalTrafficPolicy: Local # why'],
    ],
    [
      'its quotes stay',
      'helm_release.t',
      'values.service.annotations["metallb.io/loadBalancerIPs"]',
      '10.0.0.2',
      [
        `-      annotations: {a: "1", "metallb.io/loadBalancerIPs": '10.0.0.1'}`,
        `+      annotations: {a: "1", "metallb.io/loadBalancerIPs": '10.0.0.2'}`,
      ],
    ],
    [
      'a heredoc gets a key',
      'helm_release.t',
      'values.service.additionalServices.direct.type',
      'LoadBalancer',
      ['+      additionalServices:', '+        direct:', '+          type: LoadBalancer'],
    ],
    [
      'a set block wins',
      'helm_release.t',
      'values.ports.websecure.http3.advertisedPort',
      443,
      ['-    value = 8443', '+    value = 443'],
    ],
    [
      'a set name with a dot in it',
      'helm_release.t',
      'values.service.labels["example.io/x"]',
      'b',
      ['-    value = "a"', '+    value = "b"'],
    ],
    [
      'a set block goes as a whole',
      'helm_release.t',
      'values.ports.websecure.http3.advertisedPort',
      undefined,
      ['-    name  = "ports.websecure.http3.advertisedPort"', '-    value = 8443', '-  }', '-  set {'],
    ],
    [
      'a list of sets',
      'helm_release.three',
      'values.a.b',
      'x',
      [
        '-  set = [{ name = "a.b", value = "c" }, { name = "d", value = "e" }]',
        '+  set = [{ name = "a.b", value = "x" }, { name = "d", value = "e" }]',
      ],
    ],
    [
      'an element of one line goes with its comma',
      'helm_release.three',
      'values.service.spec',
      undefined,
      [
        '-  values = [yamlencode({ service = { spec = {}, x = 1 }, "y" : "z" })]',
        '+  values = [yamlencode({ service = { x = 1 }, "y" : "z" })]',
      ],
    ],
    [
      'an element of one line is added',
      'helm_release.three',
      'values.service.spec2.a',
      'b',
      [
        '-  values = [yamlencode({ service = { spec = {}, x = 1 }, "y" : "z" })]',
        '+  values = [yamlencode({ service = { spec = {}, x = 1, spec2 = { a = "b" } }, "y" : "z" })]',
      ],
    ],
    [
      'nested blocks',
      'kubernetes_service.s',
      'spec.external_traffic_policy',
      'Local',
      ['-    external_traffic_policy = "Cluster"', '+    external_traffic_policy = "Local"'],
    ],
    [
      'the top of a file',
      '',
      'inputs.ip',
      '10.0.0.2',
      ['-inputs = { ip = "10.0.0.1" }', '+inputs = { ip = "10.0.0.2" }'],
    ],
    [
      'a template is written as text',
      '',
      'inputs.ip',
      `\${evil} "q" \\`,
      ['-inputs = { ip = "10.0.0.1" }', '+inputs = { ip = "$${evil} \\"q\\" \\\\" }'],
    ],
  ])('%s', async (_, resource, path, value, expected) => {
    expect(await changed(shapes, resource, path, value)).toEqual(expected);
  });

  it('keeps line feeds of Windows', async () => {
    const edit = await editHcl(
      traefik.replaceAll('\n', '\r\n'),
      { resource: release, path: 'values.service.additionalServices.d.type' },
      'x',
    );
    expect(edit.ok && /[^\r]\n/.test(edit.text)).toBe(false);
  });
});

describe('refused', () => {
  it.each<[string, string, string, string, string]>([
    [
      'an expression',
      shapes,
      'kubernetes_service.s',
      'metadata.annotations["metallb.io/loadBalancerIPs"]',
      '31: the value is the expression var.ip: change it where it comes from',
    ],
    ['no such resource', shapes, 'helm_release.x', 'values.a', '-: there is no helm_release.x'],
    ['two of them', `${shapes}${shapes}`, 'helm_release.t', 'name', '40: helm_release.t is there 2 times'],
    ['no HCL', 'a = {', '', 'a.b', '1: it does not parse as HCL'],
    ['a key twice', 'a = {\n b = 1\n b = 2\n}\n', '', 'a.b', '3: b is there 2 times'],
    ['no block', shapes, 'kubernetes_service.s', 'status.x', '28: there is no block status to put x into'],
    ['an expression on the way', 'a = var.x\n', '', 'a.b', '1: b is inside the expression var.x'],
    [
      'two values that state it',
      'resource "helm_release" "t" {\n  values = [yamlencode({ a = 1 }), yamlencode({ a = 2 })]\n}\n',
      'helm_release.t',
      'values.a',
      '2: a is stated 2 times',
    ],
  ])('%s', async (_, text, resource, path, says) => {
    expect(await refusal(text, resource, path)).toBe(says);
  });
});

describe('any value', () => {
  const name = fc.stringMatching(/^[a-zA-Z_][\w./-]{0,8}$/);
  const scalar = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0')),
    fc.integer(),
    fc.boolean(),
  );
  const layout = fc.record({
    indent: fc.constantFrom('  ', '    '),
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 6 }),
    isLong: fc.boolean(),
  });

  it('is written and taken away at one place, everything before and behind it untouched', async () => {
    await fc.assert(
      fc.asyncProperty(
        layout,
        fc.nat(),
        name,
        scalar,
        async ({ indent, names, isLong }, pick, added, value) => {
          fc.pre(!names.includes(added));
          const text = objectText(names, indent, isLong);
          const at = names[pick % names.length] ?? '';
          const replaced = await editHcl(text, { path: ['o', at] }, value);
          if (!replaced.ok) throw new Error(`${JSON.stringify(text)} ${replaced.says}`);
          const mark = `= "${at}-value"`;
          expect(replaced.text.startsWith(text.slice(0, text.indexOf(mark)))).toBe(true);
          expect(replaced.text.endsWith(text.slice(text.indexOf(mark) + mark.length))).toBe(true);
          const more = await editHcl(text, { path: ['o', added] }, value);
          if (!more.ok) throw new Error(more.says);
          const less = await editHcl(more.text, { path: ['o', added] }, undefined);
          expect(less.ok && less.text).toBe(text);
        },
      ),
      { numRuns: 150 },
    );
  });
});

function objectText(names: readonly string[], indent: string, isLong: boolean): string {
  const lines = names.map((n) => `"${n}" = "${n}-value"`);
  const body = isLong
    ? `{\n${lines.map((l) => `${indent}${l} # of ${l.length}`).join('\n')}\n}`
    : `{ ${lines.join(', ')} }`;
  return `# head\no = ${body} # tail\nz = 1`;
}
