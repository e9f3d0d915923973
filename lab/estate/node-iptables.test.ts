/* kube-proxy's iptables rules from frontends written by hand: each line that decides something. */
import { describe, expect, test } from 'vitest';
import { ip } from '#net/ip.ts';
import { prefix } from '#net/prefix.ts';
import type { Frontend } from './frontends.ts';
import { iptablesRules } from './node-iptables.ts';
import type { ProxyFacts } from './proxy-facts.ts';

const facts: ProxyFacts = {
  family: 4,
  isLocal: { kind: 'source', prefixes: [prefix('10.244.0.0/16')] },
  masqueradeAll: false,
  podPrefixes: [prefix('10.244.0.0/16')],
  nodeIps: [ip('10.0.20.101')],
};
const near = { ip: ip('10.244.1.10'), port: 8443 };
const far = { ip: ip('10.244.2.10'), port: 8443 };
const base = {
  portId: 'web',
  family: 4,
  protocol: 'tcp',
  port: 443,
  anywhere: [near, far],
  here: [near],
} as const;
const inside: Frontend = { ...base, ip: ip('10.96.0.10'), isExternal: false, policy: 'cluster' };
const vip: Frontend = { ...base, ip: ip('10.0.20.200'), isExternal: true, policy: 'cluster' };
const local: Frontend = { ...vip, policy: 'local' };

/** Chains by kind and order of appearance: hashes say nothing to a reader. */
function rulesOf(frontends: readonly Frontend[], more: Partial<ProxyFacts> = {}): readonly string[] {
  const names = new Map<string, string>();
  const named = (_: string, kind: string, hash: string) => {
    const count = new Set([...names.keys()].filter((k) => k.startsWith(kind)));
    const key = `${kind} ${hash}`;
    if (!names.has(key)) names.set(key, `${kind}${count.size + 1}`);
    return names.get(key) ?? '';
  };
  const text = iptablesRules(frontends, { ...facts, ...more });
  const lines = text.split('\n').filter((line) => line.startsWith('-A'));
  return lines.map((line) => line.replaceAll(/KUBE-(SVC|SVL|EXT|FW|SEP)-([0-9A-F]{16})/g, named));
}

function has(frontends: readonly Frontend[], lines: readonly string[], more: Partial<ProxyFacts> = {}): void {
  expect(rulesOf(frontends, more)).toEqual(expect.arrayContaining([...lines]));
}

describe('Cluster', () => {
  test('from outside: marked for masquerade, then one of all endpoints, each as likely as the others', () => {
    has(
      [vip],
      [
        '-A KUBE-SERVICES -d 10.0.20.200 -m tcp -p tcp --dport 443 -j EXT1',
        '-A EXT1 -j KUBE-MARK-MASQ',
        '-A EXT1 -j SVC1',
        '-A SVC1 -m statistic --mode random --probability 0.5000000000 -j SEP1',
        '-A SVC1 -j SEP2',
        '-A SEP1 -s 10.244.1.10 -j KUBE-MARK-MASQ',
        '-A SEP1 -m tcp -p tcp -j DNAT --to-destination 10.244.1.10:8443',
      ],
    );
  });
  test('inside: only who is no pod is masqueraded', () => {
    has(
      [inside],
      [
        '-A KUBE-SERVICES -d 10.96.0.10 -m tcp -p tcp --dport 443 -j SVC1',
        '-A SVC1 -d 10.96.0.10 -m tcp -p tcp --dport 443 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ',
      ],
    );
  });
  test('masqueradeAll marks pods too, no detector marks nobody', () => {
    has([inside], ['-A SVC1 -d 10.96.0.10 -m tcp -p tcp --dport 443 -j KUBE-MARK-MASQ'], {
      masqueradeAll: true,
    });
    expect(rulesOf([inside], { isLocal: { kind: 'none' } }).join()).not.toContain('SVC1 -d 10.96.0.10');
  });
});

describe('Local', () => {
  test('pods and the node reach all endpoints, others this node’s as they are', () => {
    const rules = rulesOf([local]).filter((line) => line.startsWith('-A EXT1'));
    expect(rules).toEqual([
      '-A EXT1 -s 10.244.0.0/16 -j SVC1',
      '-A EXT1 -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ',
      '-A EXT1 -m addrtype --src-type LOCAL -j SVC1',
      '-A EXT1 -j SVL1',
    ]);
  });
  test('no endpoint here: dropped, though elsewhere there are some', () => {
    has(
      [{ ...local, here: [] }],
      ['-A KUBE-EXTERNAL-SERVICES -d 10.0.20.200 -m tcp -p tcp --dport 443 -j DROP'],
    );
  });
});

describe('refused and limited', () => {
  test('no endpoint at all: rejected, inside and outside', () => {
    const none = { anywhere: [], here: [] };
    const rules = rulesOf([
      { ...inside, ...none },
      { ...vip, ...none },
    ]);
    expect(rules.filter((line) => line.endsWith('REJECT'))).toEqual([
      '-A KUBE-SERVICES -d 10.96.0.10 -m tcp -p tcp --dport 443 -j REJECT',
      '-A KUBE-EXTERNAL-SERVICES -d 10.0.20.200 -m tcp -p tcp --dport 443 -j REJECT',
    ]);
    expect(rules.join()).not.toContain('DNAT');
  });
  test('source ranges: others fall through and are dropped', () => {
    has(
      [{ ...vip, sourceRanges: [prefix('192.168.1.0/24')] }],
      [
        '-A KUBE-SERVICES -d 10.0.20.200 -m tcp -p tcp --dport 443 -j FW1',
        '-A FW1 -s 192.168.1.0/24 -j EXT1',
        '-A KUBE-PROXY-FIREWALL -d 10.0.20.200 -m tcp -p tcp --dport 443 -j DROP',
      ],
    );
  });
  test('a node within the ranges may use the address as its source', () => {
    const rule = '-A FW1 -s 10.0.20.200 -j EXT1';
    has([{ ...vip, sourceRanges: [prefix('10.0.20.0/24')] }], [rule]);
    expect(rulesOf([{ ...vip, sourceRanges: [prefix('192.168.1.0/24')] }])).not.toContain(rule);
  });
});

describe('node ports and affinity', () => {
  const { ip: _, ...nodePort } = { ...vip, port: 30_443 };
  test('all local addresses, or those that are told', () => {
    has([nodePort], ['-A KUBE-NODEPORTS -m tcp -p tcp --dport 30443 -j EXT1']);
    expect(rulesOf([nodePort])).toContain('-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS');
    has([], ['-A KUBE-SERVICES -m addrtype --dst-type LOCAL -d 10.0.20.101 -j KUBE-NODEPORTS'], {
      nodePortOn: [ip('10.0.20.101')],
    });
  });
  test('who was at an endpoint not long ago goes there again', () => {
    const rules = iptablesRules([{ ...vip, affinitySeconds: 10_800 }], facts);
    // Both of all endpoints, and the one of this node's.
    expect(rules.match(/-m recent --name \S+ --rcheck --seconds 10800 --reap -j KUBE-SEP/g)).toHaveLength(3);
    expect(rules.match(/-m recent --name \S+ --set -m tcp -p tcp -j DNAT/g)).toHaveLength(2);
  });
});

test('the other family’s frontends are left to its own text', () => {
  expect(rulesOf([{ ...vip, family: 6 }]).join()).not.toContain('EXT1');
});
