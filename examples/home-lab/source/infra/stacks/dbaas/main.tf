variable "shared_lb_ip" {
  type = string
}

variable "shared_lb_key" {
  type = string
}

# The state of every stack, this one included, is behind this Service
module "postgresql_lb" {
  source    = "../../modules/shared-lb-service"
  name      = "postgresql-lb"
  namespace = "dbaas"
  selector = {
    "cnpg.io/cluster"      = "postgresql"
    "cnpg.io/instanceRole" = "primary"
  }
  ports = [
    { name = "postgresql", port = 5432, protocol = "TCP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}
