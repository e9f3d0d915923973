/* CrowdSec's answers in the shapes that its API and cscli give. */
import { describe, expect, it } from 'vitest';
import { memoryContext, memoryFiles } from '../memory-files.ts';
import type { Source } from '../source.ts';
import { crowdsec } from './index.ts';
import { addressFieldOfParser, addressFieldOfVersion } from './parser-version.ts';

const source: Source = crowdsec;

const discover = async (contents: Record<string, unknown>) => {
  const texts = Object.entries(contents).map(([name, value]) => [
    `crowdsec/lapi/${name}`,
    typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value, null, 1),
  ]);
  const files = memoryFiles(Object.fromEntries(texts));
  return source.discover(
    files.filter((f) => source.matches(f.path)),
    memoryContext(files),
  );
};
const system = 'crowdsec/lapi';

describe('allowlists', () => {
  const items = [
    { value: '10.0.20.0/22', expiration: '0001-01-01T00:00:00.000Z' },
    { value: '192.0.2.7' },
    { value: 'me@example.org' },
    { value: '198.51.100.9', expiration: '2026-12-01T00:00:00Z' },
  ];
  const expected = {
    system,
    name: 'home',
    layer: 'lapi',
    ranges: ['10.0.20.0/22', '192.0.2.7/32'],
    other: ['me@example.org', '198.51.100.9 until 2026-12-01T00:00:00Z'],
  };
  it.each([
    ['a list of them', [{ name: 'home', console_managed: false, items }]],
    ['one, as inspect prints it', { name: 'home', items }],
  ])('%s', async (_, value) => {
    const { facts, gaps } = await discover({ 'allowlists.json': value });
    expect(gaps).toEqual([]);
    expect(facts.map((f) => f.value)).toEqual([expected]);
  });
  it('none', async () => {
    expect(await discover({ 'allowlists.json': 'null' })).toEqual({ facts: [], gaps: [] });
  });
  it('without their items a gap', async () => {
    const { facts, gaps } = await discover({ 'allowlists.json': [{ name: 'home', console_managed: false }] });
    expect(facts).toEqual([]);
    expect(gaps).toMatchObject([
      { kinds: ['banAllowlist'], what: 'the allowlist home was exported without its items' },
    ]);
  });
});

describe('decisions', () => {
  const one = {
    duration: '3h',
    id: 1,
    origin: 'cscli',
    scenario: 's',
    scope: 'Ip',
    type: 'ban',
    value: '192.0.2.1',
  };
  const expected = { system, id: '1', scope: 'Ip', value: '192.0.2.1', type: 'ban', origin: 'cscli' };
  it.each<[string, unknown]>([
    ['of the API', [one]],
    ['of the stream', { deleted: null, new: [one] }],
    ['of cscli, inside alerts', [{ id: 9, decisions: [one] }]],
  ])('%s', async (_, value) => {
    const { facts, gaps } = await discover({ 'decisions.json': value });
    expect(gaps).toEqual([]);
    expect(facts.map((f) => f.value)).toEqual([expected]);
  });
  it('an end that is stated is kept', async () => {
    const { facts } = await discover({ 'decisions.json': [{ ...one, until: '2026-06-01T00:00:00Z' }] });
    expect(facts[0]?.value).toMatchObject({ until: '2026-06-01T00:00:00Z' });
  });
  it('a stream of nothing is nothing', async () => {
    expect(await discover({ 'decisions.json': { deleted: null, new: null } })).toEqual({
      facts: [],
      gaps: [],
    });
  });
});

it('bouncers, without their keys', async () => {
  const { facts } = await discover({
    'bouncers.json': [
      {
        name: 'traefik',
        api_key: 'PLANTED',
        ip_address: '10.10.4.4',
        type: 'plugin',
        revoked: false,
        last_pull: '2026-05-30T07:58:31Z',
      },
      { name: 'old', ip_address: '', type: '', revoked: true, last_pull: null },
    ],
  });
  expect(facts.map((f) => f.value)).toEqual([
    {
      system,
      name: 'traefik',
      type: 'plugin',
      ip: '10.10.4.4',
      lastPull: '2026-05-30T07:58:31Z',
      isRevoked: false,
    },
    { system, name: 'old', type: '', isRevoked: true },
  ]);
  expect(JSON.stringify(facts)).not.toContain('PLANTED');
});

