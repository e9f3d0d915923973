variable "cloudflare_zone_id" {
  type = string
}

variable "cloudflare_account_id" {
  type = string
}

locals {
  public_ip = "203.0.113.10"
  # Straight to the house
  direct_names = [
    "affine",
    "audiobookshelf",
    "books",
    "budget",
    "draw",
    "f1",
    "forgejo",
    "frigate",
    "hackmd",
    "headscale",
    "health",
    "immich",
    "jellyfin",
    "k8s-portal",
    "kms",
    "links",
    "music",
    "n8n",
    "navidrome",
    "novelapp",
    "paperless",
    "recipes",
    "send",
    "servarr",
    "turn",
    "vpn",
    "yt",
  ]
  # Through the tunnel
  proxied_names = [
    "@",
    "cc",
    "city-guesser",
    "pb",
    "resume",
    "status",
    "travel",
    "wealth",
    "www",
  ]
}

resource "cloudflare_record" "direct" {
  for_each = toset(local.direct_names)
  zone_id  = var.cloudflare_zone_id
  name     = each.value
  type     = "A"
  content  = local.public_ip
  ttl      = 300
  proxied  = false
}

resource "cloudflare_record" "proxied" {
  for_each = toset(local.proxied_names)
  zone_id  = var.cloudflare_zone_id
  name     = each.value
  type     = "CNAME"
  content  = "${cloudflare_zero_trust_tunnel_cloudflared.home.id}.cfargotunnel.com"
  ttl      = 1
  proxied  = true
}

resource "cloudflare_zero_trust_tunnel_cloudflared" "home" {
  account_id = var.cloudflare_account_id
  name       = "home"
  secret     = var.tunnel_secret
}

variable "tunnel_secret" {
  type      = string
  sensitive = true
}

# The tunnel's ingress rules are edited in the dashboard. They are not in this repository.
