/*
 * The script that `sightline collect` prints: read-only commands that fill a snapshot folder. It is meant to be read
 * before it is run, so it is short, it changes nothing anywhere but in its own folder, and it says what it left out.
 */

/** Kubernetes resource as kubectl names it, and what snapshot.json calls it. */
const resources: readonly (readonly [resource: string, holds: string])[] = [
  ['services', 'Service'],
  ['endpointslices.discovery.k8s.io', 'EndpointSlice'],
  ['nodes', 'Node'],
  ['pods', 'Pod'],
  ['namespaces', 'Namespace'],
  ['poddisruptionbudgets.policy', 'PodDisruptionBudget'],
  ['deployments.apps', 'Deployment'],
  ['daemonsets.apps', 'DaemonSet'],
  ['statefulsets.apps', 'StatefulSet'],
  ['cronjobs.batch', 'CronJob'],
  ['configmaps', 'ConfigMap'],
  ['ingresses.networking.k8s.io', 'Ingress'],
  ['ingressclasses.networking.k8s.io', 'IngressClass'],
  ['ingressroutes.traefik.io', 'IngressRoute'],
  ['ingressroutetcps.traefik.io', 'IngressRouteTCP'],
  ['ingressrouteudps.traefik.io', 'IngressRouteUDP'],
  ['middlewares.traefik.io', 'Middleware'],
  ['gateways.gateway.networking.k8s.io', 'Gateway'],
  ['httproutes.gateway.networking.k8s.io', 'HTTPRoute'],
  ['ipaddresspools.metallb.io', 'IPAddressPool'],
  ['l2advertisements.metallb.io', 'L2Advertisement'],
  ['bgpadvertisements.metallb.io', 'BGPAdvertisement'],
  ['servicel2statuses.metallb.io', 'ServiceL2Status'],
  ['ippools.crd.projectcalico.org', 'IPPool'],
  ['ciliumloadbalancerippools.cilium.io', 'CiliumLoadBalancerIPPool'],
  ['ciliuml2announcementpolicies.cilium.io', 'CiliumL2AnnouncementPolicy'],
  ['leases.coordination.k8s.io', 'Lease'],
];

