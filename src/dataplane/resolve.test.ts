/* What a name means where: zones and views, wildcards, CNAME chains, overrides, rewriting, forwarding, translation. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import { ip } from '#net/ip.ts';
import { dnsName } from '#net/name.ts';
import { prefix } from '#net/prefix.ts';
import { homeReader, record, stated, vantage, zone } from '#test/estates.ts';
import { resolveName } from './resolve.ts';

const inner = (
  name: string,
  type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'TXT',
  values: readonly string[],
  more = {},
) => record('dns/technitium', name, type, values, more);

function nameRule(resolver: string, position: number, rule: Kinds['nameRule']['rule']): Fact<'nameRule'> {
  return stated('nameRule', { resolver, position, rule });
}

function ask(name: string, add: readonly Fact[] = [], from = 'lan', family: 4 | 6 = 4): readonly string[] {
  const answers = resolveName(homeReader({ add }), from, dnsName(name), family);
  return answers.map((a) => a.ip ?? a.edge?.value ?? a.disposition);
}

describe('zones', () => {
  const cases: readonly {
    name: string;
    ask: string;
    add?: readonly Fact[];
    from?: string;
    family?: 4 | 6;
    is: readonly string[];
  }[] = [
    { name: 'inside, the wildcard leads to the apex', ask: 'immich.example.org', is: ['10.0.20.200'] },
    {
      name: 'outside, the public record answers',
      ask: 'immich.example.org',
      from: 'internet',
      is: ['203.0.113.10'],
    },
    {
      name: 'a proxied record answers with its edge',
      ask: 'proxied.example.org',
      from: 'internet',
      is: ['0b1c2d3e.cfargotunnel.com'],
    },
    {
      name: 'several addresses are several answers',
      ask: 'two.example.org',
      add: [inner('two.example.org', 'A', ['10.0.20.1', '10.0.20.2'])],
      is: ['10.0.20.1', '10.0.20.2'],
    },
    {
      name: 'a name of its own hides the wildcard',
      ask: 'own.example.org',
      add: [inner('own.example.org', 'A', ['10.0.20.9'])],
      is: ['10.0.20.9'],
    },
    {
      name: 'a name with other types only has no address',
      ask: 'text.example.org',
      add: [inner('text.example.org', 'TXT', ['x'])],
      is: ['no-name'],
    },
    { name: 'the wildcard covers any depth', ask: 'a.b.example.org', is: ['10.0.20.200'] },
    {
      name: 'but not below a name that exists (RFC 4592)',
      ask: 'x.own.example.org',
      add: [inner('own.example.org', 'A', ['10.0.20.9'])],
      is: ['no-name'],
    },
    {
      name: 'nor below an empty one',
      ask: 'x.sub.example.org',
      add: [inner('deep.sub.example.org', 'A', ['10.0.20.9'])],
      is: ['no-name'],
    },
    {
      name: 'AAAA is asked apart: an apex with A alone has none',
      ask: 'immich.example.org',
      family: 6,
      is: ['no-name'],
    },
    {
      name: 'a chain into another zone',
      ask: 'far.example.org',
      add: [
        inner('far.example.org', 'CNAME', ['host.example.net']),
        zone('dns/technitium', 'example.net', false),
        inner('host.example.net', 'A', ['10.0.20.33'], { zone: dnsName('example.net') }),
      ],
      is: ['10.0.20.33'],
    },
    {
      name: 'a chain out of the estate',
      ask: 'far.example.org',
      add: [inner('far.example.org', 'CNAME', ['cdn.example.net'])],
      is: ['unknown'],
    },
    {
      name: 'a loop of CNAMEs ends',
      ask: 'one.example.org',
      add: [
        inner('one.example.org', 'CNAME', ['two.example.org']),
        inner('two.example.org', 'CNAME', ['one.example.org']),
      ],
      is: ['no-name'],
    },
    {
      name: 'the more specific zone answers alone',
      ask: 'x.lab.example.org',
      add: [zone('dns/technitium', 'lab.example.org', false)],
      is: ['no-name'],
    },
    {
      name: 'a delegation leads out of the snapshot',
      ask: 'x.lab.example.org',
      add: [inner('lab.example.org', 'NS', ['ns.example.net'])],
      is: ['unknown'],
    },
    { name: 'no zone anywhere', ask: 'elsewhere.example.com', is: ['unknown'] },
    { name: 'the public zone has no such name', ask: 'gone.example.org', from: 'internet', is: ['no-name'] },
    {
      name: 'a vantage point without a resolver told',
      ask: 'immich.example.org',
      add: [vantage('lan', 'lan', ['192.168.1.20'])],
      is: ['unknown'],
    },
    {
      name: 'a resolver that is not told',
      ask: 'immich.example.org',
      add: [vantage('lan', 'lan', ['192.168.1.20'], { resolver: 'mystery' })],
      is: ['unknown'],
    },
  ];
  test.each(cases)('$name', (c) => {
    expect(ask(c.ask, c.add, c.from, c.family)).toEqual(c.is);
  });

  test('the chain names every record with its TTL', () => {
    const [answer] = resolveName(homeReader(), 'lan', dnsName('immich.example.org'), 4);
    expect(answer?.chain.map((l) => [l.resolver, l.name, l.type, l.ttlSeconds])).toEqual([
      ['technitium', '*.example.org', 'CNAME', 300],
      ['technitium', 'example.org', 'A', 300],
    ]);
  });
});

describe('views by client', () => {
  const views: readonly Fact[] = [
    stated('resolver', { id: 'bind', program: 'bind', address: ip('10.0.20.5'), serves: ['dns/bind'] }),
    stated('dnsView', {
      server: 'dns/bind',
      name: 'inside',
      clients: [prefix('192.168.0.0/16')],
      position: 0,
    }),
    stated('dnsView', { server: 'dns/bind', name: 'rest', clients: [prefix('10.0.0.0/8')], position: 1 }),
    zone('dns/bind', 'example.org', false, 'inside'),
    zone('dns/bind', 'example.org', false, 'rest'),
    record('dns/bind', 'immich.example.org', 'A', ['10.0.20.200'], { view: 'inside' }),
    record('dns/bind', 'immich.example.org', 'A', ['203.0.113.10'], { view: 'rest' }),
  ];
  const at = (client: string) => [...views, vantage('lan', 'lan', [client], { resolver: 'bind' })];
  test.each([
    ['192.168.1.20', ['10.0.20.200']],
    ['10.9.9.9', ['203.0.113.10']],
    ['172.16.0.9', ['no-name']],
  ] as const)('%s gets %s', (client, is) => {
    expect(ask('immich.example.org', at(client))).toEqual(is);
  });

  test('a forwarder is the client of the next server', () => {
    const unbound = stated('resolver', {
      id: 'unbound',
      program: 'unbound',
      address: ip('10.0.10.1'),
      serves: [],
      forwardsTo: 'bind',
    });
    const nameless = stated('resolver', {
      id: 'unbound',
      program: 'unbound',
      serves: [],
      forwardsTo: 'bind',
    });
    const from = vantage('lan', 'lan', ['192.168.1.20'], { resolver: 'unbound' });
    expect(ask('immich.example.org', [...views, unbound, from])).toEqual(['203.0.113.10']);
    expect(ask('immich.example.org', [...views, nameless, from])).toEqual(['unknown']);
  });
});

describe('rules of a resolver', () => {
  const cases: readonly {
    name: string;
    ask: string;
    add: readonly Fact[];
    from?: string;
    family?: 4 | 6;
    is: readonly string[];
  }[] = [
    {
      name: 'a host override wins over the zone',
      ask: 'immich.example.org',
      add: [
        nameRule('technitium', 0, {
          kind: 'host',
          name: dnsName('immich.example.org'),
          addresses: [ip('10.0.20.44')],
        }),
      ],
      is: ['10.0.20.44'],
    },
    {
      name: 'an override of the other family leaves none',
      ask: 'immich.example.org',
      family: 6,
      add: [
        nameRule('technitium', 0, {
          kind: 'host',
          name: dnsName('immich.example.org'),
          addresses: [ip('10.0.20.44')],
        }),
      ],
      is: ['no-name'],
    },
    {
      name: 'CoreDNS rewrites a name exactly',
      ask: 'old.example.org',
      from: 'pod',
      add: [
        nameRule('coredns', 0, {
          kind: 'rewrite',
          match: 'exact',
          from: 'old.example.org',
          to: 'traefik.traefik.svc.cluster.local',
        }),
      ],
      is: ['10.96.0.80'],
    },
    {
      name: 'by suffix',
      ask: 'traefik.traefik.inner',
      from: 'pod',
      add: [
        nameRule('coredns', 0, {
          kind: 'rewrite',
          match: 'suffix',
          from: '.inner',
          to: '.svc.cluster.local',
        }),
      ],
      is: ['10.96.0.80'],
    },
    {
      name: 'by pattern',
      ask: 'x.example.org',
      from: 'pod',
      add: [
        nameRule('coredns', 0, {
          kind: 'rewrite',
          match: 'regex',
          from: '^[a-z]+\\.example\\.org\\.$',
          to: 'traefik.traefik.svc.cluster.local',
        }),
      ],
      is: ['10.96.0.80'],
    },
    {
      name: 'a pattern that repeats repeats is not tried',
      ask: 'x.example.org',
      from: 'pod',
      add: [nameRule('coredns', 0, { kind: 'rewrite', match: 'regex', from: '^(a+)+$', to: 'x' })],
      is: ['unknown'],
    },
    {
      name: 'a rule that is not understood',
      ask: 'x.example.org',
      from: 'pod',
      add: [nameRule('coredns', 0, { kind: 'unknown', text: 'template IN A' })],
      is: ['unknown'],
    },
    {
      name: 'forwarding by zone, by address',
      ask: 'immich.example.org',
      from: 'pod',
      add: [
        nameRule('coredns', 0, { kind: 'forward', zone: dnsName('example.org'), to: ['10.0.20.201:53'] }),
        nameRule('coredns', 1, { kind: 'forward', zone: dnsName(''), to: ['9.9.9.9'] }),
      ],
      is: ['10.0.20.200'],
    },
    {
      name: 'a public forwarder is the public DNS',
      ask: 'immich.example.org',
      from: 'pod',
      add: [nameRule('coredns', 1, { kind: 'forward', zone: dnsName(''), to: ['tls://9.9.9.9'] })],
      is: ['203.0.113.10'],
    },
    {
      name: 'a private one about which nothing is told',
      ask: 'immich.example.org',
      from: 'pod',
      add: [nameRule('coredns', 1, { kind: 'forward', zone: dnsName(''), to: ['10.0.99.1'] })],
      is: ['unknown'],
    },
    {
      name: 'resolvers in a circle',
      ask: 'x.example.com',
      from: 'pod',
      add: [
        stated('resolver', {
          id: 'technitium',
          program: 'technitium',
          address: ip('10.0.20.201'),
          serves: ['dns/technitium'],
          forwardsTo: 'coredns',
        }),
      ],
      is: ['no-name'],
    },
    {
      name: 'a Service of the cluster',
      ask: 'traefik.traefik.svc.cluster.local',
      from: 'pod',
      add: [],
      is: ['10.96.0.80'],
    },
    {
      name: 'a Service that is not there',
      ask: 'none.traefik.svc.cluster.local',
      from: 'pod',
      add: [],
      is: ['no-name'],
    },
  ];
  test.each(cases)('$name', (c) => {
    expect(ask(c.ask, c.add, c.from, c.family)).toEqual(c.is);
  });
});

describe('Technitium\u2019s address translation', () => {
  const map = (
    group: string,
    clients: readonly string[],
    to: string,
    more: Partial<Kinds['translation']> = {},
  ) =>
    stated('translation', {
      server: 'dns/technitium',
      group,
      clients: clients.map(prefix),
      from: ip('203.0.113.10'),
      to: ip(to),
      isEnabled: true,
      ...more,
    });
  const mail = inner('mail.example.org', 'A', ['203.0.113.10']);
  const cases: readonly { name: string; add: readonly Fact[]; is: string }[] = [
    {
      name: 'for clients of the group, any name',
      add: [map('lan', ['192.168.0.0/16'], '10.0.20.200')],
      is: '10.0.20.200',
    },
    { name: 'not for others', add: [map('lan', ['10.0.0.0/8'], '10.0.20.200')], is: '203.0.113.10' },
    {
      name: 'the most specific network',
      add: [map('wide', ['192.168.0.0/16'], '10.0.20.200'), map('near', ['192.168.1.0/24'], '10.0.20.201')],
      is: '10.0.20.201',
    },
    {
      name: 'a domain before a network',
      add: [
        map('near', ['192.168.1.0/24'], '10.0.20.201'),
        map('named', [], '10.0.20.202', { domains: [dnsName('example.org')] }),
      ],
      is: '10.0.20.202',
    },
    {
      name: 'a domain of the name that is asked, not of the one that a CNAME leads to',
      add: [
        inner('mail.example.org', 'CNAME', ['host.example.org']),
        inner('host.example.org', 'A', ['203.0.113.10']),
        map('asked', [], '10.0.20.202', { domains: [dnsName('mail.example.org')] }),
        map('led', [], '10.0.20.203', { domains: [dnsName('host.example.org')] }),
      ],
      is: '10.0.20.202',
    },
    {
      name: 'a disabled group that is nearer keeps the wider one from it',
      add: [
        map('wide', ['192.168.0.0/16'], '10.0.20.200'),
        map('near', ['192.168.1.0/24'], '10.0.20.201', { isEnabled: false }),
      ],
      is: '203.0.113.10',
    },
    {
      name: 'disabled',
      add: [map('lan', ['192.168.0.0/16'], '10.0.20.200', { isEnabled: false })],
      is: '203.0.113.10',
    },
  ];
  test.each(cases)('$name', (c) => {
    const own = c.add.some((f) => f.kind === 'recordSet') ? [] : [mail];
    expect(ask('mail.example.org', [...own, ...c.add])).toEqual([c.is]);
  });

  test('also for what the server asks elsewhere', () => {
    const outside = record('dns/cloudflare', 'www.example.com', 'A', ['203.0.113.10'], {
      zone: dnsName('example.com'),
      isProxied: false,
    });
    expect(
      ask('www.example.com', [
        zone('dns/cloudflare', 'example.com', true),
        outside,
        map('lan', ['192.168.0.0/16'], '10.0.20.200'),
      ]),
    ).toEqual(['10.0.20.200']);
  });
});
