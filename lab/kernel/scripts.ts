/*
 * Writes what brings a topology up: one `ip -batch` file for all netns and links, and one small shell script a host.
 * Pure text, so that it can be read and tested without a kernel.
 */
import type { Iptables, LabHost, LinkEnd, Topology } from './topology.ts';

/** Every host starts from these, whatever the machine's own settings are (IPv4's would be inherited). */
export const baseSysctls: Readonly<Record<string, string | number>> = {
  'net.ipv4.ip_forward': 0,
  'net.ipv4.conf.*.rp_filter': 0,
  'net.ipv4.conf.*.arp_ignore': 0,
  'net.ipv4.conf.*.arp_announce': 0,
  'net.ipv4.conf.*.accept_redirects': 0,
  'net.ipv4.conf.*.send_redirects': 1,
  'net.ipv4.conf.*.accept_local': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  // Below lie the ports that a load gives out itself.
  'net.ipv4.ip_local_port_range': '61000 65535',
  'net.ipv6.conf.*.accept_dad': 0,
  'net.ipv6.conf.*.accept_ra': 0,
  'net.ipv6.conf.*.forwarding': 0,
  'net.ipv6.conf.*.disable_ipv6': 0,
};

/** The lines of the one `ip -batch` that makes every netns, bridge and link. */
export function networkBatch(topology: Topology): string {
  const switches = new Set(topology.switches.map((one) => one.name));
  return [
    ...[...topology.hosts, ...topology.switches].map((one) => `netns add ${one.name}`),
    ...topology.links.map((link) => {
      const mtu = link.mtu === undefined ? '' : ` mtu ${link.mtu}`;
      const [a, b] = link.ends;
      return `link add ${linkEnd(a)}${mtu} type veth peer ${linkEnd(b)}${mtu}`;
    }),
    ...[...switches].map((name) => `link add br0 netns ${name} type bridge mcast_snooping 0 forward_delay 0`),
    '',
  ].join('\n');
}

/** The script that sets one host up from inside its netns. */
export function hostScript(host: LabHost, topology: Topology): string {
  const devs = devsOf(host.name, topology);
  const batch = [
    ...['lo', ...devs].map((dev) => `link set ${dev} up`),
    ...(host.addresses ?? []).map((one) => `address add ${one.address} dev ${one.dev}`),
    ...(host.rules ?? []).map((rule) => `rule add ${rule}`),
    ...(host.routes ?? []).map((route) => `route add ${route}`),
  ];
  return [
    'set -e',
    ...Object.entries({ ...baseSysctls, ...host.sysctls }).flatMap(([key, value]) => setSysctl(key, value)),
    ...heredoc('ip -batch -', batch.join('\n')),
    ...(host.ruleset === undefined ? [] : heredoc('nft -f -', host.ruleset)),
    ...(host.iptables === undefined ? [] : restoreScript(host.iptables)),
    '',
  ].join('\n');
}

/** Replaces the tables that the texts name, each in one go. */
export function restoreScript({ v4, v6 }: Iptables): readonly string[] {
  return [...heredoc('iptables_restore', v4), ...heredoc('ip6tables_restore', v6)];
}

/** The script that makes a switch of a netns: every link's end there becomes a port. */
export function switchScript(name: string, topology: Topology): string {
  const ports = devsOf(name, topology).flatMap((dev) => [`link set ${dev} master br0`, `link set ${dev} up`]);
  return ['set -e', ...heredoc('ip -batch -', [...ports, 'link set br0 up'].join('\n')), ''].join('\n');
}

function devsOf(name: string, topology: Topology): readonly string[] {
  const ends = topology.links.flatMap((link) => link.ends);
  return ends.filter((end) => end.at === name).map((end) => end.dev);
}

function linkEnd(end: LinkEnd): string {
  return `name ${end.dev}${end.mac === undefined ? '' : ` address ${end.mac}`} netns ${end.at}`;
}

function setSysctl(key: string, value: string | number): readonly string[] {
  const path = `/proc/sys/${key.replaceAll('.', '/')}`;
  if (!path.includes('*')) return [`echo ${value} > ${path}`];
  return [`for f in ${path}; do echo ${value} > $f; done`];
}

function heredoc(command: string, text: string): readonly string[] {
  return [`${command} <<'SIGHTLINE_END'`, text, 'SIGHTLINE_END'];
}
