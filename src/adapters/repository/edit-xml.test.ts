/* Sections of the example's config.xml: only the text of the elements that a change is about. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { SetChange } from '#plan/change.ts';
import { unifiedDiff } from './edit-diff.ts';
import { editConfigXml } from './edit-xml.ts';

const xml = readFileSync(
  new URL('../../../examples/home-lab/firewall/pfsense/config.xml', import.meta.url),
  'utf8',
);
const position = (kind: Fact['kind'], n: number): Fact =>
  fact(kind, { firewall: 'pfsense', position: n } as never, { file: 'x' });
const reader = readerOf(makeEstate([position('portForward', 1), position('filterRule', 1)]));
const set = (...settings: object[]) => ({ kind: 'set', settings }) as unknown as SetChange;
const alias = {
  firewall: 'pfsense',
  name: 'traefik_lb',
  type: 'host',
  entries: ['10.0.20.203'],
  descr: `Traefik's <own> & "only"`,
};

async function changed(change: SetChange): Promise<string[]> {
  const edit = await editConfigXml(xml, change, reader);
  if (!edit.ok) throw new Error(edit.says);
  return unifiedDiff('config.xml', xml, edit.text)
    .split('\n')
    .filter((l) => /^[+-](?![+-])/.test(l));
}

describe('an alias there and back', () => {
  const put = set({ of: 'alias', id: 'pfsense/traefik_lb', before: null, after: alias });
  const take = set({ of: 'alias', id: 'pfsense/traefik_lb', before: alias, after: null });
  const other = '<alias><name>a</name><address>192.0.2.1</address></alias>';
  it.each([
    ['one line without aliases', '<pfsense><aliases></aliases></pfsense>'],
    ['one line with one', `<pfsense><aliases>${other}</aliases></pfsense>`],
    ['lines without aliases', '<pfsense>\n\t<aliases>\n\t</aliases>\n</pfsense>\n'],
    ['lines with one', `<pfsense>\n\t<aliases>\n\t\t${other}\n\t</aliases>\n</pfsense>\n`],
    ['the example', xml],
  ])('%s', async (_, text) => {
    const there = await editConfigXml(text, put, reader);
    expect(there.ok && there.text).toContain('<name>traefik_lb</name>');
    const back = await editConfigXml(there.ok ? there.text : '', take, reader);
    expect(back).toMatchObject({ ok: true, text });
  });
});

describe('sections', () => {
  it('a new alias, its description written as pfSense writes it', async () => {
    expect(await changed(set({ of: 'alias', id: 'pfsense/traefik_lb', before: null, after: alias }))).toEqual(
      [
        '+\t\t<alias>',
        '+\t\t\t<name>traefik_lb</name>',
        '+\t\t\t<type>host</type>',
        '+\t\t\t<address>10.0.20.203</address>',
        '+\t\t\t<descr><![CDATA[Traefik&#039;s &lt;own&gt; &amp; &quot;only&quot;]]></descr>',
        '+\t\t\t<detail><![CDATA[]]></detail>',
        '+\t\t</alias>',
      ],
    );
  });
  it('added and taken away again is the same file', async () => {
    const there = await editConfigXml(
      xml,
      set({ of: 'alias', id: 'pfsense/traefik_lb', before: null, after: alias }),
      reader,
    );
    if (!there.ok) throw new Error(there.says);
    const back = await editConfigXml(
      there.text,
      set({ of: 'alias', id: 'pfsense/traefik_lb', before: alias, after: null }),
      reader,
    );
    expect(back.ok && back.text === xml).toBe(true);
  });
  it("a forward's target, not that of its neighbours", async () => {
    const change = set({
      of: 'portForward',
      id: 'pfsense/00001',
      before: { target: 'nginx' },
      after: { target: 'traefik_lb' },
    });
    expect(await changed(change)).toEqual([
      '-\t\t\t<target>nginx</target>',
      '+\t\t\t<target>traefik_lb</target>',
    ]);
  });
});

describe('refused', () => {
  it.each<[string, string, object]>([
    [
      'another target there',
      '<target> holds "nginx", not "other"',
      { of: 'portForward', id: 'pfsense/00001', before: { target: 'other' }, after: { target: 'x' } },
    ],
    [
      'no such rule',
      '<nat> has no rule ?',
      { of: 'portForward', id: 'pfsense/00099', before: {}, after: { target: 'x' } },
    ],
    [
      'an alias that is there',
      'alias nginx is there already',
      { of: 'alias', id: 'pfsense/nginx', before: null, after: alias },
    ],
    [
      'an alias that is not',
      'there is no alias x',
      { of: 'alias', id: 'pfsense/x', before: alias, after: null },
    ],
  ])('%s', async (_, says, setting) => {
    expect(await editConfigXml(xml, set(setting), reader)).toMatchObject({ ok: false, says });
  });
  it('what does not parse', async () => {
    expect(
      await editConfigXml('<a><b></a>', set({ of: 'alias', id: 'f/x', before: null, after: alias }), reader),
    ).toMatchObject({ ok: false });
  });
});