describe('whitelists', () => {
  const yaml = `name: me/mine
whitelist:
  reason: r
  ip: ["127.0.0.1", "::1"]
  cidr:
    - "10.0.0.0/8"
    - "nonsense"
  expression:
    - "evt.Parsed.remote_user == 'me@example.org'"
`;
  it.each([
    ['s02-enrich/mine.yaml', 'parser'],
    ['postoverflows/s01-whitelist/mine.yaml', 'postoverflow'],
  ])('%s is of the layer %s', async (file, layer) => {
    const { facts } = await discover({ [file]: yaml });
    expect(facts.map((f) => f.value)).toEqual([
      {
        system,
        name: 'me/mine',
        layer,
        ranges: ['127.0.0.1/32', '::1/128', '10.0.0.0/8'],
        other: ['nonsense', "evt.Parsed.remote_user == 'me@example.org'"],
      },
    ]);
  });
  it('several in one file', async () => {
    const { facts } = await discover({ 'a.yaml': `${yaml}---\n${yaml.replace('me/mine', 'me/other')}` });
    expect(facts).toHaveLength(2);
  });
});

describe('the engine', () => {
  const list = (more: object) => ({
    parsers: [
      { name: 'crowdsecurity/http-logs', local_version: '1.3' },
      { name: 'crowdsecurity/traefik-logs', status: 'enabled', ...more },
    ],
  });
  it.each<[object, string]>([
    [{ local_version: '0.5' }, 'ClientAddr'],
    [{ local_version: '0.9' }, 'ClientHost'],
    [{ local_version: '1.5' }, 'ClientHost-last'],
    [{ local_version: '1.2' }, 'unknown'],
    [{ local_version: '0.7' }, 'unknown'],
    [{ local_version: '1.5', status: 'enabled,tainted' }, 'unknown'],
    [{}, 'unknown'],
  ])('parser %o', async (more, readsAddressFrom) => {
    const { facts } = await discover({
      'parsers.json': list(more),
      'version.txt': 'version: v1.6.8-abc\nBuildDate: x',
    });
    expect(facts).toHaveLength(1);
    expect(facts[0]?.value).toMatchObject({ system, version: '1.6.8', readsAddressFrom });
  });
  it('one parser, as inspect prints it', async () => {
    const inspected = { name: 'crowdsecurity/traefik-logs', local_version: '0.9', status: 'enabled' };
    const { facts } = await discover({ 'traefik-logs.json': inspected });
    expect(facts.map((f) => f.value)).toMatchObject([
      { parserVersion: '0.9', readsAddressFrom: 'ClientHost' },
    ]);
  });
  it('the text of the parser goes before its version', async () => {
    const yaml = `name: crowdsecurity/traefik-logs
nodes:
  - filter: "x"
    statics:
      - parsed: remote_addr
        expression: evt.Unmarshaled.traefik.ClientHost
`;
    const { facts } = await discover({
      'parsers.json': list({ local_version: '0.7' }),
      'parsers/traefik-logs.yaml': yaml,
    });
    expect(facts.map((f) => f.value)).toMatchObject([
      { parserVersion: '0.7', readsAddressFrom: 'ClientHost' },
    ]);
  });
  it.each([
    [
      '      - parsed: remote_addr\n        ## why\n        expression: "TrimSpace(Split(evt.Unmarshaled.traefik.ClientHost, \',\')[-1])"',
      'ClientHost-last',
    ],
    ['      - parsed: remote_addr\n        expression: evt.Unmarshaled.traefik.ClientAddr', 'ClientAddr'],
    [
      '          pattern: \'%{IPORHOST:remote_addr}\'\n          expression: JsonExtract(evt.Parsed.message, "ClientAddr")',
      'ClientAddr',
    ],
    ['      - parsed: remote_addr\n        expression: evt.Own.Field', undefined],
  ])('%s', (text, field) => {
    expect(addressFieldOfParser(`name: crowdsecurity/traefik-logs\n${text}\n`)).toBe(field);
    expect(addressFieldOfParser(`name: me/other\n${text}\n`)).toBeUndefined();
  });
  it.each(['', 'latest', '1.5.2', '?'])('the version %s says nothing', (version) => {
    expect(addressFieldOfVersion(version)).toBeUndefined();
  });
});

describe('bad input', () => {
  it.each<[string, Record<string, unknown>]>([
    ['broken JSON', { 'a.json': '[{"a": 1},\n{' }],
    ['JSON of no known kind', { 'a.json': { hello: 1 } }],
    ['UTF-16', { 'a.json': new Uint8Array([255, 254, 91, 0, 216, 216]) }],
    ['deep nesting', { 'a.json': '['.repeat(5000) + ']'.repeat(5000) }],
  ])('%s is a gap, and other files are read', async (_, files) => {
    const { facts, gaps } = await discover({ ...files, 'b.yaml': 'whitelist: {ip: ["192.0.2.1"]}' });
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ system, evidence: { file: 'crowdsec/lapi/a.json' } });
    expect(facts).toHaveLength(1);
  });
  it('control characters do not reach facts', async () => {
    const { facts } = await discover({
      'd.json': [{ id: 1, scope: 'Ip', value: 'x\u001b[31m', type: 'ban', origin: 'a\u0007' }],
    });
    expect(JSON.stringify(facts)).not.toMatch(/\\u001b|\\u0007/);
  });
});
