/* Peer and forwarding headers at a listener, and what an address on that flow stands for. */
import { describe, expect, test } from 'vitest';
import type { Listener } from '#estate/ingress.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { ingress } from '#test/estates.ts';
import { type Arrival, firstAddress, lastEntry, readHeaders } from './headers.ts';

const client = ip('198.51.100.7');
const bridge = ip('10.0.20.60');
const before = ip('10.0.20.61');
const forged = ip('192.0.2.66');
const stranger = ip('192.0.2.99');

function listener(more: Partial<Listener> = {}): Listener {
  const [, secure] = ingress(more).value.listeners;
  if (!secure) throw new Error('there are two listeners');
  return secure;
}

const arrival = (more: Partial<Arrival> = {}): Arrival => ({
  client,
  seenAs: bridge,
  peerIs: 'bridge',
  peerSays: '',
  because: [],
  protocol: 'tcp',
  sent: {},
  forged: {},
  ...more,
});
const readsProxy = listener({ proxyProtocol: { from: [prefix('10.0.20.60/32')], everyone: false } });
const trustsAll = listener({ forwardedHeaders: { from: [], everyone: true } });

describe('what an address stands for', () => {
  const sent = { 'x-forwarded-for': `${forged}, ${stranger}` };
  const cases = [
    ['the client', readHeaders(listener(), arrival()), client, 'client'],
    ['the peer', readHeaders(listener(), arrival()), bridge, 'bridge'],
    [
      'what the client wrote',
      readHeaders(trustsAll, arrival({ sent, forged: { 'x-forwarded-for': forged } })),
      forged,
      'forged',
    ],
    ['what nobody can place', readHeaders(trustsAll, arrival({ sent })), stranger, 'unknown'],
    [
      'whom a PROXY header tells',
      readHeaders(readsProxy, arrival({ proxyClient: client })),
      client,
      'client',
    ],
    [
      'who sent the PROXY header',
      readHeaders(readsProxy, arrival({ proxyClient: client })),
      bridge,
      'bridge',
    ],
    [
      'whom it tells, where that is a bridge before it',
      readHeaders(readsProxy, arrival({ proxyClient: before })),
      before,
      'bridge',
    ],
    [
      'another, with a PROXY header',
      readHeaders(readsProxy, arrival({ proxyClient: client })),
      stranger,
      'unknown',
    ],
  ] as const;
  test.each(cases)('%s', (_name, headers, address, is) => {
    expect(headers.isOf(address)).toBe(is);
  });
});

describe('the peer', () => {
  const cases = [
    ['of the socket', listener(), arrival(), bridge, 'bridge'],
    ['of a PROXY header', readsProxy, arrival({ proxyClient: client }), client, 'client'],
    [
      'of a PROXY header that a bridge before it sent',
      readsProxy,
      arrival({ proxyClient: before }),
      before,
      'bridge',
    ],
    [
      'over UDP, where PROXY headers are not read',
      readsProxy,
      arrival({ proxyClient: client, protocol: 'udp' }),
      bridge,
      'bridge',
    ],
  ] as const;
  test.each(cases)('%s', (_name, at, from, remote, remoteIs) => {
    expect(readHeaders(at, from)).toMatchObject({ remote, remoteIs });
  });

  test('that is not known: nothing is trusted, nothing is told', () => {
    const from = arrival({ seenAs: undefined, sent: { 'x-forwarded-for': forged, 'x-real-ip': forged } });
    const is = { isTrusted: false, forwardedFor: '', realIp: '', logged: '' };
    expect(readHeaders(trustsAll, from)).toMatchObject(is);
    expect(
      readHeaders(listener({ forwardedHeaders: { from: [prefix('10.0.0.0/8')], everyone: false } }), from),
    ).toMatchObject(is);
  });
});

test('ends of a forwarding list', () => {
  expect([firstAddress(`${forged}, ${client}`), firstAddress(''), firstAddress('unknown, x')]).toEqual([
    forged,
    undefined,
    undefined,
  ]);
  expect([lastEntry(`${forged},  ${client} `), lastEntry(client), lastEntry('')]).toEqual([
    client,
    client,
    '',
  ]);
});
