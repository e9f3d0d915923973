/* A tunnel: names that arrive at its edge, and the origin that its connector dials for each. */

/** One ingress rule of a tunnel; the last one matches everything. */
export interface TunnelRule {
  readonly tunnel: string;
  readonly position: number;
  /** undefined: any host. May start with `*.`. */
  readonly hostname?: string;
  readonly path?: string;
  /** As written: `https://traefik.traefik.svc.cluster.local:443`, `http_status:404` … */
  readonly service: string;
  readonly noTlsVerify: boolean;
  readonly originServerName?: string;
  readonly httpHostHeader?: string;
}

export interface Tunnel {
  readonly name: string;
  readonly isRemotelyManaged: boolean | undefined;
  readonly version?: number;
  /** Workload `cluster/ns/name` whose pods run the connector. */
  readonly connector?: string;
}
