/*
 * A topology from an estate's facts: the Internet's core, clients, hops that nobody manages, firewalls, nodes with their
 * pods beside them, and a switch for each network. Only native facts are read; what cannot be built is said, not guessed.
 */
import type { Reader } from '#estate/estate.ts';
import type { LabHost, LabLink, Topology } from '../kernel/topology.ts';
import { clientHosts } from './clients.ts';
import { firewallHosts } from './firewall-host.ts';
import { internetHosts } from './internet-hosts.ts';
import { portDev } from './names.ts';
import { needsOverlay, nodeHosts, overlaySwitch } from './node-hosts.ts';
import { type Segment, segmentsOf } from './segments.ts';

/** What one part of the estate comes to. */
export interface Part {
  readonly hosts: readonly LabHost[];
  readonly links: readonly LabLink[];
  /** What the lab leaves out, one line each. */
  readonly notBuilt: readonly string[];
}

export interface CompiledEstate {
  readonly topology: Topology;
  readonly segments: readonly Segment[];
  readonly notBuilt: readonly string[];
}

export function compileEstate(reader: Reader): CompiledEstate {
  const segments = segmentsOf(reader);
  const parts = [
    internetHosts(reader, segments),
    firewallHosts(reader, segments),
    clientHosts(reader, segments),
    nodeHosts(reader, segments),
  ];
  return {
    topology: {
      hosts: parts.flatMap((p) => p.hosts),
      switches: [...segments, ...(needsOverlay(reader) ? [{ name: overlaySwitch }] : [])].map(({ name }) => ({
        name,
      })),
      links: parts.flatMap((p) => p.links),
    },
    segments,
    notBuilt: parts.flatMap((p) => p.notBuilt),
  };
}

export function joinParts(parts: readonly Part[]): Part {
  return {
    hosts: parts.flatMap((p) => p.hosts),
    links: parts.flatMap((p) => p.links),
    notBuilt: parts.flatMap((p) => p.notBuilt),
  };
}

/** A cable between two hosts. */
export function cable(at: string, dev: string, otherAt: string, otherDev: string, mtu?: number): LabLink {
  return {
    ends: [
      { at, dev },
      { at: otherAt, dev: otherDev },
    ],
    ...(mtu !== undefined && { mtu }),
  };
}

/** A cable from a host into a segment's switch. */
export function plug(segment: Segment, host: string, dev: string, mtu?: number): LabLink {
  return cable(host, dev, segment.name, portDev(`${host} ${dev}`), mtu);
}

/** Settings of whatever passes packets on. Answers ARP only for an interface's own addresses, as a router should. */
export const routerSysctls = {
  'net.ipv4.ip_forward': 1,
  'net.ipv6.conf.*.forwarding': 1,
  'net.ipv4.conf.*.arp_ignore': 1,
} as const;
