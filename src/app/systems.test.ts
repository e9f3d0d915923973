/* Which systems of sightline.yaml get an actuator, and what is said of the others. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Reader } from '#estate/estate.ts';
import { fact } from '#estate/fact.ts';
import type { SystemAccess } from '#estate/settings.ts';
import { buildActuators, endpointOf } from './systems.ts';

const readerOf = (...all: Omit<SystemAccess, 'needs'>[]): Reader =>
  ({
    all: () => all.map((a) => fact('systemAccess', { needs: [], ...a }, { file: 'sightline.yaml' })),
  }) as unknown as Reader;
const url = 'https://192.0.2.1';
const key = { name: 'k', algorithm: 'hmac-sha256', credential: 'env:K' } as const;

describe('buildActuators', () => {
  it.each<[Omit<SystemAccess, 'needs'>, string]>([
    [{ system: 'cluster/home', credential: 'kubeconfig:home' }, 'kubernetes'],
    [{ system: 'cluster/home', url, credential: 'env:R', writeCredential: 'env:W' }, 'kubernetes'],
    [{ system: 'dns/technitium', program: 'technitium', url, credential: 'env:T' }, 'technitium'],
    [{ system: 'dns/bind', program: 'bind', url: '192.0.2.1', keys: [key] }, 'bind9'],
    [{ system: 'dns/cloudflare', program: 'cloudflare', url, credential: 'env:C' }, 'cloudflare-dns'],
    [
      { system: 'tunnel/home', program: 'cloudflare', url, credential: 'env:C', account: 'a', tunnel: 't' },
      'cloudflare-tunnel',
    ],
  ])('%o is written by %s', async (access, name) => {
    const { actuators, left } = await buildActuators(readerOf(access), '.');
    expect([actuators.map((a) => a.name), left]).toEqual([[name], []]);
  });

  it.each<[Omit<SystemAccess, 'needs'>, RegExp]>([
    [{ system: 'firewall/pfsense', program: 'pfsense', url, writes: 'operator' }, /a person writes it/],
    [{ system: 'cluster/home', url, credential: 'env:T', writes: 'none' }, /nothing is written/],
    [{ system: 'cluster/home', url }, /no credential/],
    [{ system: 'cluster/home', credential: 'env:T' }, /no address/],
    [{ system: 'tunnel/home', url, credential: 'env:T' }, /account, tunnel/],
    [{ system: 'dns/bind', program: 'bind', url: '192.0.2.1' }, /TSIG/],
    [{ system: 'dns/x', program: 'knot', url, credential: 'env:T' }, /no adapter/],
    [
      { system: 'dns/technitium', program: 'technitium', url, credential: 'env:T', ca: 'nowhere.pem' },
      /nowhere.pem cannot be read/,
    ],
  ])('%o is left', async (access, why) => {
    const { actuators, left } = await buildActuators(readerOf(access), '.');
    expect(actuators).toEqual([]);
    expect(left).toMatchObject([{ system: access.system, why: expect.stringMatching(why) }]);
  });

  it('reads an authority beside sightline.yaml', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'systems-'));
    writeFileSync(join(folder, 'ca.pem'), 'PEM');
    const access = { system: 'cluster/home', url, credential: 'env:T', ca: 'ca.pem' };
    expect((await buildActuators(readerOf(access), folder)).actuators).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });
});

describe('endpointOf', () => {
  it.each<[string, unknown]>([
    ['192.0.2.1', { address: '192.0.2.1' }],
    ['192.0.2.1:5353', { address: '192.0.2.1', port: 5353 }],
    ['[2001:db8::1]:53', { address: '2001:db8::1', port: 53 }],
    ['2001:db8::1', { address: '2001:db8::1' }],
    ['dns://ns.example.org:53', { address: 'ns.example.org', port: 53 }],
    ['', undefined],
  ])('%s', (text, at) => {
    expect(endpointOf(text)).toEqual(at);
  });
});
