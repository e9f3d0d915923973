/* What writing through Technitium's HTTP API cannot do. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'the server itself was not to be had: written against its API documentation and a stand-in that follows it',
    verified: '2026-11-23, API documentation of DNS Server 15.2',
  },
  {
    what: 'A, AAAA, CNAME, PTR and TXT records; other types are left to a person',
    verified: '2026-11-23, by this actuator',
  },
  {
    what: "a CNAME's old value is not compared by the server: it is compared right before, which leaves a moment",
    verified: '2026-11-23, API documentation of DNS Server 15.2',
  },
  {
    what: 'a record set of several values is written record by record; a cut run goes on from the state in between',
    verified: '2026-11-23, by this actuator',
  },
  {
    what: 'the configuration of the Split Horizon app is replaced whole, without a condition: it is compared right before, which leaves a moment',
    verified: '2026-11-23, Split Horizon app of DNS Server 15.2',
  },
  {
    what: 'the rights of a token are asked by section, not by zone: a zone that refuses it is found at the first write',
    verified: '2026-11-23, API documentation of DNS Server 15.2',
  },
  {
    what: 'in a cluster of servers the node that is spoken to is written; the others follow by zone transfer, which is not awaited',
    verified: '2026-11-23, API documentation of DNS Server 15.2',
  },
];
