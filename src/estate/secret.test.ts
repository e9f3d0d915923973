/* What is hidden, and what must stay readable. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { redactArguments, redactSetting, Secret } from './secret.ts';

describe('Secret', () => {
  it('prints as [secret] everywhere', () => {
    const s = new Secret('hunter2');
    expect([`${s}`, JSON.stringify({ s }), inspect(s), inspect({ s })].join()).not.toContain('hunter2');
    expect(s.reveal()).toBe('hunter2');
  });
});

describe('redaction', () => {
  const settings: readonly [name: string, value: string, shown: string][] = [
    ['API_TOKEN', 'abc', '[secret]'],
    ['PGPASSWORD', 'abc', '[secret]'],
    ['secretName', 'tls-cert', 'tls-cert'],
    ['existingSecret', 'name', 'name'],
    ['credentials-file', '/etc/x.json', '/etc/x.json'],
    ['URL', 'postgres://u:p@db:5432/x', 'postgres://[secret]@db:5432/x'],
    ['URL', 'https://10.0.0.1:443/x', 'https://10.0.0.1:443/x'],
    ['X', 'ghp_0123456789abcdefghij', '[secret]'],
    ['X', '10.0.20.200', '10.0.20.200'],
    ['password', '', ''],
  ];
  it.each(settings)('%s = %s', (name, value, shown) => {
    expect(redactSetting(name, value)).toBe(shown);
  });

  it('arguments, with and without an equals sign', () => {
    expect(
      redactArguments([
        'run',
        '--token=a',
        '--password',
        'b',
        '--entryPoints.web.address=:80',
        'API_KEY=c',
        '--token-file=/x',
      ]),
    ).toEqual([
      'run',
      '--token=[secret]',
      '--password',
      '[secret]',
      '--entryPoints.web.address=:80',
      'API_KEY=[secret]',
      '--token-file=/x',
    ]);
  });
});
