/* Folders of DNS servers: exports of Technitium and Cloudflare, views, includes, and what is missing. */
import { describe, expect, it } from 'vitest';
import { memoryContext, memoryFiles } from '../memory-files.ts';
import { dns } from './index.ts';

const discover = (contents: Record<string, string | Uint8Array>) => {
  const files = memoryFiles(contents);
  return dns.discover(
    files.filter((f) => dns.matches(f.path)),
    memoryContext(files),
  );
};
const api = (response: unknown, status = 'ok') => JSON.stringify({ response, status }, null, 1);
const record = (name: string, type: string, rData: unknown, more = {}) => ({
  name,
  type,
  ttl: 60,
  rData,
  ...more,
});
const zoneText = '@ 60 IN SOA ns h 1 2 3 4 5\n@ A 192.0.2.1\n';

describe('Technitium', () => {
  const records = api({
    zone: { name: 'example.org', type: 'Primary', disabled: false },
    records: [
      record('example.org', 'SOA', {
        primaryNameServer: 'ns.example.org',
        responsiblePerson: 'h.example.org',
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 900,
      }),
      record('example.org', 'A', { ipAddress: '10.0.20.200' }),
      record('www.example.org', 'CNAME', { cname: 'example.org' }),
      record('off.example.org', 'A', { ipAddress: '10.0.20.9' }, { disabled: true }),
      record('mail.example.org', 'MX', { preference: 10, exchange: 'mx.example.net' }),
      record('corp.example.org', 'FWD', { protocol: 'Udp', forwarder: '192.0.2.53' }),
      record('h3.example.org', 'HTTPS', { svcPriority: 1, svcTargetName: '', svcParams: { alpn: 'h3' } }),
      record('example.org', 'RRSIG', { signature: 'x' }),
    ],
  });
  it('records of a zone', async () => {
    const { facts, gaps } = await discover({ 'dns/t/zone.json': records });
    expect(gaps).toEqual([]);
    const rows = facts.flatMap((f) =>
      'values' in f.value ? [[f.value.name, f.value.type, f.value.values[0]]] : [],
    );
    expect(rows).toEqual([
      ['example.org', 'SOA', 'ns.example.org h.example.org 1 2 3 4 900'],
      ['example.org', 'A', '10.0.20.200'],
      ['www.example.org', 'CNAME', 'example.org'],
      ['mail.example.org', 'MX', '10 mx.example.net'],
      ['h3.example.org', 'HTTPS', '1 . alpn=h3'],
    ]);
    expect(facts.find((f) => f.kind === 'zone')?.value).toMatchObject({
      minimumTtlSeconds: 900,
      isPublic: false,
    });
    expect(facts.find((f) => f.kind === 'nameRule')?.value).toMatchObject({
      resolver: 'dns/t',
      rule: { kind: 'forward', zone: 'corp.example.org', to: ['192.0.2.53'] },
    });
    const line = records.split('\n').findIndex((l) => l.includes('www.example.org'));
    expect(facts.find((f) => f.key.endsWith('|CNAME'))?.evidence.line).toBe(line);
  });
  it('records that compute their answer are a gap', async () => {
    const app = api({
      zone: { name: 'example.org' },
      records: [record('a.example.org', 'APP', { appName: 'Split Horizon' })],
    });
    const { gaps } = await discover({ 'dns/t/zone.json': app });
    expect(gaps[0]?.what).toBe('a.example.org is answered by a APP record, which is not read');
  });
  it('an error in the envelope is a gap, though HTTP said 200', async () => {
    const { facts, gaps } = await discover({ 'dns/t/zone.json': api(undefined, 'invalid-token') });
    expect([facts, gaps[0]?.what]).toEqual([[], 'the server answered "invalid-token" instead of data']);
  });
  it.each(['constructor', '__proto__', 'toString'])('a record of the type %s is a gap', async (type) => {
    const file = api({ zone: { name: 'example.org' }, records: [record('example.org', type, {})] });
    const { facts, gaps } = await discover({ 'dns/t/zone.json': file });
    expect(facts.map((f) => f.kind)).toEqual(['resolver', 'zone']);
    expect(gaps).toHaveLength(1);
  });
  it('zones that are listed and not exported are gaps', async () => {
    const list = api({
      zones: [{ name: 'example.org' }, { name: 'lost.example' }, { name: '0.in-addr.arpa', internal: true }],
    });
    const { gaps } = await discover({ 'dns/t/zone.json': records, 'dns/t/zones.json': list });
    expect(gaps.map((g) => g.what)).toEqual([
      'the server has the zone lost.example, and its records are not in the snapshot',
    ]);
  });
  it('settings say what it remembers', async () => {
    const settings = api({
      serveStale: true,
      serveStaleTtl: 259200,
      cacheMaximumRecordTtl: 604800,
      cacheMinimumRecordTtl: 10,
    });
    const { facts } = await discover({ 'dns/t/settings.json': settings });
    expect(facts.map((f) => f.value)).toEqual([
      {
        id: 'dns/t',
        program: 'technitium',
        serves: ['dns/t'],
        cache: { maxTtlSeconds: 604800, minTtlSeconds: 10, serveStaleSeconds: 259200 },
      },
    ]);
  });
});

