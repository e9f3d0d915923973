# The other Services on the shared address (dbaas/postgresql-lb is in its own stack)

variable "shared_lb_ip" {
  type = string
}

variable "shared_lb_key" {
  type = string
}

module "headscale_server" {
  source    = "../../modules/shared-lb-service"
  name      = "headscale-server"
  namespace = "headscale"
  selector = {
    app = "headscale"
  }
  ports = [
    { name = "http", port = 8080, protocol = "TCP" },
    { name = "stun", port = 3479, protocol = "UDP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "wireguard" {
  source    = "../../modules/shared-lb-service"
  name      = "wireguard"
  namespace = "wireguard"
  selector = {
    app = "wireguard"
  }
  ports = [
    { name = "wg", port = 51820, protocol = "UDP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "coturn" {
  source    = "../../modules/shared-lb-service"
  name      = "coturn"
  namespace = "coturn"
  selector = {
    app = "coturn"
  }
  ports = [
    { name = "turn-udp", port = 3478, protocol = "UDP" },
    { name = "turn-tcp", port = 3478, protocol = "TCP" },
    { name = "turns", port = 5349, protocol = "TCP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "xray_reality" {
  source    = "../../modules/shared-lb-service"
  name      = "xray-reality"
  namespace = "xray"
  selector = {
    app = "xray"
  }
  ports = [
    { name = "reality", port = 7443, protocol = "TCP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "shadowsocks" {
  source    = "../../modules/shared-lb-service"
  name      = "shadowsocks"
  namespace = "shadowsocks"
  selector = {
    app = "shadowsocks"
  }
  ports = [
    { name = "ss-tcp", port = 8388, protocol = "TCP" },
    { name = "ss-udp", port = 8388, protocol = "UDP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "dolt" {
  source    = "../../modules/shared-lb-service"
  name      = "dolt"
  namespace = "beads-server"
  selector = {
    app = "dolt"
  }
  ports = [
    { name = "mysql", port = 3306, protocol = "TCP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "qbittorrent_torrenting" {
  source    = "../../modules/shared-lb-service"
  name      = "qbittorrent-torrenting"
  namespace = "servarr"
  selector = {
    app = "qbittorrent"
  }
  ports = [
    { name = "bt-tcp", port = 50000, protocol = "TCP" },
    { name = "bt-udp", port = 50000, protocol = "UDP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}

module "torrserver_bt" {
  source    = "../../modules/shared-lb-service"
  name      = "torrserver-bt"
  namespace = "tor-proxy"
  selector = {
    app = "torrserver"
  }
  ports = [
    { name = "bt-tcp", port = 5665, protocol = "TCP" },
    { name = "bt-udp", port = 5665, protocol = "UDP" },
  ]
  shared_lb_ip  = var.shared_lb_ip
  shared_lb_key = var.shared_lb_key
}
