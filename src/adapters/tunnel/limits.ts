/* What a tunnel's configuration cannot tell. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'a local config.yaml does not tell whether the tunnel is managed remotely, in which case cloudflared ignores it',
    verified: '2026-11-23, cloudflared 2026.8.2 source',
  },
  {
    what: 'which workload runs the connector is told by the cluster, not by this file',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'private networks routed through the tunnel (warp-routing) and Cloudflare Access policies are not read',
    verified: '2026-11-23, by this reader',
  },
];