describe('the split horizon app', () => {
  const config = (more: object) => ({
    enableAddressTranslation: true,
    networkGroupMap: { '192.168.1.0/24': 'house', '10.0.20.0/22': 'house' },
    domainGroupMap: {},
    groups: [{ name: 'house', externalToInternalTranslation: { '203.0.113.40': '192.168.1.30' } }],
    ...more,
  });
  const values = async (text: string) =>
    (await discover({ 'dns/t/dnsApp.config': text })).facts.map((f) => f.value);
  const house = {
    server: 'dns/t',
    group: 'house',
    clients: ['192.168.1.0/24', '10.0.20.0/22'],
    from: '203.0.113.40',
    to: '192.168.1.30',
    isEnabled: true,
  };
  it('translates for networks', async () => {
    expect(await values(JSON.stringify(config({})))).toEqual([house]);
  });
  it('and in the envelope of the API', async () => {
    expect(await values(api({ config: JSON.stringify(config({})) }))).toEqual([house]);
  });
  it('is off as a whole or for a group', async () => {
    expect(await values(JSON.stringify(config({ enableAddressTranslation: false })))).toEqual([
      { ...house, isEnabled: false },
    ]);
    const groups = [
      { name: 'house', enabled: false, externalToInternalTranslation: { '203.0.113.40': '192.168.1.30' } },
    ];
    expect(await values(JSON.stringify(config({ groups })))).toEqual([{ ...house, isEnabled: false }]);
  });
  it('by domain for everybody', async () => {
    const [, byDomain] = await values(JSON.stringify(config({ domainGroupMap: { 'example.org': 'house' } })));
    expect(byDomain).toMatchObject({
      group: 'house (by domain)',
      clients: ['0.0.0.0/0', '::/0'],
      domains: ['example.org'],
    });
  });
  it('networks are translated address by address', async () => {
    const groups = [{ name: 'house', externalToInternalTranslation: { '203.0.113.0/30': '10.0.0.4/30' } }];
    const pairs = (await values(JSON.stringify(config({ groups })))).map((v) =>
      'from' in v && 'to' in v ? `${v.from}>${v.to}` : '',
    );
    expect(pairs).toEqual([
      '203.0.113.0>10.0.0.4',
      '203.0.113.1>10.0.0.5',
      '203.0.113.2>10.0.0.6',
      '203.0.113.3>10.0.0.7',
    ]);
  });
  it.each([
    ['networks of two sizes', { '203.0.113.0/30': '10.0.0.0/29' }],
    ['two families', { '203.0.113.1': '2001:db8::1' }],
    ['a large network', { '10.0.0.0/8': '11.0.0.0/8' }],
    ['text', { x: 'y' }],
  ])('%s is a gap', async (_, externalToInternalTranslation) => {
    const groups = [{ name: 'house', externalToInternalTranslation }];
    const { facts, gaps } = await discover({ 'dns/t/dnsApp.config': JSON.stringify(config({ groups })) });
    expect(facts).toEqual([]);
    expect(gaps).toMatchObject([{ kinds: ['translation'], system: 'dns/t' }]);
  });
});

