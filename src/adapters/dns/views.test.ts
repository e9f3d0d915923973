/* Views of a DNS server: which clients see which zone. */
import { describe, expect, it } from 'vitest';
import { memoryContext, memoryFiles } from '../memory-files.ts';
import { dns } from './index.ts';

const discover = (contents: Record<string, string>) => {
  const files = memoryFiles(contents);
  return dns.discover(
    files.filter((f) => dns.matches(f.path)),
    memoryContext(files),
  );
};
const zoneText = '@ 60 IN SOA ns h 1 2 3 4 5\n@ A 192.0.2.1\n';

describe('views', () => {
  const zone = { 'dns/b/views/in/example.org.zone': zoneText };
  it('by views.json', async () => {
    const views = '[\n {"name": "in", "clients": ["10.0.0.0/8"]},\n {"name": "out", "clients": ["any"]}\n]';
    const { facts, gaps } = await discover({ ...zone, 'dns/b/views.json': views });
    expect(gaps).toEqual([]);
    expect(facts.filter((f) => f.kind === 'dnsView').map((f) => [f.value, f.evidence.line])).toEqual([
      [{ server: 'dns/b', name: 'in', clients: ['10.0.0.0/8'], position: 0 }, 2],
      [{ server: 'dns/b', name: 'out', clients: ['0.0.0.0/0', '::/0'], position: 1 }, 3],
    ]);
    expect(facts.find((f) => f.kind === 'recordSet')?.value).toMatchObject({
      view: 'in',
      zone: 'example.org',
    });
  });
  it('by named.conf, with acls and the name of the zone', async () => {
    const conf = `acl lan { 10.0.0.0/8; 192.168.0.0/16; }; // inside
      view "in" { match-clients { lan; 172.16.0.0/12; }; zone "example.net" IN { type master; file "/etc/bind/db.x"; }; };
      /* rest */ view out { match-clients { any; }; };`;
    const { facts } = await discover({ 'dns/b/named.conf': conf, 'dns/b/views/in/db.x': 'a 5 A 192.0.2.1' });
    const views = facts.flatMap((f) =>
      'clients' in f.value && 'position' in f.value ? [[f.value.name, f.value.clients]] : [],
    );
    expect(views).toEqual([
      ['in', ['10.0.0.0/8', '192.168.0.0/16', '172.16.0.0/12']],
      ['out', ['0.0.0.0/0', '::/0']],
    ]);
    expect(facts.map((f) => f.key)).toContain('recordSet:dns/b|in|example.net|a.example.net|A');
    expect(facts.find((f) => f.kind === 'resolver')?.value).toMatchObject({ id: 'dns/b', program: 'bind' });
  });
  it.each([
    ['nothing says who sees them', {}, 'no file says which clients see the view in'],
    [
      'clients by key',
      { 'dns/b/named.conf': 'view in { match-clients { key k; !10.0.0.1; }; };' },
      'that a snapshot cannot tell',
    ],
    [
      'acls that loop',
      { 'dns/b/named.conf': 'acl a { b; }; acl b { a; }; view in { match-clients { a; }; };' },
      'that a snapshot cannot tell',
    ],
    ['broken JSON', { 'dns/b/views.json': '[{' }, 'the views cannot be read'],
  ])('%s: a gap', async (_, files, what) => {
    const { gaps } = await discover({ ...zone, ...files });
    expect(gaps[0]?.what).toContain(what);
    expect(gaps[0]?.kinds).toEqual(['dnsView']);
  });
});
