/* What files of a DNS server cannot tell. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'whether a zone is visible on the internet is told by marks of Cloudflare, by the folder name (public, cloudflare, route53 …), not by asking',
    verified: '2026-11-23, by this reader',
  },
  {
    what: '$GENERATE, DNAME, ANAME and APP records are gaps',
    verified: '2026-11-23, Technitium DNS Server 15.2 documentation',
  },
  {
    what: "views by key, by negation or by the server's own networks are gaps",
    verified: '2026-11-23, BIND 9.18 syntax',
  },
  {
    what: "Cloudflare's older exports have no cf_tags: whether a record is proxied is then not known",
    verified: '2026-11-23, exports with and without tags',
  },
  {
    what: "a translation by domain goes before one by client network; facts of both carry the group's name, and the reader of facts must prefer the former",
    verified: '2026-11-23, documentation of the Split Horizon app',
  },
];