/** The script as text; `into` is the folder it fills (single-quoted into the script). */
export function collectScript(into: string): string {
  return `#!/bin/sh
# Fills a snapshot folder for Sightline with read-only commands. Read it, then run it: sh collect.sh
# It writes into one folder and nowhere else. What it cannot read it leaves out and says so: Sightline then answers
# "unknown" where that matters. Set what applies to you; everything left empty is skipped.
set -u
umask 077                                  # exports hold secrets: for your eyes only
INTO=${quote(into)}
CLUSTER=\${CLUSTER:-home}                    # a name for the cluster that kubectl speaks to
FIREWALL_SSH=\${FIREWALL_SSH:-}              # admin@10.0.0.1 (pfSense: /cf/conf/config.xml is read by scp)
DNS_SERVER=\${DNS_SERVER:-}                  # address of a server that allows you a zone transfer
DNS_ZONES=\${DNS_ZONES:-}                    # zones to transfer from it, separated by spaces
TUNNEL_POD=\${TUNNEL_POD:-}                  # namespace/pod of a cloudflared; its metrics port serves /config
TUNNEL_PORT=\${TUNNEL_PORT:-20241}
CROWDSEC_POD=\${CROWDSEC_POD:-}              # namespace/pod of CrowdSec's LAPI
INGRESS_LOGS=\${INGRESS_LOGS:-}              # "namespace label=value" of the ingress pods
LOGS_SINCE=\${LOGS_SINCE:-24h}

mkdir -p "$INTO" && cd "$INTO" || exit 1
[ -e snapshot.json ] && { echo "$INTO holds a snapshot already: give another folder" >&2; exit 1; }
echo '*' > .gitignore                      # a snapshot is not for the repository, unless you say so
listed=""
have() { # have PATH HOLDS: the file is there and complete
  listed="$listed\${listed:+,
}    { \\"path\\": \\"$1\\", \\"holds\\": [\\"$2\\"], \\"complete\\": true }"
  echo "  read  $1"
}
missed() { echo "  left out  $1: $2" >&2; rm -f "$1"; }

cluster() { # cluster RESOURCE HOLDS
  f="cluster/$CLUSTER/$1.yaml"
  if kubectl get "$1" --all-namespaces --show-managed-fields -o yaml > "$f" 2> .error; then have "$f" "$2"
  elif grep -q "have a resource type" .error; then # the cluster does not know the kind: there are none
    printf 'apiVersion: v1\\nkind: List\\nitems: []\\n' > "$f"; have "$f" "$2"
  else missed "$f" "$(head -n 1 .error)"; fi
}
if command -v kubectl > /dev/null; then
  mkdir -p "cluster/$CLUSTER"
${resources.map(([resource, holds]) => `  cluster ${resource} ${holds}`).join('\n')}
else echo "  left out  cluster: no kubectl on PATH" >&2; fi

if [ -n "$FIREWALL_SSH" ]; then
  f=firewall/firewall/config.xml; mkdir -p "\${f%/*}"
  if scp -q "$FIREWALL_SSH:/cf/conf/config.xml" "$f" 2> .error; then have "$f" FirewallConfig
  else missed "$f" "$(head -n 1 .error)"; fi
fi

for zone in $DNS_ZONES; do
  f="dns/\${DNS_SERVER:?set DNS_SERVER too}/$zone.zone"; mkdir -p "\${f%/*}"
  dig +noall +answer "@$DNS_SERVER" "$zone" AXFR > "$f" 2> .error
  if grep -q SOA "$f"; then have "$f" "Zone:$zone"; else missed "$f" "transfer refused: allow it for your address"; fi
done

if [ -n "$TUNNEL_POD" ]; then
  f=tunnel/tunnel.json; mkdir -p tunnel
  path="/api/v1/namespaces/\${TUNNEL_POD%/*}/pods/\${TUNNEL_POD#*/}:$TUNNEL_PORT/proxy/config"
  if kubectl get --raw "$path" > "$f" 2> .error; then have "$f" TunnelConfig
  else missed "$f" "$(head -n 1 .error)"; fi
fi

if [ -n "$CROWDSEC_POD" ]; then
  d=crowdsec/lapi; mkdir -p "$d"
  lapi() { kubectl exec -n "\${CROWDSEC_POD%/*}" "\${CROWDSEC_POD#*/}" -- cscli "$@" -o json; }
  crowdsec() { # crowdsec FILE HOLDS cscli arguments
    f="$d/$1"; holds=$2; shift 2
    if lapi "$@" > "$f" 2> .error; then have "$f" "$holds"; else missed "$f" "$(head -n 1 .error)"; fi
  }
  crowdsec allowlists.json CrowdsecAllowlists allowlists list
  crowdsec decisions.json CrowdsecDecisions decisions list
  crowdsec bouncers.json CrowdsecBouncers bouncers list
  crowdsec parsers.json CrowdsecParsers parsers list
fi

if [ -n "$INGRESS_LOGS" ]; then
  f=log/ingress/access.log; mkdir -p "\${f%/*}"
  # shellcheck disable=SC2086
  set -- $INGRESS_LOGS
  if kubectl logs -n "$1" -l "$2" --tail=-1 --since="$LOGS_SINCE" > "$f" 2> .error; then have "$f" AccessLog
  else missed "$f" "$(head -n 1 .error)"; fi
fi
rm -f .error

# what no system can tell: complete it (docs/snapshot.md), it is short
printf 'format: 1\\nvantagePoints: []\\n' > sightline.yaml
have sightline.yaml Settings

cat > snapshot.json << END
{
  "format": 1,
  "takenAt": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "files": [
$listed
  ]
}
END
echo "Now complete $INTO/sightline.yaml (vantage points, what must not break: docs/snapshot.md), then: sightline check $INTO"
`;
}

/** Single-quoted for a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
