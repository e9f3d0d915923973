resource "kubernetes_manifest" "local_only" {
  manifest = {
    apiVersion = "traefik.io/v1alpha1"
    kind       = "Middleware"
    metadata = {
      name      = "local-only"
      namespace = "traefik"
    }
    spec = {
      ipAllowList = {
        sourceRange = ["10.0.20.0/22", "192.168.1.0/24", "100.64.0.0/10", "10.0.10.0/24"]
      }
    }
  }
}

resource "kubernetes_manifest" "rate_limit" {
  manifest = {
    apiVersion = "traefik.io/v1alpha1"
    kind       = "Middleware"
    metadata = {
      name      = "rate-limit"
      namespace = "traefik"
    }
    spec = {
      rateLimit = {
        average = 100
        burst   = 200
        period  = "1s"
      }
    }
  }
}