describe('Cloudflare API records', () => {
  const page = (more = {}) =>
    JSON.stringify({
      success: true,
      result: [
        {
          id: '1',
          name: 'example.org',
          type: 'A',
          content: '203.0.113.10',
          proxied: false,
          ttl: 120,
          zone_name: 'example.org',
        },
        {
          id: '2',
          name: 'app.example.org',
          type: 'CNAME',
          content: 'x.cfargotunnel.com',
          proxied: true,
          ttl: 1,
        },
        { id: '3', name: 'example.org', type: 'MX', content: 'mx.example.net', priority: 10, ttl: 1 },
      ],
      ...more,
    });
  it('are public and know the edge', async () => {
    const { facts, gaps } = await discover({ 'dns/any/records.json': page() });
    expect(gaps).toEqual([]);
    const rows = facts.flatMap((f) =>
      'values' in f.value ? [[f.value.type, f.value.values[0], f.value.ttlSeconds, f.value.isProxied]] : [],
    );
    expect(rows).toEqual([
      ['A', '203.0.113.10', 120, false],
      ['CNAME', 'x.cfargotunnel.com', 300, true],
      ['MX', '10 mx.example.net', 300, undefined],
    ]);
    expect(facts.find((f) => f.kind === 'zone')?.value).toMatchObject({ isPublic: true });
  });
  it('one page of several is a gap', async () => {
    const { gaps } = await discover({ 'dns/any/records.json': page({ result_info: { total_pages: 3 } }) });
    expect(gaps[0]?.what).toBe('the answer is one page of 3');
  });
});

describe('files', () => {
  it('$INCLUDE stays inside the folder of the server', async () => {
    const text = '$TTL 1\na A 192.0.2.1\n$INCLUDE ../../secret\n$INCLUDE /etc/passwd\n$INCLUDE more\n';
    const { facts, gaps } = await discover({
      'dns/b/example.org.zone': text,
      'dns/b/more': 'b A 192.0.2.2',
      secret: 'x',
    });
    expect(gaps.map((g) => [g.evidence?.line, g.what.includes('outside the folder')])).toEqual([
      [3, true],
      [4, true],
    ]);
    expect(facts.map((f) => f.key)).toContain('recordSet:dns/b||example.org|b.example.org|A');
  });
  it('the same zone twice is a gap', async () => {
    const { gaps } = await discover({ 'dns/b/example.org.zone': zoneText, 'dns/b/db.example.org': zoneText });
    expect(gaps[0]?.what).toContain('the zone is in dns/b/example.org.zone too');
  });
  it.each<[string, Uint8Array]>([
    ['UTF-16', new Uint8Array([255, 254, 97, 0, 32, 0, 65, 0, 216, 216])],
    ['latin-1', new Uint8Array([97, 32, 65, 32, 233, 10])],
  ])('%s is a gap of that file only', async (_, bytes) => {
    const { facts, gaps } = await discover({ 'dns/b/x.zone': bytes, 'dns/b/example.org.zone': zoneText });
    expect(gaps).toMatchObject([{ system: 'dns/b', evidence: { file: 'dns/b/x.zone' } }]);
    expect(facts.some((f) => f.kind === 'recordSet')).toBe(true);
  });
  it('a value that cannot become text costs its file only', async () => {
    const bad = '{"status":"ok","response":{"zone":{"name":{"toString":1,"valueOf":1}},"records":[]}}';
    const { facts, gaps } = await discover({ 'dns/b/x.json': bad, 'dns/b/example.org.zone': zoneText });
    expect(gaps).toMatchObject([{ evidence: { file: 'dns/b/x.json' } }]);
    expect(facts.some((f) => f.kind === 'recordSet')).toBe(true);
  });
  it('JSON of no known kind is a gap', async () => {
    const { gaps } = await discover({ 'dns/b/x.json': '{"a": 1}', 'dns/b/y.json': '{"a": ' });
    expect(gaps.map((g) => g.what)).toEqual([
      'the file is JSON of no kind that is known here',
      'this is not JSON',
    ]);
  });
  it('a folder of a public provider is public', async () => {
    const { facts } = await discover({ 'dns/route53/example.org.zone': zoneText });
    expect(facts[0]?.value).toMatchObject({ isPublic: true });
    expect(facts.some((f) => f.kind === 'resolver')).toBe(false);
  });
});
