/* What the text of a repository cannot tell. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'nothing is evaluated: variables, functions, modules and Helm templates stay the text that they are',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'YAML with template braces and YAML above 1 MiB is searched for addresses without paths',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'a Helm release for one of several clusters is a gap, since Terraform does not say which',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'files above 4 MiB are a gap',
    verified: '2026-11-23, by this reader',
  },
];
