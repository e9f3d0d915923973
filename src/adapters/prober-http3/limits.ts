/* What the HTTP/3 prober cannot tell or do. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'the engine is quiche 0.18, older than the fixes of CVE-2024-1410 and CVE-2024-1765: probe only hosts of the operator',
    verified: '2026-11-23, version text inside @matrixai/quic 2.0.9',
  },
  {
    what: 'x64 by @matrixai/quic, arm64 by @infisical/quic (not tried by us); glibc 2.34 or newer, so no Alpine',
    verified: '2026-11-23, package contents',
  },
  {
    what: 'of an answer only its status and body are read, not its other header fields',
    verified:
      '2026-11-23, by this prober against quic-go (Caddy 2.6.2) and quiche (@currentspace/http3 0.9.0)',
  },
  {
    what: 'it does not say whether a server follows a client whose port changes: neither of those two servers did',
    verified: '2026-11-23, one connection rebound, no answer within 3 s',
  },
  {
    what: 'a server that does not answer a packet of an unknown version is not thereby absent (quiche in @currentspace/http3 did not)',
    verified: '2026-11-23, on loopback',
  },
  {
    what: 'the kernel tells ICMP errors to a connected socket only; ICMP that a firewall swallows is silence',
    verified: '2026-11-23, Linux 6.18',
  },
];
