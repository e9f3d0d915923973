/*
 * Probes: real attempts, decided from the model (probe-plan.ts), made by whoever is handed in, and compared with what
 * the model said (compare.ts).
 */
import type { Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';

/** What is tried. Every one is pinned to an address; nothing is looked up on the way. */
export type Attempt =
  /** Asks the resolver, as a stub does. */
  | {
      readonly kind: 'dns';
      readonly resolver: string;
      readonly ip: Ip;
      readonly name: DnsName;
      readonly type: 'A' | 'AAAA';
    }
  | { readonly kind: 'tcp'; readonly ip: Ip; readonly port: number }
  | { readonly kind: 'tls'; readonly ip: Ip; readonly port: number; readonly name: DnsName }
  /** `version` 1 on a port of `isPlain` is HTTP in the clear; 3 is over QUIC. */
  | {
      readonly kind: 'http';
      readonly version: 1 | 2 | 3;
      readonly isPlain: boolean;
      readonly ip: Ip;
      readonly port: number;
      readonly name: DnsName;
    }
  /** PostgreSQL by its own protocol, up to the server's demand for a password. */
  | { readonly kind: 'postgres'; readonly ip: Ip; readonly port: number };

export interface Probe {
  /** Unique and readable: `lan: http2 immich.example.org at 10.0.20.203:443`. */
  readonly id: string;
  /** Vantage point. */
  readonly from: string;
  readonly why: 'moved' | 'protected' | 'out-of-scope';
  readonly attempt: Attempt;
}

/** What came of a probe. */
export interface Observation {
  /** `refused`: reached, and turned away by the application's own rules (403, no entry for this host). */
  readonly outcome: 'works' | 'refused' | 'fails';
  /** How far it got, or what stopped it, in a few words without secrets. */
  readonly says: string;
  readonly ms: number;
  /** HTTP status. */
  readonly status?: number;
  /** Addresses that a resolver answered, ordered. */
  readonly addresses?: readonly string[];
  /** Client address that the ingress wrote into its log for this probe. */
  readonly seenAs?: string;
  /** Why the client that the ingress logged is not known. */
  readonly notSeen?: string;
  /** Undefined: it was tried. Otherwise why it could not be, which is neither success nor failure. */
  readonly notTried?: string;
}

/** One kind of attempt, made for real. Never rejects; ends within `timeoutMs`. */
export interface Prober {
  can(attempt: Attempt): boolean;
  /** `mark`: sent along by HTTP, so that the line of a log can be found again. */
  attempt(attempt: Attempt, timeoutMs: number, mark?: string): Promise<Observation>;
}

/** Who can probe from where: this machine, or the hosts of a lab. */
export interface Probers {
  /** Undefined: nothing here can start a flow at that vantage point. */
  at(vantagePoint: string): Prober | undefined;
}

export interface ProbeLimits {
  readonly timeoutMs: (probe: Probe) => number;
  /** Attempts at the same time. */
  readonly parallel: number;
  /** Probes that only wait: they go beside the others, more of them at the same time. */
  readonly waits?: (probe: Probe) => boolean;
  /** Says when time is up; what is left then counts as not tried. */
  readonly isOver: () => boolean;
  readonly markOf?: (probe: Probe) => string | undefined;
}

/** Attempts the probes that can be made here; the result keeps their ids. */
export async function runProbes(
  probes: readonly Probe[],
  probers: Probers,
  limits: ProbeLimits,
): Promise<ReadonlyMap<string, Observation>> {
  const own = probes.filter((p) => probers.at(p.from)?.can(p.attempt));
  const found = new Map<string, Observation>();
  const work = async (queue: Probe[]) => {
    for (let probe = queue.shift(); probe !== undefined; probe = queue.shift())
      found.set(probe.id, await one(probe, probers, limits));
  };
  const waits = limits.waits ?? (() => false);
  const [quick, slow] = [own.filter((p) => !waits(p)), own.filter(waits)];
  const workers = (queue: Probe[], count: number) => Array.from({ length: count }, () => work(queue));
  await Promise.all([...workers(quick, limits.parallel), ...workers(slow, limits.parallel * waitingMore)]);
  return found;
}

/** A probe that only waits costs nothing else. */
const waitingMore = 4;

async function one(probe: Probe, probers: Probers, limits: ProbeLimits): Promise<Observation> {
  if (limits.isOver()) return notTried('time was up before it');
  const prober = probers.at(probe.from);
  if (prober === undefined) return notTried(`nothing here starts flows at ${probe.from}`);
  try {
    return await prober.attempt(probe.attempt, limits.timeoutMs(probe), limits.markOf?.(probe));
  } catch (error) {
    return notTried(`the prober failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function notTried(why: string): Observation {
  return { outcome: 'fails', says: why, ms: 0, notTried: why };
}

/** `http3`, `http plain`, `dns`: attempts of one kind are made alike. */
export function attemptKind(attempt: Attempt): string {
  if (attempt.kind !== 'http') return attempt.kind;
  return attempt.isPlain ? 'http plain' : `http${attempt.version}`;
}
