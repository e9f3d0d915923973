/* What sightline.yaml is not good for. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'what a person states is taken as stated, and loses against what a system says about itself',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'monitors that expect a Service instead of an address make no fact',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'forwards that change the port, and the MTU of a vantage point, are checked and not yet used',
    verified: '2026-11-23, by this reader',
  },
];
