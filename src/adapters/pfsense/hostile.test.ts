/* Files that mean harm, or that are not what they should be. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { convertConfig } from './convert.ts';

const text = readFileSync(new URL('./fixtures/config.xml', import.meta.url), 'utf8');
const read = (content: string) =>
  convertConfig({ firewall: 'gw', file: 'firewall/gw/config.xml', text: content });
const discovery = read(text);
const wrap = (inner: string) => `<pfsense><interfaces><lan><if>a</if></lan></interfaces>${inner}</pfsense>`;

describe('what must not get through', () => {
  it('no planted secret is in any fact or gap', () => {
    expect(text).toContain('PLANTED');
    expect(JSON.stringify(discovery)).not.toContain('PLANTED');
  });
  const lol = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  it.each([
    [
      'billion laughs',
      `<!DOCTYPE pfsense [<!ENTITY l0 "lol">${lol}]><pfsense>&l10;</pfsense>`,
      'document type',
    ],
    [
      'an external entity',
      '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]><pfsense>&x;</pfsense>',
      'document type',
    ],
    ['an unknown entity', '<pfsense>&x;</pfsense>', 'entity'],
    ['endless nesting', '<a>'.repeat(10_000), 'deeper than 64'],
    ['a file that was cut off', '<pfsense><interfaces><lan>', 'unclosed tag'],
    ['nothing', '', 'document'],
    ['text', 'not xml at all', 'text data outside of root node'],
    ['OPNsense', '<opnsense></opnsense>', 'OPNsense'],
    ['another product', '<m0n0wall></m0n0wall>', 'm0n0wall'],
    ['no interfaces', '<pfsense></pfsense>', 'no interfaces'],
  ])('%s is a gap over everything', (_, content, what) => {
    const { gaps } = read(content);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.what).toContain(what);
    expect(gaps[0]?.kinds).toContain('filterRule');
    expect(gaps[0]?.evidence?.line).toBeGreaterThan(0);
  });
  it('control characters and bidi marks in names are shown, not obeyed', () => {
    const { facts } = read(
      wrap(
        '<aliases><alias><name>a</name><type>host</type><address>192.0.2.1</address><descr><![CDATA[x&#27;[31m\u202e]]></descr></alias></aliases>',
      ),
    );
    expect(facts.find((f) => f.kind === 'alias')?.value).toMatchObject({ descr: 'x\ufffd[31m\ufffd' });
  });
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    '%s is a word like any other',
    (word) => {
      const rule = `<interface>${word}</interface><protocol>${word}</protocol><natreflection>${word}</natreflection><source><address>${word}</address></source>`;
      const { facts } = read(
        wrap(
          `<nat><rule>${rule}<target>${word}</target></rule></nat><virtualip><vip><mode>${word}</mode><subnet>192.0.2.1</subnet></vip></virtualip>`,
        ),
      );
      expect(facts.find((f) => f.kind === 'portForward')?.value).toMatchObject({
        reflection: 'default',
        match: { protocol: 'other', source: { kind: 'unknown', text: word } },
      });
      expect(facts.find((f) => f.kind === 'virtualIp')?.value).toMatchObject({ mode: 'other' });
    },
  );
  it('one broken rule costs itself only', () => {
    const rules = '<rule><type>explode</type></rule><rule><type>pass</type><interface>lan</interface></rule>';
    const { facts, gaps } = read(wrap(`<filter>${rules}</filter>`));
    expect(gaps).toMatchObject([{ kinds: ['filterRule'], evidence: { object: 'filter/rule[0]' } }]);
    expect(facts.filter((f) => f.kind === 'filterRule')).toHaveLength(1);
  });
  it('a route through aliases that loop ends', () => {
    const aliases =
      '<aliases><alias><name>p</name><type>network</type><address>q</address></alias><alias><name>q</name><type>network</type><address>p</address></alias></aliases>';
    const { gaps } = read(
      wrap(`<staticroutes><route><network>p</network><gateway>G</gateway></route></staticroutes>${aliases}`),
    );
    expect(gaps).toMatchObject([{ kinds: ['staticRoute'] }]);
  });
});
