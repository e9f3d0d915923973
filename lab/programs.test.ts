/** Finding programs, as far as it needs none: versions, missing ones, how root is avoided, what apt says. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseUris } from './programs/apt.ts';
import { neverUnpacked, programNames, recipeOf } from './programs/catalogue.ts';
import { isAtLeast, program, withoutRoot } from './programs.ts';

test.each([
  ['nftables v1.0.6 (Lester Gooch #5)', [1, 0], true],
  ['ip utility, iproute2-6.1.0, libbpf 1.1.0', [5, 10], true],
  ['iptables v1.8.9 (nf_tables)', [1, 9], false],
  ['BIND 9.18.49-1~deb12u3-Debian', [9, 20], false],
  ['postgres (PostgreSQL) 15.20', [13, 0], true],
  ['HAProxy version 2.6.12-1', [3, 0], false],
  ['', [0, 0], false],
] as const)('version of %j at least %j: %s', (text, atLeast, expected) => {
  expect(isAtLeast(text, atLeast)).toBe(expected);
});

test('a program that is not here and may not be fetched is a value with the command that brings it', async () => {
  const cache = join(tmpdir(), 'sightline-no-such-cache');
  expect(await program('named', { cache, useMachine: false, canFetch: false })).toEqual({
    kind: 'missing',
    name: 'named',
    message: 'named is left out: it is not here, and fetching was not asked for',
    command: 'apt-get install bind9 bind9-dnsutils',
  });
});

test('only root is changed into another user', () => {
  expect(withoutRoot(['initdb'], 1000)).toEqual(['initdb']);
  expect(withoutRoot(['initdb'], 0).at(0)).toBe('unshare');
  expect(withoutRoot(['initdb'], 0).at(-1)).toBe('initdb');
});

test("apt's lines give names and versions, epochs decoded", () => {
  const line =
    "'http://example.test/pool/bind9_9.18.49-1_amd64.deb' bind9_1%3a9.18.49-1_amd64.deb 252732 SHA256:00";
  expect(parseUris(`${line}\nE: something else\n`)).toEqual([{ name: 'bind9', version: '1:9.18.49-1' }]);
});

test('no recipe leaves out what it asks for', () => {
  expect(programNames.length).toBeGreaterThan(10);
  for (const recipe of programNames.map(recipeOf)) {
    expect(recipe.packages.filter((name) => recipe.leaveOut?.test(name))).toEqual([]);
    expect(recipe.packages.filter((name) => neverUnpacked.test(name))).toEqual([]);
  }
});
