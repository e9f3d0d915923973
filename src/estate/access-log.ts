/* What an access log says in sum: who came to which router as whom. Lines themselves are never kept. */
import type { Ip } from '#net/ip.ts';

export interface AccessLog {
  /** File in the snapshot. */
  readonly file: string;
  readonly format: 'traefik-json' | 'clf' | 'unknown';
  readonly lines: number;
  readonly unreadable: number;
  /** ISO time of the first and last line. */
  readonly from?: string;
  readonly to?: string;
}

/** Hits of one client at one router. `peer` is the socket's address (ClientAddr); CLF has only `client`. */
export interface LogCount {
  readonly file: string;
  readonly router: string;
  readonly peer?: Ip;
  /** ClientHost: the peer, or forwarded text (may be a list). */
  readonly client: string;
  readonly protocol?: string;
  readonly hits: number;
  /** First line that says so, for evidence. */
  readonly firstLine: number;
}
