/*
 * What a lab is made of, as data: hosts, switches, the links between them, and what each host has set.
 * Nothing here knows an estate; a compiler fills it in.
 */

/** One machine, router or group of pods: a netns of its own. */
export interface LabHost {
  /** 1-40 of a-z 0-9 . _ -, unique among hosts and switches. */
  readonly name: string;
  readonly addresses?: readonly LabAddress[];
  /** Arguments of `ip route add`: `default via 10.0.20.1`, `::/0 via fd00::1`. The family follows from the addresses. */
  readonly routes?: readonly string[];
  /** Arguments of `ip rule add`. */
  readonly rules?: readonly string[];
  /** Dotted keys as sysctl(8) writes them; `*` stands for every interface that exists. Set before any link is up. */
  readonly sysctls?: Readonly<Record<string, string | number>>;
  /** A whole nft file, loaded in one transaction. */
  readonly ruleset?: string;
  readonly iptables?: Iptables;
}

/** Whole tables as iptables-restore and ip6tables-restore read them. */
export interface Iptables {
  readonly v4: string;
  readonly v6: string;
}

export interface LabAddress {
  readonly dev: string;
  /** With its length: `10.0.20.101/24`. */
  readonly address: string;
}

/** An unmanaged switch: a bridge in a netns of its own, so that nothing touches the machine's own network. */
export interface LabSwitch {
  readonly name: string;
}

/** A cable. An end at a switch becomes one of its ports. */
export interface LabLink {
  readonly ends: readonly [LinkEnd, LinkEnd];
  /** Bytes; 1500 where not given. */
  readonly mtu?: number;
}

export interface LinkEnd {
  /** A host's or a switch's name. */
  readonly at: string;
  /** Interface name, at most 15 characters, unique at that host. */
  readonly dev: string;
  readonly mac?: string;
}

export interface Topology {
  readonly hosts: readonly LabHost[];
  readonly switches: readonly LabSwitch[];
  readonly links: readonly LabLink[];
}

/** What stops this topology from being built, one line each; `[]` where nothing does. */
export function checkTopology(topology: Topology): readonly string[] {
  const names = [...topology.hosts, ...topology.switches].map((one) => one.name);
  const known = new Set(names);
  const ends = topology.links.flatMap((link) => link.ends);
  return [
    ...names
      .filter((name) => !/^[a-z0-9][a-z0-9._-]{0,39}$/.test(name))
      .map((name) => `bad host name: ${name}`),
    ...repeated(names).map((name) => `two hosts have the name ${name}`),
    ...ends.filter((end) => !known.has(end.at)).map((end) => `a link ends at ${end.at}, which is not there`),
    ...ends
      .filter((end) => !/^[a-z0-9][a-z0-9_-]{0,14}$/.test(end.dev))
      .map((end) => `bad interface name: ${end.dev}`),
    ...repeated(ends.map((end) => `${end.at}/${end.dev}`)).map((end) => `two links end at ${end}`),
    ...topology.hosts.flatMap(checkHost),
  ];
}

/** What is wrong with these settings. Only `net.` belongs to a host: the rest would be the machine's own. */
export function checkSysctls(sysctls: Readonly<Record<string, string | number>>): readonly string[] {
  const keys = Object.keys(sysctls).filter((key) => !/^net(\.[A-Za-z0-9_*-]+)+$/.test(key));
  const values = Object.values(sysctls).filter((value) => !/^[\w .-]+$/.test(`${value}`));
  return [...keys.map((key) => `bad sysctl ${key}`), ...values.map((value) => `bad sysctl value ${value}`)];
}

function checkHost(host: LabHost): readonly string[] {
  const lines = [
    ...(host.routes ?? []),
    ...(host.rules ?? []),
    ...(host.addresses ?? []).flatMap((one) => [one.address, one.dev]),
  ];
  return [
    ...checkSysctls(host.sysctls ?? {}).map((problem) => `${host.name}: ${problem}`),
    ...lines
      .filter((line) => !/^[\w .:/-]+$/.test(line))
      .map((line) => `${host.name}: bad address or route ${line}`),
  ];
}

function repeated(names: readonly string[]): readonly string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}
