/* Whole snapshot folders on disk: what is missing, unlisted, refused, laid over another, or said twice. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import { loadSnapshot } from './load-snapshot.ts';

const made: string[] = [];
afterEach(async () => {
  for (const d of made.splice(0)) await rm(d, { recursive: true, force: true });
});

async function folder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'sightline-test-'));
  made.push(root);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

const service = (name: string, type = 'ClusterIP') =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: n}\nspec: {type: ${type}, ports: [{port: 80}]}\n`;
const manifest = (...files: readonly (readonly [path: string, ...holds: string[]])[]) =>
  JSON.stringify({ format: 1, files: files.map(([path, ...holds]) => ({ path, holds })) });
const path = 'cluster/home/services.yaml';
const ids = async (root: string) => (await loadSnapshot(root)).estate.gaps.map((g) => g.id);

describe('completeness', () => {
  it('a listed file that is there closes the gap of its kind, and only of its kind', async () => {
    const { estate } = await loadSnapshot(
      await folder({ 'snapshot.json': manifest([path, 'Service']), [path]: service('a') }),
    );
    const reader = readerOf(estate);
    expect(reader.all('service')).toHaveLength(1);
    expect(reader.gap('service', 'cluster/home')).toBeUndefined();
    expect(reader.gap('endpointSlice', 'cluster/home')?.id).toBe('not-collected:cluster/home/EndpointSlice');
    expect(reader.gap('alias')?.id).toBe('not-collected:firewall');
  });
  it('a listed file that is missing is a gap that names it', async () => {
    const { estate } = await loadSnapshot(await folder({ 'snapshot.json': manifest([path, 'Service']) }));
    expect(readerOf(estate).gap('service', 'cluster/home')).toMatchObject({
      id: `missing:${path}`,
      what: `${path} is listed in snapshot.json but not there`,
    });
  });
  it('a file that is not listed is read, and its kinds stay open', async () => {
    const root = await folder({ 'snapshot.json': manifest(), [path]: service('a') });
    const { estate } = await loadSnapshot(root);
    expect(readerOf(estate).all('service')).toHaveLength(1);
    expect(await ids(root)).toEqual(
      expect.arrayContaining([`unlisted:${path}`, 'not-collected:cluster/home/Service']),
    );
  });
  it('a file that was collected in part is read, and its kinds stay open', async () => {
    const files = [{ path, holds: ['Service'], complete: false }];
    const root = await folder({
      'snapshot.json': JSON.stringify({ format: 1, files }),
      [path]: service('a'),
    });
    expect(readerOf((await loadSnapshot(root)).estate).gap('service', 'cluster/home')?.id).toBe(
      `partial:${path}`,
    );
  });
  it('what is said to be absent is no gap', async () => {
    const absent = ['tunnel', 'cluster/home/HTTPRoute', 'IPAddressPool'];
    const files = [{ path, holds: ['Service'] }];
    const found = await ids(
      await folder({ 'snapshot.json': JSON.stringify({ format: 1, absent, files }), [path]: service('a') }),
    );
    for (const id of [
      'not-collected:tunnel',
      'not-collected:cluster/home/HTTPRoute',
      'not-collected:cluster/home/IPAddressPool',
    ])
      expect(found).not.toContain(id);
    expect(found).toContain('not-collected:crowdsec');
  });
  it('words that mean nothing are said', async () => {
    expect(
      await ids(await folder({ 'snapshot.json': manifest(['dns/x/a.zone', 'Zoen:example.org']) })),
    ).toContain('unknown-word:dns/x/a.zone:Zoen:example.org');
  });
});

describe('folders that are no snapshot', () => {
  const cases: readonly {
    name: string;
    files: Readonly<Record<string, string>>;
    code: string;
    message: RegExp;
  }[] = [
    { name: 'without snapshot.json', files: {}, code: 'no-snapshot', message: /has no snapshot\.json/ },
    {
      name: 'not JSON',
      files: { 'snapshot.json': '{' },
      code: 'bad-snapshot',
      message: /snapshot\.json is not JSON/,
    },
    {
      name: 'another format',
      files: { 'snapshot.json': '{"format":2}' },
      code: 'bad-snapshot',
      message: /format/,
    },
    {
      name: 'an unknown key',
      files: { 'snapshot.json': '{"format":1,"file":[]}' },
      code: 'bad-snapshot',
      message: /file/,
    },
    {
      name: 'a variant of itself',
      files: { 'variant.json': '{"base":"."}' },
      code: 'bad-snapshot',
      message: /loop/,
    },
  ];
  it.each(cases)('$name', async ({ files, code, message }) => {
    const error = await loadSnapshot(await folder(files)).catch((e: SightlineError) => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), hint: expect.any(String) });
  });
  it('not there', async () => {
    await expect(loadSnapshot(join(tmpdir(), 'sightline-none'))).rejects.toMatchObject({
      code: 'no-snapshot',
    });
  });
});

describe('what leaves the snapshot', () => {
  it('is not read: links and paths', async () => {
    const outside = await folder({ 'secret.yaml': service('outside') });
    const root = await folder({
      'snapshot.json': manifest([path, 'Service'], ['../secret.yaml', 'Service']),
    });
    await mkdir(join(root, 'cluster/home'), { recursive: true });
    await symlink(join(outside, 'secret.yaml'), join(root, path));
    await symlink(outside, join(root, 'cluster/home/all'));
    const { estate, files } = await loadSnapshot(root);
    expect(readerOf(estate).all('service')).toEqual([]);
    expect(files).toEqual([]);
    expect(estate.gaps.map((g) => g.id)).toEqual(
      expect.arrayContaining([
        `refused:${path}`,
        'refused:cluster/home/all',
        'refused:../secret.yaml',
        `missing:${path}`,
      ]),
    );
  });
  it('a link inside is followed', async () => {
    const root = await folder({
      'snapshot.json': manifest([path, 'Service']),
      'cluster/home/real.txt': service('a'),
    });
    await symlink('real.txt', join(root, path));
    expect(readerOf((await loadSnapshot(root)).estate).all('service')).toHaveLength(1);
  });
});

describe('large and strange files', () => {
  it('a file above the limit is a gap', async () => {
    const root = await folder({ 'snapshot.json': manifest([path, 'Service']), [path]: service('a') });
    const { estate } = await loadSnapshot(root, { maxBytes: 10 });
    expect(readerOf(estate).gap('service', 'cluster/home')?.what).toMatch(/more than 10/);
  });
  it('50 MB of nothing much take no more than seconds', async () => {
    const comment = `# ${'x'.repeat(1022)}\n`.repeat(50_000);
    const root = await folder({
      'snapshot.json': manifest([path, 'Service']),
      [path]: `${comment}${service('a')}`,
    });
    const started = performance.now();
    const { estate } = await loadSnapshot(root);
    expect(readerOf(estate).all('service')).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
  it('UTF-16 is named as such', async () => {
    const root = await folder({
      'snapshot.json': manifest([path, 'Service']),
      [path]: Buffer.from('\ufeffkind: A', 'utf16le'),
    });
    expect(readerOf((await loadSnapshot(root)).estate).gap('service')?.what).toMatch(/UTF-16/);
  });
});

describe('the same object twice', () => {
  const other = 'cluster/home/more.yaml';
  const list = manifest([path, 'Service'], [other, 'Service']);
  it('and equal is fine', async () => {
    const found = await ids(
      await folder({ 'snapshot.json': list, [path]: service('a'), [other]: service('a') }),
    );
    expect(found.filter((id) => id.startsWith('contradiction'))).toEqual([]);
  });
  it('and different is a gap with both places', async () => {
    const root = await folder({
      'snapshot.json': list,
      [path]: service('a'),
      [other]: service('a', 'NodePort'),
    });
    const { estate } = await loadSnapshot(root);
    expect(readerOf(estate).gap('service', 'cluster/home')?.what).toBe(
      `${other}:1 and ${path}:1 disagree on service:home/n/a: type`,
    );
  });
});

describe('a variant', () => {
  it('replaces, adds and removes', async () => {
    const base = await folder({
      'snapshot.json': manifest(
        [path, 'Service'],
        ['cluster/home/ns.yaml', 'Namespace'],
        ['cluster/home/n.yaml', 'Node'],
      ),
      [path]: service('old'),
      'cluster/home/ns.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n',
      'cluster/home/n.yaml': 'apiVersion: v1\nkind: Node\nmetadata: {name: a}\n',
    });
    const root = await folder({
      'variant.json': JSON.stringify({ base, description: 'other', remove: ['cluster/home/ns.yaml'] }),
      [path]: service('new'),
    });
    const { estate, description, files } = await loadSnapshot(root);
    const reader = readerOf(estate);
    expect(description).toBe('other');
    expect(reader.all('service').map((s) => s.value.name)).toEqual(['new']);
    expect(reader.all('node')).toHaveLength(1);
    expect(reader.all('namespace')).toEqual([]);
    expect(reader.gap('namespace', 'cluster/home')?.id).toBe('not-collected:cluster/home/Namespace');
    expect(reader.gap('service', 'cluster/home')).toBeUndefined();
    expect(files.map((f) => f.path)).toEqual(['cluster/home/n.yaml', path]);
  });
});

describe('fingerprints', () => {
  it('follow values, not places', async () => {
    const one = await loadSnapshot(
      await folder({ 'snapshot.json': manifest([path, 'Service']), [path]: service('a') }),
    );
    const moved = await loadSnapshot(
      await folder({ 'snapshot.json': manifest([path, 'Service']), [path]: `# first\n---\n${service('a')}` }),
    );
    const changed = await loadSnapshot(
      await folder({ 'snapshot.json': manifest([path, 'Service']), [path]: service('a', 'NodePort') }),
    );
    const of = (s: typeof one) => s.fingerprint.objects.get('service:home/n/a');
    expect(of(one)).toBe(of(moved));
    expect(of(one)).not.toBe(of(changed));
    expect(one.fingerprint.snapshot).not.toBe(moved.fingerprint.snapshot);
  });
});

describe('the example', () => {
  const example = 'examples/home-lab';

  it('is read without a gap that nobody meant', async () => {
    const { estate } = await loadSnapshot(example);
    expect(estate.gaps.map((g) => g.id).filter((id) => !/^(documents|unmanaged)\//.test(id))).toEqual([]);
  });

  it('gives none of its planted secrets away', async () => {
    const { estate } = await loadSnapshot(example);
    const text = JSON.stringify([[...estate.facts.values()], estate.gaps]);
    expect(text.match(/FAKE[\w-]*|\$2[aby]\$[^"]*/g) ?? []).toEqual([]);
  });
});
