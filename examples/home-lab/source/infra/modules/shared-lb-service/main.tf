# A Service on the shared address. Cluster is not a choice here: the sharers' policies have to agree.
variable "name" {
  type = string
}

variable "namespace" {
  type = string
}

variable "selector" {
  type = map(string)
}

variable "ports" {
  type = list(object({
    name     = string
    port     = number
    protocol = string
  }))
}

variable "shared_lb_ip" {
  type = string
}

variable "shared_lb_key" {
  type = string
}

resource "kubernetes_service" "this" {
  metadata {
    name      = var.name
    namespace = var.namespace
    annotations = {
      "metallb.io/loadBalancerIPs" = var.shared_lb_ip
      "metallb.io/allow-shared-ip" = var.shared_lb_key
    }
  }

  spec {
    type                    = "LoadBalancer"
    external_traffic_policy = "Cluster"
    selector                = var.selector

    dynamic "port" {
      for_each = var.ports
      content {
        name        = port.value.name
        port        = port.value.port
        target_port = port.value.port
        protocol    = port.value.protocol
      }
    }
  }
}
