/* What writing through the Kubernetes API cannot do. */

export interface Limit {
  readonly what: string;
  readonly verified: string;
}

export const limits: readonly Limit[] = [
  {
    what: 'an API server was not to be had: written against its published behaviour (v1.34) and a stand-in that follows it',
    verified: '2026-11-23, Kubernetes 1.34 by its source',
  },
  {
    what: 'runs kept in a cluster (ConfigMaps, Lease) were tried against that stand-in too, with its sizes, versions and times; a write that was frozen between intent and request for longer than the lock lasts is only stopped by the version that it names',
    verified: '2026-11-28, against the stand-in',
  },
  {
    what: "a Service that was deleted and made again by an undo has another uid and creation time, and its status is the controllers' to fill",
    verified: '2026-11-23, against the stand-in',
  },
  {
    what: "who owns which field (managedFields) is put back after an undo by a second call; if that call is lost, node ports that the undo set again count as written by the field's old owner",
    verified: '2026-11-23, against the stand-in',
  },
  {
    what: 'several objects in one change are written one after the other; in between, a part is as before and a part as after, and the rest is written on resuming',
    verified: '2026-11-23, by this actuator',
  },
  {
    what: 'of workloads: hostAliases, single arguments and single variables; the number of arguments cannot change, and a value that was hidden as a secret is refused',
    verified: '2026-11-23, by this actuator',
  },
  {
    what: 'of a Corefile: hosts entries with one name to the line, and rewrites by exact, suffix or regex, in ConfigMap kube-system/coredns; not coredns-custom of k3s',
    verified: '2026-11-23, CoreDNS 1.12',
  },
  {
    what: "an ingress is a Deployment or DaemonSet whose arguments name the published Service; values files and ConfigMaps of charts are their repository's",
    verified: '2026-11-23, Traefik 3.6, ingress-nginx 1.13',
  },
  {
    what: 'middlewares of the older group traefik.containo.us are not written',
    verified: '2026-11-23, Traefik 3.6',
  },
  {
    what: 'kubeconfig: token, token file, client certificate and exec plug-in without a terminal; no auth-provider, no password, no proxy-url, no tls-server-name, no impersonation; insecure-skip-tls-verify is refused',
    verified: '2026-11-23, client.authentication.k8s.io/v1',
  },
];
