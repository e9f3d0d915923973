/* What the HTTP prober cannot tell or do. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'a certificate is shown, not trusted or distrusted: private authorities are the rule in a house',
    verified: '2026-11-23, by its own tests',
  },
  {
    what: 'any status below 500 other than 403 counts as an answer; whether it is the right one is told by comparing with the baseline',
    verified: '2026-11-23, by its own tests',
  },
];
