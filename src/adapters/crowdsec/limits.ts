/* What CrowdSec's files and answers cannot tell. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'versions 0.6 to 0.8 and 1.0 to 1.4 of the hub parser traefik-logs: which field they read is known only from the parser file itself',
    verified: '2026-11-23, digests of 0.5 and 0.9 in the index of the hub, text of 1.5',
  },
  {
    what: 'expressions in whitelists are kept as text, not evaluated',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'allowlists that expire count as text, not as protection',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'the answer of the local API has no end time for a decision, only what is left of it at that moment',
    verified: '2026-11-23, CrowdSec 1.4.6',
  },
  {
    what: 'acquisition labels and profiles are not read: that the logs reach the parser at all is not checked',
    verified: '2026-11-23, by this reader',
  },
];
