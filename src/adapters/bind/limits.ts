/* What writing by dynamic update cannot do. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'A, AAAA, CNAME, PTR, NS, MX and SRV records; TXT and others are left to a person',
    verified: '2026-11-23, BIND 9.18',
  },
  {
    what: 'the prerequisite holds the values of the old set, not its TTL: a TTL that somebody else changes between look and update is overwritten',
    verified: '2026-11-23, RFC 2136 section 2.4.2',
  },
  {
    what: 'over TCP and with a TSIG key only; no GSS-TSIG, no SIG(0)',
    verified: '2026-11-23, BIND 9.18',
  },
  {
    what: "a zone's file lags behind its journal until BIND writes it; who edits the file by hand must freeze the zone",
    verified: '2026-11-23, BIND 9.18',
  },
  {
    what: 'update-policy rules are tried with an empty update, which they let pass: a name that they refuse is found at its write',
    verified: '2026-11-23, BIND 9.18',
  },
  {
    what: 'the serial of the zone goes up with each update and is not put back by an undo',
    verified: '2026-11-23, BIND 9.18',
  },
];
