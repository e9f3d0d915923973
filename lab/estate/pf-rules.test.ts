/* What a firewall's configuration becomes: order, reflection and the mark that tells a proxy from a pass. */
import { describe, expect, test } from 'vitest';
import { makeEstate, readerOf } from '#estate/estate.ts';
import { fact } from '#estate/fact.ts';
import type { Firewall, FirewallInterface, PortForward } from '#estate/firewall.ts';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import { firewallRuleset } from './pf-rules.ts';

const evidence = { file: 'test' };
const any = { kind: 'any' } as const;
const forward: PortForward = {
  firewall: 'fw',
  position: 0,
  interface: 'wan',
  isEnabled: true,
  isException: false,
  match: {
    family: 4,
    protocol: 'tcp',
    source: any,
    sourcePort: any,
    destination: { kind: 'interface', name: 'wan', part: 'address', not: false },
    destinationPort: { kind: 'range', range: { first: 443, last: 443 } },
  },
  target: 'lb',
  localPort: 443,
  reflection: 'default',
  associatedRule: '',
  descr: '',
};

function rulesWith(options: {
  firewall?: Partial<Firewall>;
  forward?: Partial<PortForward>;
  entries?: readonly string[];
}) {
  const firewall: Firewall = {
    name: 'fw',
    product: 'pfsense',
    outboundNat: 'automatic',
    reflection: 'disable',
    reflectionSnat: false,
    isIpv6Allowed: false,
    ...options.firewall,
  };
  const base = {
    firewall: 'fw',
    descr: '',
    device: 'em0',
    isEnabled: true,
    isDynamic: false,
    blocksPrivate: false,
  };
  const wan: FirewallInterface = {
    ...base,
    name: 'wan',
    isWan: true,
    ipv4: { ip: ip('203.0.113.2'), network: prefix('203.0.113.0/24') },
  };
  const lan: FirewallInterface = {
    ...base,
    name: 'lan',
    isWan: false,
    ipv4: { ip: ip('10.0.20.1'), network: prefix('10.0.20.0/24') },
  };
  const estate = makeEstate([
    fact('firewall', firewall, evidence),
    fact('firewallInterface', wan, evidence),
    fact('firewallInterface', lan, evidence),
    fact(
      'alias',
      { firewall: 'fw', name: 'lb', type: 'host', entries: options.entries ?? ['10.0.20.200'], descr: '' },
      evidence,
    ),
    fact('portForward', { ...forward, ...options.forward }, evidence),
  ]);
  return firewallRuleset(readerOf(estate), 'fw').split('\n');
}

const dnat = (lines: readonly string[]) => lines.filter((line) => line.includes('dnat ip to'));

describe('a port forward', () => {
  test('applies on its own interface, to the alias’s address', () => {
    expect(dnat(rulesWith({}))).toEqual([
      'iifname { "wan" } meta nfproto ipv4 ip daddr { 203.0.113.2/32 } meta l4proto tcp th dport 443 dnat ip to 10.0.20.200',
    ]);
  });

  test('is not there when disabled, or when its alias is empty', () => {
    expect(dnat(rulesWith({ forward: { isEnabled: false } }))).toEqual([]);
    expect(dnat(rulesWith({ entries: [] }))).toEqual([]);
  });

  test('goes to another port where it says so', () => {
    expect(dnat(rulesWith({ forward: { localPort: 8443 } }))[0]).toMatch(/dnat ip to 10\.0\.20\.200:8443$/);
  });

  test('reflected as pure NAT: again on the inner interface, with source NAT only where that is asked for', () => {
    const plain = rulesWith({ firewall: { reflection: 'pure-nat' } });
    const hidden = rulesWith({ firewall: { reflection: 'pure-nat', reflectionSnat: true } });
    expect(dnat(plain).map((line) => /"(\w+)"/.exec(line)?.[1])).toEqual(['wan', 'lan']);
    expect(plain.filter((line) => line.includes('ct status dnat'))).toEqual([]);
    expect(hidden.filter((line) => line.includes('ct status dnat'))).toEqual([
      'oifname "lan" ct status dnat ip saddr 10.0.20.0/24 ip daddr 10.0.20.200 masquerade',
    ]);
  });

  test('the proxy hides every reflected client, and nobody who comes from outside by a pass', () => {
    const lines = rulesWith({ firewall: { reflection: 'nat-proxy' }, forward: { associatedRule: 'pass' } });
    const [outside = '', inside = ''] = dnat(lines);
    const hides = lines.find((line) => line.includes('ct status dnat')) ?? '';
    const markOf = (line: string) => /ct mark(?: set)? (0x\d+)/.exec(line)?.[1];
    expect(markOf(inside)).toBe(markOf(hides));
    expect(markOf(outside)).not.toBe(markOf(hides));
  });
});
