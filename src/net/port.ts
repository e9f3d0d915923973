/* Ports and transport protocols. TCP/443 and UDP/443 are two different things everywhere in Sightline. */

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** Inclusive range of ports, 1 … 65535; a single port has first === last. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** `443`, `8000-8100` or `8000:8100` (pf); undefined if it is none of them. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d{1,5})(?:\s*[-:]\s*(\d{1,5}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return isPort(first) && isPort(last) && first <= last ? { first, last } : undefined;
}

export function portInRange(range: PortRange, port: number): boolean {
  return range.first <= port && port <= range.last;
}
