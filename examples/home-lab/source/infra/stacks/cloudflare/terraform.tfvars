cloudflare_zone_id    = "0123456789abcdef0123456789abcdef"
cloudflare_account_id = "fedcba9876543210fedcba9876543210"
tunnel_secret         = "FAKE-tunnel-secret-bm90IGEgcmVhbCBzZWNyZXQ="
