# Traefik: the only ingress of the cluster. One release, one Service (80/TCP, 443/TCP, 443/UDP).

resource "kubernetes_namespace" "traefik" {
  metadata {
    name = "traefik"
  }
}

resource "helm_release" "traefik" {
  name       = "traefik"
  namespace  = kubernetes_namespace.traefik.metadata[0].name
  repository = "https://traefik.github.io/charts"
  chart      = "traefik"
  version    = "39.0.5"
  atomic     = true
  timeout    = 300

  values = [yamlencode({
    deployment = {
      replicas = 3
    }
    podDisruptionBudget = {
      enabled      = true
      minAvailable = 2
    }
    updateStrategy = {
      rollingUpdate = {
        maxSurge       = 1
        maxUnavailable = 0
      }
    }
    service = {
      annotations = {
        "metallb.io/loadBalancerIPs" = "10.0.20.200"
        "metallb.io/allow-shared-ip" = "shared"
      }
      spec = {
        # Every Service on the shared address has to be Cluster
        externalTrafficPolicy = "Cluster"
      }
    }
    ports = {
      web = {
        http = {
          redirections = {
            entryPoint = {
              to        = "websecure"
              scheme    = "https"
              permanent = true
            }
          }
        }
      }
      websecure = {
        http3 = {
          enabled        = true
          advertisedPort = 443
        }
        forwardedHeaders = {
          # cloudflared runs as pods
          trustedIPs = ["10.10.0.0/16"]
        }
      }
    }
    providers = {
      kubernetesCRD = {
        allowCrossNamespace = true
      }
    }
    experimental = {
      plugins = {
        bouncer = {
          moduleName = "github.com/maxlerebourg/crowdsec-bouncer-traefik-plugin"
          version    = "v1.4.5"
        }
      }
    }
    logs = {
      access = {
        enabled = true
        format  = "json"
        fields = {
          general = {
            defaultmode = "drop"
            names = {
              ClientAddr       = "keep"
              ClientHost       = "keep"
              DownstreamStatus = "keep"
              Duration         = "keep"
              RequestHost      = "keep"
              RequestMethod    = "keep"
              RequestPath      = "keep"
              RequestProtocol  = "keep"
              RouterName       = "keep"
              ServiceAddr      = "keep"
              StartUTC         = "keep"
            }
          }
        }
      }
    }
  })]
}
