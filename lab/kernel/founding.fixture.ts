/*
 * The founding design's direct app, written by hand for the lab's own tests: an internet client, a firewall that
 * forwards 443 (tcp and udp) to the VIP, three nodes of which two run the ingress, and rules as kube-proxy writes them.
 * The pods of a node share a netns beside the node's, so that a flow to a pod on the announcing node passes
 * postrouting as it does on a real node.
 */
import { type Authority, type Identity, makeAuthority } from '../hosts/certificate.ts';
import type { EntryPoint } from '../hosts/ingress-types.ts';
import type { Attempt, AttemptTarget } from '../traffic/attempt.ts';
import { Announcer } from './announcer.ts';
import type { BoxMode } from './box.ts';
import { type Lab, startLab } from './lab.ts';
import type { LabHost, LabLink, Topology } from './topology.ts';

export const client = '198.51.100.7';
export const client6 = '2001:db8:100::7';
export const wan = '198.51.100.1';
export const vip = '10.0.20.200';
export const vip6 = '2001:db8:20::200';
export const nodes = [1, 2, 3] as const;

export type Policy = 'cluster' | 'local';

const podNodes: readonly number[] = [1, 2];

/** The nodes' own sysctls, as kubelet and kube-proxy set them. */
const router = { 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.*.forwarding': 1 };

const firewallRules = `
table ip firewall {
  chain forwards {
    type nat hook prerouting priority dstnat;
    iifname "wan" ip daddr ${wan} meta l4proto { tcp, udp } th dport 443 dnat to ${vip}
  }
}
`;

export const topology: Topology = {
  switches: [{ name: 'lan' }],
  hosts: [
    {
      name: 'internet',
      addresses: [
        { dev: 'eth0', address: `${client}/24` },
        { dev: 'eth0', address: `${client6}/64` },
      ],
      routes: ['default via 198.51.100.1', '::/0 via 2001:db8:100::1'],
    },
    {
      name: 'firewall',
      addresses: [
        { dev: 'wan', address: `${wan}/24` },
        { dev: 'wan', address: '2001:db8:100::1/64' },
        { dev: 'lan', address: '10.0.20.1/24' },
        { dev: 'lan', address: '2001:db8:20::1/64' },
      ],
      sysctls: router,
      ruleset: firewallRules,
    },
    {
      name: 'desktop',
      addresses: [{ dev: 'eth0', address: '10.0.20.50/24' }],
      routes: ['default via 10.0.20.1'],
    },
    ...nodes.flatMap(nodeHosts),
  ],
  links: [
    link('internet', 'eth0', 'firewall', 'wan'),
    link('firewall', 'lan', 'lan', 'fw'),
    link('desktop', 'eth0', 'lan', 'desktop'),
    ...nodes.flatMap((n) => [
      link(`node${n}`, 'eth0', 'lan', `node${n}`),
      link(`node${n}`, 'pods', `pods${n}`, 'eth0'),
    ]),
  ],
};

/** Rules of one node for the VIP, as kube-proxy's nftables mode: hand-written, no model involved. */
export function nodeRules(node: number, policy: Policy): string {
  const local = podNodes.filter((one) => one === node);
  const chosen = policy === 'cluster' ? podNodes : local;
  return [4, 6].map((family) => familyRules(family, policy, chosen)).join('\n');
}

function familyRules(family: number, policy: Policy, chosen: readonly number[]): string {
  const [table, address] = family === 4 ? ['ip', vip] : ['ip6', vip6];
  const map = chosen.map((n, at) => `${at} : goto endpoint-${n}`).join(', ');
  const to = chosen.length === 0 ? 'drop' : `numgen random mod ${chosen.length} vmap { ${map} }`;
  const mark = policy === 'cluster' ? 'meta mark set meta mark or 0x4000' : '';
  return `
table ${table} kube-proxy
delete table ${table} kube-proxy
table ${table} kube-proxy {
  ${chosen.map((n) => endpointChain(family, n)).join('')}
  chain external {
    ${mark}
    ${to}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ${table} daddr ${address} meta l4proto { tcp, udp } th dport 443 goto external
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    meta mark and 0x4000 != 0x4000 return
    meta mark set meta mark xor 0x4000
    masquerade fully-random
  }
}
`;
}

function endpointChain(family: number, n: number): string {
  const pod = family === 4 ? `10.244.${n}.11` : `[fd00:244:${n}::11]`;
  const rules = ['tcp', 'udp'].map((protocol) => `meta l4proto ${protocol} dnat to ${pod}:8443`);
  return `chain endpoint-${n} {\n${rules.join('\n')}\n}\n`;
}

export const entryPoint: EntryPoint = {
  name: 'websecure',
  port: 8443,
  tls: true,
  http3: true,
  altSvc: 'h3=":443"; ma=2592000',
};

/** The lab with its ingress on nodes 1 and 2, an announcer on every node, and nothing announced yet. */
export interface Founding {
  readonly lab: Lab;
  readonly authority: Authority;
  readonly announcers: readonly Announcer[];
  /** Ids of the ingresses of pods1 and pods2. */
  readonly ingresses: readonly string[];
}

export async function startFounding(mode?: BoxMode): Promise<Founding> {
  const lab = await startLab(topology, mode === undefined ? {} : { mode });
  if (lab.kind !== 'lab') throw new Error(lab.reason);
  const authority = makeAuthority();
  const identity = authority.issue(['*.example.org']);
  const ingresses = await Promise.all(podNodes.map((n) => startIngress(lab, n, identity)));
  const announcers = await Promise.all(nodes.map((n) => Announcer.start(lab, `node${n}`, 'eth0')));
  return { lab, authority, announcers, ingresses };
}

async function startIngress(lab: Lab, n: number, identity: Identity): Promise<string> {
  const agent = await lab.agent(`pods${n}`);
  const { id } = await agent.ask('ingress.start', {
    pods: [{ name: `traefik-${n}`, addresses: [`10.244.${n}.11`, `fd00:244:${n}::11`] }],
    identity,
    entryPoints: [entryPoint],
    routers: [{ name: 'immich@kubernetes', hosts: ['immich.example.org'] }],
  });
  return id;
}

/** Moves both VIPs to a node. */
export async function announceFrom({ announcers }: Founding, node: number): Promise<void> {
  await Promise.all(announcers.flatMap((one) => [one.remove(vip), one.remove(vip6)]));
  await announcers[node - 1]?.add(vip);
  await announcers[node - 1]?.add(vip6);
}

/** The same target from the internet over each protocol, so many times each, all at once. */
export async function tryMany({ lab }: Founding, target: Target, times: number): Promise<readonly Attempt[]> {
  const agent = await lab.agent('internet');
  const protocols = ['http1', 'http2', 'http3'] as const;
  const asks = protocols.flatMap((protocol) =>
    Array.from({ length: times }, () => ({ ...target, protocol })),
  );
  return Promise.all(asks.map((ask) => agent.ask('attempt', ask)));
}

type Target = Omit<AttemptTarget, 'protocol'>;

/** Loads a policy on every node and forgets all old translations. */
export async function setPolicy(lab: Lab, policy: Policy): Promise<void> {
  await Promise.all(nodes.map((n) => lab.loadRules(`node${n}`, nodeRules(n, policy))));
  await lab.flushConntrack();
}

function nodeHosts(n: number): readonly LabHost[] {
  const others = nodes.filter((one) => one !== n);
  const node: LabHost = {
    name: `node${n}`,
    addresses: [
      { dev: 'eth0', address: `10.0.20.10${n}/24` },
      { dev: 'eth0', address: `2001:db8:20::10${n}/64` },
      { dev: 'pods', address: `10.244.${n}.1/24` },
      { dev: 'pods', address: `fd00:244:${n}::1/64` },
    ],
    routes: [
      'default via 10.0.20.1',
      '::/0 via 2001:db8:20::1',
      ...others.map((one) => `10.244.${one}.0/24 via 10.0.20.10${one}`),
      ...others.map((one) => `fd00:244:${one}::/64 via 2001:db8:20::10${one}`),
    ],
    sysctls: router,
    ruleset: nodeRules(n, 'cluster'),
  };
  const pods: LabHost = {
    name: `pods${n}`,
    addresses: [
      { dev: 'eth0', address: `10.244.${n}.11/24` },
      { dev: 'eth0', address: `fd00:244:${n}::11/64` },
    ],
    routes: [`default via 10.244.${n}.1`, `::/0 via fd00:244:${n}::1`],
  };
  return [node, pods];
}

function link(at: string, dev: string, otherAt: string, otherDev: string): LabLink {
  return {
    ends: [
      { at, dev },
      { at: otherAt, dev: otherDev },
    ],
  };
}
