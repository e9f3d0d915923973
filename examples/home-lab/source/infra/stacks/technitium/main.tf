# The workload and its Service. Zones and records are kept in Technitium's own web interface, not here.
resource "kubernetes_service" "dns" {
  metadata {
    name      = "technitium-dns"
    namespace = "technitium"
    annotations = {
      "metallb.io/loadBalancerIPs" = "10.0.20.201"
    }
  }

  spec {
    type                    = "LoadBalancer"
    external_traffic_policy = "Local"
    selector = {
      app = "technitium"
    }

    port {
      name        = "dns-udp"
      port        = 53
      target_port = 53
      protocol    = "UDP"
    }

    port {
      name        = "dns-tcp"
      port        = 53
      target_port = 53
      protocol    = "TCP"
    }
  }
}
