/* YAML and JSON edited at one place. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { EditValue } from './edit.ts';
import { unifiedDiff } from './edit-diff.ts';
import { editJson, editYaml } from './edit-yaml.ts';

const values = `# chart values
service:
  annotations:
    metallb.io/loadBalancerIPs: "10.0.20.200"   # shared
    metallb.io/allow-shared-ip: 'shared'
  spec:
      externalTrafficPolicy: Cluster
ports: {web: {port: 80}, "websecure": {port: 443}}
oct: 0755
list:
  - name: a
    value: 1
  - name: b
text: |
  10.0.20.200
empty:
last: &x done
again: *x
`;
const manifest = `apiVersion: v1
kind: Service
metadata: {name: a, namespace: n}
spec:
  type: LoadBalancer
---
apiVersion: v1
kind: Service
metadata:
  name: b
  namespace: n
spec:
  type: LoadBalancer
`;

function lines(before: string, after: string): string[] {
  return unifiedDiff('x', before, after)
    .split('\n')
    .filter((l) => /^[+-](?![+-])/.test(l));
}

describe('YAML', () => {
  it.each<[string, string, EditValue | undefined, string[]]>([
    [
      'keeps the quotes and the comment',
      'service.annotations["metallb.io/loadBalancerIPs"]',
      '10.0.20.203',
      [
        '-    metallb.io/loadBalancerIPs: "10.0.20.200"   # shared',
        '+    metallb.io/loadBalancerIPs: "10.0.20.203"   # shared',
      ],
    ],
    [
      'takes a line away',
      'service.annotations["metallb.io/allow-shared-ip"]',
      undefined,
      ["-    metallb.io/allow-shared-ip: 'shared'"],
    ],
    [
      'replaces at an odd indentation',
      'service.spec.externalTrafficPolicy',
      'Local',
      ['-      externalTrafficPolicy: Cluster', '+      externalTrafficPolicy: Local'],
    ],
    [
      'adds maps',
      'service.additionalServices.direct',
      { type: 'LoadBalancer', annotations: { 'metallb.io/loadBalancerIPs': '10.0.20.203' } },
      [
        '+  additionalServices:',
        '+    direct:',
        '+      type: LoadBalancer',
        '+      annotations:',
        '+        metallb.io/loadBalancerIPs: 10.0.20.203',
      ],
    ],
    [
      'the only entry leaves an empty map',
      'service.spec.externalTrafficPolicy',
      undefined,
      ['-  spec:', '-      externalTrafficPolicy: Cluster', '+  spec: {}'],
    ],
    [
      'inside braces',
      'ports.web.port',
      8080,
      [
        '-ports: {web: {port: 80}, "websecure": {port: 443}}',
        '+ports: {web: {port: 8080}, "websecure": {port: 443}}',
      ],
    ],
    [
      'adds inside braces',
      'ports.websecure.http3.advertisedPort',
      443,
      [
        '-ports: {web: {port: 80}, "websecure": {port: 443}}',
        '+ports: {web: {port: 80}, "websecure": {port: 443, http3: { advertisedPort: 443 }}}',
      ],
    ],
    ['fills an empty value', 'empty', 'x', ['-empty:', '+empty: x']],
    ['an element by its position', 'list[1].name', 'c', ['-  - name: b', '+  - name: c']],
    ['an element that alone has it', 'list.value', 2, ['-    value: 1', '+    value: 2']],
    ['a word that YAML would read as something else', 'oct', 'no', ['-oct: 0755', '+oct: "no"']],
  ])('%s', async (_, path, value, expected) => {
    const edit = await editYaml(values, { path }, value);
    if (!edit.ok) throw new Error(edit.says);
    expect(lines(values, edit.text)).toEqual(expected);
  });

  it('finds an object among documents', async () => {
    const edit = await editYaml(
      manifest,
      { resource: 'Service n/b', path: 'spec.externalTrafficPolicy' },
      'Local',
    );
    expect(edit.ok && edit.text).toBe(
      `${manifest}`.replace(/LoadBalancer\n$/, 'LoadBalancer\n  externalTrafficPolicy: Local\n'),
    );
  });

  it.each([
    ['a text of several lines', 'text', '14: the value is a text of several lines'],
    ['an alias', 'again', '18: the value is an alias: change it at its anchor'],
    ['several elements', 'list.name', '11: name is in 2 elements of the list'],
    ['no map', 'oct.a', '9: oct is no map'],
    ['an anchor that others use', 'last', '17: the edit would not change this place alone'],
  ])('refuses %s', async (_, path, says) => {
    const edit = await editYaml(values, { path }, 'x');
    expect(edit.ok ? 'edited' : `${edit.line ?? '-'}: ${edit.says}`).toBe(says);
  });

  it('refuses what does not parse, or is there twice', async () => {
    expect(await editYaml('a: [', { path: 'a' }, 1)).toMatchObject({ ok: false });
    expect(await editYaml('a: 1\na: 2\n', { path: 'a' }, 1)).toMatchObject({ ok: false });
    expect(await editYaml(manifest, { path: 'spec.type' }, 'x')).toMatchObject({ ok: false });
  });
});

describe('JSON', () => {
  const json =
    '{\n  "config": {\n    "ingress": [\n      { "hostname": "a", "service": "x" },\n      { "service": "http_status:404" }\n    ]\n  }\n}\n';
  it.each<[string, EditValue | undefined, string[]]>([
    [
      'config.ingress[0].service',
      'https://t',
      ['-      { "hostname": "a", "service": "x" },', '+      { "hostname": "a", "service": "https://t" },'],
    ],
    [
      'config.ingress[0].hostname',
      undefined,
      ['-      { "hostname": "a", "service": "x" },', '+      { "service": "x" },'],
    ],
    ['config.version', 2, ['-    ]', '+    ],', '+    "version": 2']],
  ])('%s', async (path, value, expected) => {
    const edit = await editJson(json, { path }, value);
    if (!edit.ok) throw new Error(edit.says);
    expect(lines(json, edit.text)).toEqual(expected);
  });
});

describe('any tree', () => {
  const key = fc.oneof(
    fc.stringMatching(/^[a-zA-Z_][\w./-]{0,8}$/),
    fc.string({ minLength: 1, maxLength: 5 }),
  );
  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean());
  const tree = fc.dictionary(key, fc.oneof(scalar, fc.dictionary(key, scalar, { minKeys: 1 })), {
    minKeys: 1,
    maxKeys: 5,
  });

  it('changes in one place, whatever stands around it', async () => {
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(), key, scalar, fc.boolean(), async (value, pick, added, put, isFlow) => {
        const text = `# head\n${stringify(value, { collectionStyle: isFlow ? 'flow' : 'any' })}# tail\n`;
        const names = Object.keys(value);
        const at = names[pick % names.length] ?? '';
        fc.pre(parseAllDocuments(text)[0]?.errors.length === 0);
        const edit = await editYaml(text, { path: [at] }, put);
        if (edit.ok) expect(edit.text.startsWith('# head\n') && edit.text.endsWith('# tail\n')).toBe(true);
        fc.pre(!names.includes(added));
        const more = await editYaml(text, { path: [added] }, put);
        if (!more.ok) throw new Error(`${more.says}: ${text}`);
        const less = await editYaml(more.text, { path: [added] }, undefined);
        expect(less.ok && less.text).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});
