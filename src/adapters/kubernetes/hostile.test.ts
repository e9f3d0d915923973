/* Broken and hostile input: what it costs, what is said, and that no secret gets through. */
import { describe, expect, it } from 'vitest';
import { discover, valuesOf } from '#test/memory-files.ts';
import { kubernetesSource } from './index.ts';

const good = (name: string) => `apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: n}
spec: {ports: [{port: 80}]}
`;
const read = (content: string | Uint8Array, path = 'cluster/home/x.yaml') =>
  discover(kubernetesSource, { [path]: content });
const names = async (content: string) => valuesOf((await read(content)).facts, 'service').map((s) => s.name);
const unreadable = (gaps: readonly { readonly id: string }[]) =>
  gaps.filter((g) => g.id.startsWith('unreadable'));

describe('a broken object costs only itself', () => {
  const broken: readonly { name: string; text: string; what: RegExp }[] = [
    { name: 'YAML that does not parse', text: 'kind: Service\nmetadata: {name: [\n', what: /x\.yaml:\d+: / },
    {
      name: 'two equal keys',
      text: 'kind: Service\nmetadata: {name: a}\nmetadata: {name: b}\n',
      what: /duplicated/,
    },
    { name: 'a tab', text: 'kind: Service\n\tmetadata: x\n', what: /x\.yaml:/ },
    { name: 'no name', text: 'kind: Service\nmetadata: {}\n', what: /metadata\.name|name is not text/ },
    {
      name: 'a name with a terminal escape',
      text: 'kind: Service\nmetadata: {name: "a\\e[31m"}\n',
      what: /a name that|name is not/,
    },
    {
      name: 'a port that is none',
      text: 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 99999}]}\n',
      what: /port is not a port/,
    },
    {
      name: 'a list where an object belongs',
      text: 'kind: Service\nmetadata: {name: a}\nspec: []\n',
      what: /spec is not an object/,
    },
    { name: 'text', text: 'just text\n', what: /is no object/ },
  ];
  it.each(broken)('$name', async ({ text, what }) => {
    const { facts, gaps } = await read(`${good('before')}---\n${text}---\n${good('after')}`);
    expect(valuesOf(facts, 'service').map((s) => s.name)).toEqual(['before', 'after']);
    expect(unreadable(gaps)).toHaveLength(1);
    expect(unreadable(gaps)[0]).toMatchObject({
      what: expect.stringMatching(what),
      evidence: { file: 'cluster/home/x.yaml' },
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is in the gap is what is tested
    expect(JSON.stringify(gaps)).not.toMatch(/[\u0000-\u001f\u007f]/);
  });

  it('also inside a List, and says the line', async () => {
    const items = [good('a'), 'kind: Service\nmetadata: {name: b]\n', good('c')].map(
      (t) => `- ${t.trimEnd().replaceAll('\n', '\n  ')}\n`,
    );
    const { facts, gaps } = await read(`kind: List\nitems:\n${items.join('')}`);
    expect(valuesOf(facts, 'service').map((s) => s.name)).toEqual(['a', 'c']);
    expect(unreadable(gaps)[0]).toMatchObject({ kinds: ['service'], evidence: { line: 8 } });
  });

  it('a JSON List that is cut off keeps what came before', async () => {
    const item =
      '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"n"},"spec":{"ports":[{"port":1}]}}';
    const { facts, gaps } = await read(
      `{"kind":"List","items":[\n${item},\n{"kind":"Service","meta`,
      'cluster/home/x.json',
    );
    expect(valuesOf(facts, 'service').map((s) => s.name)).toEqual(['a']);
    expect(unreadable(gaps)[0]).toMatchObject({ kinds: ['service'], evidence: { line: 3 } });
  });
});

