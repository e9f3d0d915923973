/* What objects in files cannot tell, or what of them is not read. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'matchers of Traefik rules other than hosts and paths (headers, methods, client addresses) are not evaluated; such a match is marked incomplete',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'routes with several weighted Services, and TraefikServices, show the first backend or none',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'the configuration of ingress programs other than Traefik and ingress-nginx is a gap: only the ports of their containers are read',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'router names of an Ingress whose hosts and paths collide carry a hash in Traefik that is not computed',
    verified: '2026-11-23, Traefik 3.7 source',
  },
  {
    what: 'Traefik settings given by a file that is mounted from anything but a ConfigMap are a gap',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'listeners of Gateways are read as references only',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'ConfigMap values above 64 KiB are kept only where their lines state an address',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'Helm values inside release Secrets are never read: they hold secrets',
    verified: '2026-11-23, by this reader',
  },
  {
    what: 'a Lease says who announced when it was listed; selectors and interfaces of Cilium’s announcement policies are not read',
    verified: '2026-11-28, Cilium source (pkg/l2announcer)',
  },
  {
    what: 'the mode of Cilium, once it replaces kube-proxy, is not told apart',
    verified: '2026-11-23, by this reader',
  },
];
