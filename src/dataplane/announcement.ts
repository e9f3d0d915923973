/* What is said about the announcer of a VIP, whoever decides it. */
import type { Evidence, Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';

/** Who answers ARP or NDP for a VIP. */
export interface Announcement {
  /** One of them; empty without a gap: nobody. */
  readonly nodes: readonly string[];
  /** Nodes that could, in the order in which they would take over; where no election tells, those that do now. */
  readonly candidates: readonly string[];
  /** Services that have the VIP, `cluster/ns/name`. */
  readonly services: readonly string[];
  readonly says: string;
  /** Routers may have been told to route it, which a firewall's settings do not show. */
  readonly routedGap?: Gap;
  readonly rule?: string;
  readonly because: readonly Evidence[];
  readonly gap?: Gap;
}

/** The Services on an address, and the program that announces for them. */
export interface Question {
  readonly cluster: string;
  readonly services: readonly Fact<'service'>[];
  readonly announcing: Fact<'announcing'>;
}

/** The parts that every announcement has. */
export function base(services: readonly Fact<'service'>[], says: string, because: readonly Evidence[]) {
  return {
    services: services.map((s) => s.key.slice('service:'.length)),
    says,
    because: [...services.map((s) => s.evidence), ...because],
  };
}

/** Not known, because of the gap. */
export function unknown(services: readonly Fact<'service'>[], gap: Gap): Announcement {
  const because = gap.evidence ? [gap.evidence] : [];
  return { ...base(services, gap.what, because), nodes: [], candidates: [], gap };
}

/** Not known, and routers may have been told of the address. */
export function maybeRouted(services: readonly Fact<'service'>[], gap: Gap): Announcement {
  return { ...unknown(services, gap), routedGap: gap };
}
