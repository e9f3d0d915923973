/* CrowdSec: who may be banned, who decides, on which address, and who enforces it. */
import type { Ip } from '#net/ip.ts';
import type { IpRange, Prefix } from '#net/prefix.ts';

/** Addresses never to be banned, and the layer that reads the list. */
export interface BanAllowlist {
  readonly system: string;
  readonly name: string;
  /** parser: drops log lines before scenarios; lapi: refuses decisions (1.6.6 and later); postoverflow: drops alerts. */
  readonly layer: 'parser' | 'postoverflow' | 'lapi';
  readonly ranges: readonly (Prefix | IpRange)[];
  /** Entries that are no address: mail addresses, expressions. They cannot stop a ban by address. */
  readonly other: readonly string[];
}

export interface BanDecision {
  readonly system: string;
  readonly id: string;
  readonly scope: string;
  readonly value: string;
  readonly type: string;
  readonly origin: string;
  readonly until?: string;
}

export interface Bouncer {
  readonly system: string;
  readonly name: string;
  readonly type: string;
  readonly ip?: Ip;
  /** ISO time of the last pull; undefined: never. */
  readonly lastPull?: string;
  readonly isRevoked: boolean;
}

/** The deciding engine: version, and which field of an access log it takes as the client. */
export interface BanEngine {
  readonly system: string;
  readonly version?: string;
  readonly parserVersion?: string;
  readonly readsAddressFrom: 'ClientAddr' | 'ClientHost' | 'ClientHost-last' | 'unknown';
}
