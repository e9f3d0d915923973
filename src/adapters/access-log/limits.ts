/* What an access log cannot tell, and what this reader leaves out. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'the common format has no peer: its first field is X-Forwarded-For where a request brought one, so a client can write it',
    verified: '2026-11-23, Traefik 3.7 source, sample logs of the hub',
  },
  { what: 'compressed logs are a gap', verified: '2026-11-23, by this reader' },
  { what: 'lines above 64 KiB are counted and left out', verified: '2026-11-23, by this reader' },
  {
    what: 'more than 100,000 different combinations of client, peer, router and protocol are a gap',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'logs of other programs than Traefik are recognised only where they use the same format',
    verified: '2026-11-23, by this reader',
  },
  {
    what: "a live log is searched for one's own marks: Traefik's JSON (ClientAddr), remote_addr in JSON, and lines that begin with the address; a log that drops the query and the user agent, or is written late, is not checked",
    verified: '2026-11-28, against the lab and the stand-in',
  },
];
