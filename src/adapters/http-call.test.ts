/* TLS of everything that writes: verified against the named authority, names and dates included, with no way round. */

import { createServer as createPlain } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Identity, makeAuthority, type Validity } from '#lab/hosts/certificate.ts';
import { callHttp } from './http-call.ts';

const ours = makeAuthority('Ours');
const theirs = makeAuthority('Theirs');
/** Another authority that calls itself by the same name. */
const impostor = makeAuthority('Ours');
let server: Server | ReturnType<typeof createPlain> | undefined;
afterEach(() => new Promise<void>((done) => (server === undefined ? done() : server.close(() => done()))));

async function serve(identity: Identity | undefined): Promise<{ url: string; requests: () => number }> {
  let requests = 0;
  const answer = (_: unknown, response: { end: (text: string) => void }) => {
    requests += 1;
    response.end('{}');
  };
  server = identity === undefined ? createPlain(answer) : createServer({ ...identity }, answer);
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}`, requests: () => requests };
}
const local = (validity?: Validity) => ours.issue(['localhost', '127.0.0.1'], validity);
const call = (url: string, ca?: string) =>
  callHttp(
    { url, ...(ca !== undefined && { ca }) },
    { method: 'POST', path: '/', body: '{"secret":"FAKE"}' },
  );

describe('callHttp over TLS', () => {
  it.each([
    ['by address', (url: string) => url],
    ['by name', (url: string) => url.replace('127.0.0.1', 'localhost')],
  ])('passes with the right authority, %s', async (_, at) => {
    const { url } = await serve(local());
    expect(await call(at(url), ours.cert)).toMatchObject({ kind: 'answered', status: 200 });
  });

  it.each<[string, () => Identity | undefined, string | undefined, RegExp]>([
    [
      'no authority is named',
      local,
      undefined,
      /cannot be verified: name its authority|private authority: name it/,
    ],
    [
      'another authority is named',
      local,
      theirs.cert,
      /cannot be verified|not of the authority that is named/,
    ],
    [
      'an authority of the same name is named',
      local,
      impostor.cert,
      /not of the authority that is named|cannot be verified/,
    ],
    ['the certificate has expired', () => local({ fromDays: -9, toDays: -1 }), ours.cert, /has expired/],
    ['the certificate is not valid yet', () => local({ fromDays: 1, toDays: 9 }), ours.cert, /not valid yet/],
    ['it is for another name', () => ours.issue(['other.example.org']), ours.cert, /for another name/],
    ['it is for another address', () => ours.issue(['192.0.2.1']), ours.cert, /for another name/],
    [
      'it is an authority’s own',
      () => ({ cert: ours.cert, key: ours.key }),
      ours.cert,
      /not one for servers|another name/,
    ],
    [
      'it is an unknown authority’s own',
      () => ({ cert: theirs.cert, key: theirs.key }),
      ours.cert,
      /not one for servers|self-signed/,
    ],
    ['it speaks no TLS', () => undefined, ours.cert, /does not speak TLS/],
  ])('fails when %s; nothing was sent', async (_, identity, ca, says) => {
    const { url, requests } = await serve(identity());
    expect(await call(url, ca)).toMatchObject({
      kind: 'failed',
      isSent: false,
      says: expect.stringMatching(says),
    });
    expect(requests()).toBe(0);
  });

  it('cannot be told not to verify, not even by the environment', async () => {
    const { url, requests } = await serve(local());
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await call(url)).toMatchObject({ kind: 'failed', isSent: false });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
    expect(requests()).toBe(0);
  });
});
