/* What reading a config.xml cannot tell. Verified means: tried on files of that version, or read in its source. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'OPNsense is recognised by its root element and refused: its rules, aliases and NAT are stored otherwise',
    verified: '2026-11-23, sample configuration of OPNsense 26.7',
  },
  {
    what: 'aliases filled from URLs have no contents in the file; host names in aliases are resolved by the box at run time',
    verified: '2026-11-23, config 18.9 and 24.0',
  },
  {
    what: '1:1 NAT and IPv6 prefix translation are gaps, not facts',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'rules that pfSense adds by itself (anti-lockout, bogons, DHCP, VPN) are not in the file',
    verified: '2026-11-23, source of pfSense, configuration 24.5',
  },
  {
    what: 'IPsec, L2TP, captive portal, limiters and packages other than WireGuard are not read; HAProxy is a gap where enabled',
    verified: '2026-11-23, by this reader',
  },
  {
    what: "Unbound's rebinding protection strips private addresses from public answers unless it is turned off; facts have no place for it",
    verified: '2026-11-23, source of pfSense, unbound.inc',
  },
  {
    what: 'a port forward to any destination on an interface without gateway gets an extra source NAT for TCP from pfSense unless the reflection helper is on; it is not among the outbound rules here',
    verified: '2026-11-23, source of pfSense, filter.inc',
  },
  {
    what: 'NAT inside IPsec tunnels is not read',
    verified: '2026-11-23, source of pfSense, filter.inc',
  },
  {
    what: 'the running state (learned addresses, gateway monitoring, sessions) is not in the file',
    verified: '2026-11-23, config 24.0',
  },
];
