/*
 * Technitium's API as a script. An update without TTL, comment, disabled and expiry would reset them, so each call reads the
 * record first and sends all of it again; the old value must still be there, or nothing is changed.
 */
import type { RecordSet } from '#estate/dns.ts';
import { comment, quote } from './blocks.ts';
import { credentialOf, type Task } from './context.ts';

/** Old and new value of each record of the set that changes; all of them where the TTL does. '': none on that side. */
export function changedValues(before: RecordSet, after: RecordSet): readonly (readonly [string, string])[] {
  const gone = before.values.filter((v) => !after.values.includes(v));
  const come = after.values.filter((v) => !before.values.includes(v));
  const count = Math.max(gone.length, come.length);
  const pairs = Array.from({ length: count }, (_, i): readonly [string, string] => [
    gone[i] ?? '',
    come[i] ?? '',
  ]);
  const kept = before.values.filter((v) => after.values.includes(v));
  return before.ttlSeconds === after.ttlSeconds ? pairs : [...pairs, ...kept.map((v) => [v, v] as const)];
}

interface FieldNames {
  readonly old: string;
  readonly new: string;
  /** In rData of an answer. */
  readonly read: string;
}

function fieldsOf(type: RecordSet['type']): FieldNames {
  if (type === 'A' || type === 'AAAA') return { old: 'ipAddress', new: 'newIpAddress', read: 'ipAddress' };
  if (type === 'CNAME') return { old: 'cname', new: 'cname', read: 'cname' };
  return { old: 'value', new: 'newValue', read: 'value' };
}

export function technitiumScript(task: Task, url: string, before: RecordSet, after: RecordSet): string {
  const field = fieldsOf(before.type);
  const credential = credentialOf(task.input.reader, before.server) ?? '';
  const variable = /^env:([A-Za-z_]\w*)$/.exec(credential)?.[1] ?? 'TECHNITIUM_TOKEN';
  const calls = changedValues(before, after).map(([was, is]) => {
    if (was === '') return `add ${quote(is)}`;
    return is === '' ? `delete ${quote(was)}` : `update ${quote(was)} ${quote(is)}`;
  });
  const used = ['add', 'delete', 'update'].filter((f) => calls.some((c) => c.startsWith(`${f} `)));
  return `#!/bin/sh
${comment(task.planned.title)}
# The old value must still be there: otherwise nothing is changed.
set -eu
: "\${${variable}:?set ${variable} to an API token of Technitium}"
api=${quote(url)}/api/zones/records
zone=${quote(before.zone)}
name=${quote(before.name)}
type=${before.type}
call() { # call PATH NAME=VALUE...: the token goes in by a pipe, so that no process list shows it
  path=$1; shift
  for pair in "$@"; do set -- "$@" --data-urlencode "$pair"; shift; done
  printf 'data-urlencode = "token=%s"\\n' "$${variable}" | curl -sS --fail --max-time 20 --config - "$@" "$api/$path"
}
checked() { jq 'if .status == "ok" then {status} else halt_error(1) end'; }
${used.map((f) => functionText(f, field, after.ttlSeconds)).join('\n')}
${calls.join('\n')}
`;
}

function functionText(name: string, field: FieldNames, ttl: number): string {
  if (name === 'add') {
    return `add() { # add VALUE
  call add "domain=$name" "zone=$zone" "type=$type" "${field.old}=$1" ttl=${ttl} overwrite=false | checked
}`;
  }
  if (name === 'delete') {
    return `delete() { # delete VALUE
  call delete "domain=$name" "zone=$zone" "type=$type" "${field.old}=$1" | checked
}`;
  }
  return `update() { # update OLD NEW
  record=$(call get "domain=$name" "zone=$zone" | jq -c --arg t "$type" --arg v "$1" \\
    '[.response.records[]? | select(.type == $t and .rData.${field.read} == $v)][0] // empty')
  [ -n "$record" ] || { echo "$name $type is not $1 any more: somebody changed it, or it is done already" >&2; exit 1; }
  call update "domain=$name" "zone=$zone" "type=$type" "${field.old}=$1" "${field.new}=$2" ttl=${ttl} \\
    "disable=$(printf %s "$record" | jq -r '.disabled // false')" \\
    "comments=$(printf %s "$record" | jq -r '.comments // ""')" \\
    "expiryTtl=$(printf %s "$record" | jq -r '.expiryTtl // 0')" updateSvcbHints=true | checked
}`;
}
