/* What writing through Cloudflare's API cannot do. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'the API itself was not to be had: written against its documentation and a stand-in that follows it',
    verified: '2026-11-23, API v4, types of npm cloudflare 7.3.0',
  },
  {
    what: "the API replaces a tunnel's configuration without a condition on its version: it is compared right before, and the next version must be the one after it. A write of somebody else in that moment is noticed, not prevented",
    verified: '2026-11-23, API v4',
  },
  {
    what: "rules are found by their position; host names by position are held to what was seen before, by preflight or the journal's backup. After a crash before the first write there is nothing to hold them to but the fields of the change",
    verified: '2026-11-23, by this actuator',
  },
  {
    what: 'rules are changed, not made or removed; one with a login in its address is refused',
    verified: '2026-11-23, by this actuator',
  },
  {
    what: 'a tunnel with a local config.yaml is not changed by the API: preflight refuses it',
    verified: '2026-11-23, cloudflared 2026.8',
  },
  {
    what: 'records: value, TTL and proxying of A, AAAA, CNAME and TXT that are there; names are not made or removed, and the old value is compared right before, not by the API',
    verified: '2026-11-23, API v4',
  },
  {
    what: 'whether the connector took a new configuration is not read from its metrics port here; probes tell',
    verified: '2026-11-23, cloudflared 2026.8',
  },
];
