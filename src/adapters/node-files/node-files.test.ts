/* Files of nodes: the table or the line around each address. */
import { describe, expect, it } from 'vitest';
import { discover, valuesOf } from '#test/memory-files.ts';
import { nodeFilesSource } from './index.ts';

const places = async (path: string, text: string | Uint8Array) => {
  const { facts, gaps } = await discover(nodeFilesSource, { [path]: text });
  return { gaps, found: valuesOf(facts, 'mention').map((m) => [m.line, m.text, m.syntax, m.path]), facts };
};

describe('node files', () => {
  it('reads mirrors in hosts.toml, by address and by name', async () => {
    const text =
      'server = "https://git.example.org"\n# was 10.0.20.9\n[host."https://10.0.20.200:443"]\n  header = { Host = "git.example.org" }\n';
    const { found, facts } = await places('node/n1/containerd/certs.d/git.example.org/hosts.toml', text);
    expect(found).toEqual([
      [1, 'git.example.org', 'toml', 'server'],
      [2, '10.0.20.9', 'comment', undefined],
      [3, '10.0.20.200', 'toml', 'host."https://10.0.20.200:443"'],
      [4, 'git.example.org', 'toml', 'host."https://10.0.20.200:443".header'],
    ]);
    for (const m of valuesOf(facts, 'mention')) expect(text.slice(m.start, m.end)).toBe(m.text);
  });

  it('reads hosts files with the names of each line', async () => {
    const { found } = await places(
      'node/n1/etc_hosts',
      '127.0.0.1 localhost\n::1 ip6-localhost\n10.0.20.200 a b # c\n',
    );
    expect(found).toEqual([
      [1, '127.0.0.1', 'hosts', 'localhost'],
      [2, '::1', 'hosts', 'ip6-localhost'],
      [3, '10.0.20.200', 'hosts', 'a b'],
    ]);
  });

  it('reads anything else as text', async () => {
    const { found } = await places(
      'node/storage/haproxy.cfg',
      'frontend x\r\n  bind 2001:db8::443:443\r\n  server a 10.0.20.200:443\r\n',
    );
    expect(found).toContainEqual([3, '10.0.20.200', 'text', undefined]);
  });

  it('a file that is no text is a gap of that node', async () => {
    const { gaps } = await places('node/n1/x', new Uint8Array([0xff, 0xfe]));
    expect(gaps[0]).toMatchObject({ system: 'node/n1', kinds: ['mention'] });
  });
});
