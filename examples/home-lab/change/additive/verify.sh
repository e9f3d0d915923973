#!/bin/sh
# Checks after (and, for what must never break, during) the additive change. Run it from the LAN: sh verify.sh
# It only looks. Ends with 0 when everything passed, 1 otherwise. What a machine lacks (curl, dig, psql) is told, not skipped in silence.
set -u
failed=0
pass() { printf 'ok    %s\n' "$1"; }
fail() { printf 'FAIL  %s\n' "$1"; failed=1; }
note() { printf 'note  %s\n' "$1"; }
need() { command -v "$1" > /dev/null 2>&1 || { fail "$2: this machine has no $1"; return 1; }; }
same() { # same WHAT WANTED GOT
  if [ "$2" = "$3" ]; then pass "$1: $3"; else fail "$1: '$3' instead of '$2'"; fi
}
tcp() { # tcp WHAT ADDRESS PORT: the connection counts, whatever is said on it
  need curl "$1" || return
  case $(curl -s -o /dev/null --connect-timeout 5 --max-time 6 -w '%{time_connect}' "telnet://$2:$3" < /dev/null) in
    ''|0|0.000000) fail "$1: $2:$3 does not accept TCP" ;;
    *) pass "$1: $2:$3 accepts TCP" ;;
  esac
}
postgres() { # postgres WHAT ADDRESS PORT: by its own protocol; a refused login is an answer, too
  if ! command -v pg_isready > /dev/null 2>&1; then tcp "$1" "$2" "$3"; return; fi
  if pg_isready -q -t 5 -h "$2" -p "$3"; then pass "$1: PostgreSQL at $2:$3 accepts connections"; else fail "$1: no PostgreSQL at $2:$3"; fi
}
answered() { # answered WHAT GOT: an answer of the ingress's own failure is none
  case $2 in *' 5'[0-9][0-9]) fail "$1: HTTP/$2" ;; *) pass "$1: HTTP/$2" ;; esac
}
https() { # https NAME ADDRESS [curl option]: certificate checked, address pinned
  need curl "$1 at $2" || return
  if got=$(curl -sS -o /dev/null --max-time 10 --resolve "$1:443:$2" -w '%{http_version} %{http_code}' ${3:+"$3"} "https://$1/" 2>&1)
  then answered "https://$1/ at $2" "$got"; else fail "https://$1/ at $2${3:+ ($3)}: $got"; fi
}
http3() { # http3 NAME ADDRESS
  if curl --version 2> /dev/null | grep -q HTTP3; then https "$1" "$2" --http3-only
  else fail "HTTP/3 of $1: this curl has no HTTP/3; use the outside check"; fi
}
dns() { # dns WHAT SERVER NAME: any answer counts
  need dig "$1" || return
  if [ -n "$(dig +short +time=3 +tries=2 "@$2" "$3" SOA)" ]; then pass "$1: $2 answers"; else fail "$1: $2 does not answer"; fi
}
advertised() { # advertised NAME ADDRESS: what browsers are told; a note only, because no change of this plan touches it
  got=$(curl -sS -o /dev/null --max-time 10 --resolve "$1:443:$2" -D - "https://$1/" 2> /dev/null | grep -i '^alt-svc:')
  case $got in
    *h3=\":443\"*) pass "Alt-Svc of $1 names UDP 443" ;;
    '') note "$1 sends no Alt-Svc: browsers will not try HTTP/3" ;;
    *) note "Alt-Svc of $1 names another port than 443, so browsers do not reach HTTP/3: $got" ;;
  esac
}
answers() { # answers SERVER NAME TYPE WANTED
  need dig "$2 $3 from $1" || return
  same "$2 $3 from $1" "$4" "$(dig +short +time=3 +tries=2 "@$1" "$2" "$3" | tail -n 1)"
}

# What must never break
dns 'DNS of the house' 10.0.20.201 20.0.10.in-addr.arpa
postgres 'Terraform state' 10.0.20.200 5432
note 'WireGuard: UDP 10.0.20.200:51820 answers its own protocol only; try it with its own client'
tcp headscale 10.0.20.200 8080

# The Service at its new address
if need kubectl 'the Service'; then
  same 'address' 10.0.20.203 "$(kubectl --context home -n traefik get service traefik-lb -o jsonpath='{.status.loadBalancer.ingress[0].ip}')"
  same 'policy' Local "$(kubectl --context home -n traefik get service traefik-lb -o jsonpath='{.spec.externalTrafficPolicy}')"
  same 'ports' '80 443 443' "$(kubectl --context home -n traefik get service traefik-lb -o jsonpath='{.spec.ports[*].port}')"
fi

# Names inside the house
answers 10.0.20.201 viktorbarzin.me A 10.0.20.203

# A few of the names behind the ingress, at the address itself: HTTP/1.1, HTTP/2 and HTTP/3
https affine.viktorbarzin.me 10.0.20.203 --http1.1
https affine.viktorbarzin.me 10.0.20.203 --http2
https audiobookshelf.viktorbarzin.me 10.0.20.203 --http1.1
https audiobookshelf.viktorbarzin.me 10.0.20.203 --http2
https books.viktorbarzin.me 10.0.20.203 --http1.1
https books.viktorbarzin.me 10.0.20.203 --http2
https budget.viktorbarzin.me 10.0.20.203 --http1.1
https budget.viktorbarzin.me 10.0.20.203 --http2
https draw.viktorbarzin.me 10.0.20.203 --http1.1
https draw.viktorbarzin.me 10.0.20.203 --http2
http3 affine.viktorbarzin.me 10.0.20.203
advertised affine.viktorbarzin.me 10.0.20.203

# A name that comes in by the tunnel: it must not notice anything
if need curl viktorbarzin.me; then
  if got=$(curl -sS -o /dev/null --max-time 15 --doh-url https://1.1.1.1/dns-query -w '%{http_version} %{http_code}' https://viktorbarzin.me/ 2>&1)
  then answered 'https://viktorbarzin.me/ by the tunnel' "$got"; else fail 'https://viktorbarzin.me/ by the tunnel'": $got"; fi
fi

echo
if [ "$failed" = 0 ]; then echo 'All checks passed.'; else echo 'Something failed: the runbook says how to go back.'; fi
exit "$failed"
