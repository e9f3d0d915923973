/* The lab's certificates are ones that OpenSSL accepts: signed, for their names only, marked as what they are. */
import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeAuthority } from './certificate.ts';

test('a leaf is signed by its authority, and not by another of the same name', () => {
  const authority = makeAuthority();
  const leaf = new X509Certificate(authority.issue(['*.example.org', '10.0.20.200']).cert);
  const root = new X509Certificate(authority.cert);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.verify(new X509Certificate(makeAuthority().cert).publicKey)).toBe(false);
  expect([root.ca, leaf.ca]).toEqual([true, false]);
});

test('it holds for its names and now', () => {
  const leaf = new X509Certificate(
    makeAuthority().issue(['*.example.org', '10.0.20.200', '2001:db8::200']).cert,
  );
  expect(leaf.checkHost('immich.example.org')).toBe('*.example.org');
  expect(leaf.checkHost('example.net')).toBeUndefined();
  expect(leaf.checkIP('10.0.20.200')).toBe('10.0.20.200');
  expect(leaf.checkIP('2001:db8::200')).toBe('2001:db8::200');
  expect(leaf.validFromDate.getTime()).toBeLessThan(Date.now());
  expect(leaf.validToDate.getTime()).toBeGreaterThan(Date.now());
});
