/* One's own request in a live log: found by its mark alone, and whom the line takes for the client. */
import { describe, expect, it } from 'vitest';
import { clientsIn } from './live.ts';

const mark = 'abcDEF123-_x';
const path = `/?sightline-probe=${mark}`;
const json = (fields: object) => JSON.stringify({ RequestPath: path, ...fields });

describe('clientsIn', () => {
  it.each<[string, string, object | undefined]>([
    [
      'Traefik, JSON',
      json({ ClientAddr: '192.0.2.1:4711', ClientHost: '192.0.2.9' }),
      { kind: 'client', ip: '192.0.2.1' },
    ],
    [
      'Traefik, JSON, IPv6',
      json({ ClientAddr: '[2001:db8::1]:4711' }),
      { kind: 'client', ip: '2001:db8::1' },
    ],
    ['nginx, JSON', json({ remote_addr: '192.0.2.1' }), { kind: 'client', ip: '192.0.2.1' }],
    [
      'common format',
      `192.0.2.1 - - [01/Jan/2026:00:00:00 +0000] "GET ${path} HTTP/2.0" 200 5`,
      { kind: 'client', ip: '192.0.2.1' },
    ],
    [
      'common format, IPv6',
      `2001:db8::1 - - [x] "GET ${path} HTTP/1.1" 200 5`,
      { kind: 'client', ip: '2001:db8::1' },
    ],
    [
      'the user agent',
      `192.0.2.1 - - [x] "GET / HTTP/1.1" 200 5 "-" "sightline-probe/${mark}"`,
      { kind: 'client', ip: '192.0.2.1' },
    ],
    ['another program', `level=info path="${path}" from=192.0.2.1`, { kind: 'unknown-format' }],
    ['JSON without an address', json({}), { kind: 'unknown-format' }],
    ['JSON that was cut', `{"ClientAddr":"192.0.2.1:1","RequestPath":"${path}`, { kind: 'unknown-format' }],
    ['an address that is none', `999.0.2.1 - - "GET ${path}"`, { kind: 'unknown-format' }],
    ['a name for an address', json({ ClientAddr: 'evil.example.org:1' }), { kind: 'unknown-format' }],
    ['another’s mark', `192.0.2.1 - - [x] "GET /?sightline-probe=somebodyElses HTTP/1.1" 200`, undefined],
    ['no mark', `192.0.2.1 - - [x] "GET / HTTP/1.1" 200`, undefined],
  ])('%s', (_, line, client) => {
    const noise = '192.0.2.77 - - [x] "GET /other HTTP/1.1" 200 5\n\u0000\ufffd{"\n';
    expect(clientsIn(`${noise}${line}\n${noise}`, new Set([mark])).get(mark)).toEqual(client);
  });

  it('finds many among many lines', () => {
    const marks = Array.from({ length: 50 }, (_, i) => `mark-number-${i}`);
    const text = marks
      .map((m, i) => `192.0.2.${i} - - [x] "GET /?sightline-probe=${m} HTTP/2.0" 200 5`)
      .join('\n');
    const found = clientsIn(text, new Set(marks));
    expect(marks.map((m) => found.get(m))).toEqual(
      marks.map((_, i) => ({ kind: 'client', ip: `192.0.2.${i}` })),
    );
  });
});
