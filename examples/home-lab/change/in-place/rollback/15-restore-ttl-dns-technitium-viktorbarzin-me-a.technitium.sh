#!/bin/sh
# Restore the TTL of viktorbarzin.me A in dns/technitium
# The old value must still be there: otherwise nothing is changed.
set -eu
: "${TECHNITIUM_TOKEN:?set TECHNITIUM_TOKEN to an API token of Technitium}"
api=http://technitium.viktorbarzin.lan:5380/api/zones/records
zone=viktorbarzin.me
name=viktorbarzin.me
type=A
call() { # call PATH NAME=VALUE...: the token goes in by a pipe, so that no process list shows it
  path=$1; shift
  for pair in "$@"; do set -- "$@" --data-urlencode "$pair"; shift; done
  printf 'data-urlencode = "token=%s"\n' "$TECHNITIUM_TOKEN" | curl -sS --fail --max-time 20 --config - "$@" "$api/$path"
}
checked() { jq 'if .status == "ok" then {status} else halt_error(1) end'; }
update() { # update OLD NEW
  record=$(call get "domain=$name" "zone=$zone" | jq -c --arg t "$type" --arg v "$1" \
    '[.response.records[]? | select(.type == $t and .rData.ipAddress == $v)][0] // empty')
  [ -n "$record" ] || { echo "$name $type is not $1 any more: somebody changed it, or it is done already" >&2; exit 1; }
  call update "domain=$name" "zone=$zone" "type=$type" "ipAddress=$1" "newIpAddress=$2" ttl=60 \
    "disable=$(printf %s "$record" | jq -r '.disabled // false')" \
    "comments=$(printf %s "$record" | jq -r '.comments // ""')" \
    "expiryTtl=$(printf %s "$record" | jq -r '.expiryTtl // 0')" updateSvcbHints=true | checked
}
update 10.0.20.203 10.0.20.203
