/* Tunnel configuration in its three forms, and what cloudflared would refuse. */
import { describe, expect, it } from 'vitest';
import { memoryContext, memoryFiles } from '../memory-files.ts';
import type { Source } from '../source.ts';
import { tunnel } from './index.ts';

const source: Source = tunnel;

const discover = (contents: Record<string, string | Uint8Array>) => {
  const files = memoryFiles(contents);
  return source.discover(
    files.filter((f) => source.matches(f.path)),
    memoryContext(files),
  );
};
const origin = 'https://traefik.traefik.svc.cluster.local:443';
const ingress = [
  {
    hostname: 'App.Example.org',
    service: origin,
    originRequest: { noTLSVerify: true, originServerName: 'x.example.org' },
  },
  { hostname: '*.example.org', path: '^/api', service: 'http://10.0.20.200:80' },
  { service: 'http_status:404' },
];
const rules = [
  {
    tunnel: 'home',
    position: 0,
    hostname: 'app.example.org',
    service: origin,
    noTlsVerify: true,
    originServerName: 'x.example.org',
  },
  {
    tunnel: 'home',
    position: 1,
    hostname: '*.example.org',
    path: '^/api',
    service: 'http://10.0.20.200:80',
    noTlsVerify: false,
  },
  { tunnel: 'home', position: 2, service: 'http_status:404', noTlsVerify: false },
];
const valuesOf = (facts: readonly { kind: string; value: unknown }[], kind: string) =>
  facts.filter((f) => f.kind === kind).map((f) => f.value);

describe('three forms', () => {
  it.each<[string, unknown, unknown]>([
    [
      "cloudflared's answer",
      { version: 7, config: { ingress } },
      { name: 'home', isRemotelyManaged: true, version: 7 },
    ],
    [
      'before anything came from remote',
      { version: -1, config: { ingress } },
      { name: 'home', isRemotelyManaged: false },
    ],
    [
      "the API's envelope",
      { success: true, result: { tunnel_id: 'x', version: 9, source: 'cloudflare', config: { ingress } } },
      { name: 'home', isRemotelyManaged: true, version: 9 },
    ],
    ['the configuration alone', { ingress }, { name: 'home', isRemotelyManaged: undefined }],
  ])('%s', async (_, value, expected) => {
    const { facts, gaps } = await discover({ 'tunnel/home.json': JSON.stringify(value) });
    expect(gaps).toEqual([]);
    expect(valuesOf(facts, 'tunnel')).toEqual([expected]);
    expect(valuesOf(facts, 'tunnelRule')).toEqual(rules);
  });
  it('config.yaml, with lines and defaults for all rules', async () => {
    const text = `tunnel: ae21
credentials-file: /etc/cloudflared/PLANTED.json
originRequest:
  httpHostHeader: h.example.org
ingress:
  - hostname: a.example.org
    service: http://user:PLANTED@192.0.2.1:80
  - service: http_status:404
`;
    const { facts, gaps } = await discover({ 'tunnel/home/config.yaml': text });
    expect(gaps).toEqual([]);
    expect(valuesOf(facts, 'tunnelRule')[0]).toMatchObject({
      service: 'http://192.0.2.1:80',
      httpHostHeader: 'h.example.org',
    });
    expect(facts.map((f) => f.evidence.line)).toEqual([1, 6, 8]);
    expect(JSON.stringify(facts)).not.toContain('PLANTED');
  });
});

it('a credentials file beside is left alone', async () => {
  const secret = '{"AccountTag": "a", "TunnelSecret": "PLANTED", "TunnelID": "x"}';
  expect(await discover({ 'tunnel/home/credentials.json': secret })).toEqual({ facts: [], gaps: [] });
});

describe('what cloudflared refuses', () => {
  const last = { service: 'http_status:404' };
  it.each<[string, unknown[], number, string]>([
    [
      'no catch-all at the end',
      [{ hostname: 'a.example.org', service: origin }],
      1,
      'does not match everything',
    ],
    ['a catch-all before the end', [{ service: origin }, last], 2, 'before the last one'],
    ['a wildcard in the middle', [{ hostname: 'a.*.example.org', service: origin }, last], 1, 'host name'],
    ['two wildcards', [{ hostname: '*.*.example.org', service: origin }, last], 1, 'host name'],
    ['a port in the host name', [{ hostname: 'a.example.org:443', service: origin }, last], 1, 'host name'],
    ['a service that is none', [{ hostname: 'a.example.org', service: 'ftp://x' }, last], 1, 'no service'],
    ['no service', [{ hostname: 'a.example.org' }, last], 1, 'no service'],
    ['a rule that is text', ['x', last], 1, 'no service'],
  ])('%s', async (_, list, kept, what) => {
    const { facts, gaps } = await discover({
      'tunnel/home.json': JSON.stringify({ version: 1, config: { ingress: list } }),
    });
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.what).toContain(what);
    expect(gaps[0]).toMatchObject({ system: 'tunnel/home', kinds: ['tunnelRule'] });
    expect(valuesOf(facts, 'tunnelRule')).toHaveLength(kept);
  });
});

describe('files that cannot be read', () => {
  const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((n, i) => `${n}: &${n} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
    .join('\n')}`;
  it.each<[string, Record<string, string | Uint8Array>]>([
    ['broken JSON', { 'tunnel/home.json': '{"version": 1,\n "config": ' }],
    ['broken YAML', { 'tunnel/home.yaml': 'a: [1\nb: }' }],
    ['an error of the API', { 'tunnel/home.json': '{"success": false, "result": null}' }],
    ['a list', { 'tunnel/home.json': '[]' }],
    ['nothing', { 'tunnel/home.yaml': '' }],
    ['billion laughs', { 'tunnel/home.yaml': laughs }],
    ['UTF-16', { 'tunnel/home.json': new Uint8Array([255, 254, 123, 0, 125, 0]) }],
    ['no ingress', { 'tunnel/home.json': '{"version": 1, "config": {}}' }],
  ])('%s', async (_, files) => {
    const { facts, gaps } = await discover(files);
    expect(facts.filter((f) => f.kind === 'tunnelRule')).toEqual([]);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ system: 'tunnel/home', kinds: ['tunnel', 'tunnelRule'] });
  });
});
