/* What files of machines cannot tell. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'files are searched for addresses, not interpreted: what a program makes of them is not known',
    verified: '2026-11-23, by this reader',
  },
];