describe('files that are no text', () => {
  const cases: readonly { name: string; bytes: Uint8Array }[] = [
    { name: 'UTF-16', bytes: new Uint8Array([0xff, 0xfe, 0x6b, 0x00, 0x69, 0x00]) },
    { name: 'Latin-1', bytes: new Uint8Array([0x6b, 0x3a, 0x20, 0xe9, 0x0a]) },
  ];
  it.each(cases)('$name is a gap', async ({ bytes }) => {
    const { gaps } = await read(bytes);
    expect(gaps.some((g) => g.id === 'unreadable:cluster/home/x.yaml' && g.kinds.length > 10)).toBe(true);
  });
  it('an empty file is a gap, an empty List is not', async () => {
    expect(unreadable((await read('')).gaps)).toHaveLength(1);
    expect(unreadable((await read('apiVersion: v1\nkind: List\nitems: []\n')).gaps)).toHaveLength(0);
  });
});

describe('bombs', () => {
  it('a billion laughs ends soon and costs only itself', async () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `  a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`,
    );
    const bomb = `apiVersion: x/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  a0: &a0 "10.0.0.1"\n${levels.join('\n')}\n`;
    const started = performance.now();
    expect(await names(`${bomb}---\n${good('after')}`)).toEqual(['after']);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
  it('few aliases that still multiply are cut while they are searched', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `  a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`,
    );
    const bomb = `apiVersion: x/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n  a0: &a0 "10.0.0.1"\n${levels.join('\n')}\n`;
    const { facts, gaps } = await read(bomb);
    expect(valuesOf(facts, 'otherObject')[0]?.leaves.length).toBeLessThanOrEqual(500);
    expect(gaps.some((g) => g.id.startsWith('cut:'))).toBe(true);
  });
  it('deep nesting is refused', async () => {
    const { gaps } = await read(
      `apiVersion: x/v1\nkind: Widget\nmetadata: {name: w}\nspec: ${'['.repeat(5_000)}`,
    );
    expect(unreadable(gaps)).toHaveLength(1);
  });
  it('a prototype is not to be reached by names', async () => {
    const { facts } = await read(
      `${good('a')}---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: n, labels: {__proto__: x, constructor: y}}\nspec: {ports: [{port: 1}]}\n`,
    );
    expect(valuesOf(facts, 'service').map((s) => s.name)).toEqual(['a', 'b']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('secrets', () => {
  const planted = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
  namespace: n
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"x":"PLANTED-0"}'
    example.org/api-token: PLANTED-1
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - name: c
        image: x/y:1.0
        command: [run, --token=PLANTED-2, --password, PLANTED-3, "postgres://user:PLANTED-4@db:5432/x"]
        env:
        - {name: DATABASE_URL, value: "postgresql://u:PLANTED-5@db/x"}
        - {name: API_KEY, value: PLANTED-6}
        - {name: HEADER, value: "Bearer eyJhbGciOiJIUzI1NiJ9.PLANTED7AAAAAAAAAA.PLANTED8AAAAAA"}
        - {name: PLAIN, value: "10.0.0.1"}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: n, labels: {owner: helm, name: r, status: deployed}}
data: {release: UExBTlRFRC05, a: PLANTED-10}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: m, namespace: n}
data:
  password: PLANTED-11
  app.ini: |
    host = 10.0.0.1
    password = PLANTED-12
    api_key: "PLANTED-13"
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: b, namespace: n}
spec: {plugin: {bouncer: {crowdsecLapiKey: PLANTED-14, redisCachePassword: PLANTED-15}}}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: w, namespace: n}
spec: {url: "https://u:PLANTED-16@git.example.org/", token: "PLANTED-17.example.org"}
`;
  it('are in no fact and no gap', async () => {
    const found = await read(planted);
    const text = JSON.stringify(found);
    expect(text.match(/PLANTED[-\w]*|UExBTlRFRC05/g) ?? []).toEqual([]);
    expect(text).toContain('10.0.0.1');
    expect(valuesOf(found.facts, 'workload')).toHaveLength(1);
    expect(valuesOf(found.facts, 'otherObject')).toHaveLength(1);
  });
});
