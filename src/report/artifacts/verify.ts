/*
 * The checks that a person runs: a POSIX script from inside the house, and one line to run from a phone or a rented
 * machine outside. They look at the addresses themselves, not only at what DNS says.
 */
import type { Reader } from '#estate/estate.ts';
import type { ProtectedEndpoint } from '#estate/settings.ts';
import { comment, quote } from './blocks.ts';
import type { ArtifactInput } from './context.ts';
import { kubectl } from './context.ts';
import { isMoved, type MoveSummary, moveOf } from './move.ts';

const mostNames = 5;

/** `sh verify.sh`: ends with 0 when every check passed. */
export function verifyScript(input: ArtifactInput): string {
  const move = moveOf(input.plan, input.reader);
  const lines = [
    ...protectedChecks(input.reader, move),
    ...(move === undefined ? [] : moveChecks(input.reader, move)),
    ...(move === undefined ? [] : proxiedChecks(input.reader)),
  ];
  return `${head(input)}\n${lines.join('\n')}\n${tail}`;
}

function head({ plan }: ArtifactInput): string {
  return `#!/bin/sh
${comment(`Checks after (and, for what must never break, during) the ${plan.style} change. Run it from the LAN: sh verify.sh`)}
# It only looks. Ends with 0 when everything passed, 1 otherwise. What a machine lacks (curl, dig, psql) is told, not skipped in silence.
set -u
failed=0
pass() { printf 'ok    %s\\n' "$1"; }
fail() { printf 'FAIL  %s\\n' "$1"; failed=1; }
note() { printf 'note  %s\\n' "$1"; }
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
  if got=$(curl -sS -o /dev/null --max-time 10 --resolve "$1:443:$2" -w '%{http_version} %{http_code}' \${3:+"$3"} "https://$1/" 2>&1)
  then answered "https://$1/ at $2" "$got"; else fail "https://$1/ at $2\${3:+ ($3)}: $got"; fi
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
    *h3=\\":443\\"*) pass "Alt-Svc of $1 names UDP 443" ;;
    '') note "$1 sends no Alt-Svc: browsers will not try HTTP/3" ;;
    *) note "Alt-Svc of $1 names another port than 443, so browsers do not reach HTTP/3: $got" ;;
  esac
}
answers() { # answers SERVER NAME TYPE WANTED
  need dig "$2 $3 from $1" || return
  same "$2 $3 from $1" "$4" "$(dig +short +time=3 +tries=2 "@$1" "$2" "$3" | tail -n 1)"
}
`;
}

const tail = `
echo
if [ "$failed" = 0 ]; then echo 'All checks passed.'; else echo 'Something failed: the runbook says how to go back.'; fi
exit "$failed"
`;

/** What must never break, from where this script runs. */
function protectedChecks(reader: Reader, move: MoveSummary | undefined): readonly string[] {
  const lines = reader
    .all('protectedEndpoint')
    .map(({ value }) =>
      isMoved(move, value)
        ? `note ${quote(`${value.name} moves: its names are tried below`)}`
        : protectedCheck(reader, value),
    );
  return ['# What must never break', ...lines];
}

function protectedCheck(reader: Reader, endpoint: ProtectedEndpoint): string {
  const ip = addressOf(reader, endpoint);
  const what = quote(endpoint.name);
  if (ip === undefined) return `fail ${quote(`${endpoint.name}: its address is not known`)}`;
  if (endpoint.protocol === 'udp' && endpoint.port === 53)
    return `dns ${what} ${quote(ip)} ${quote(anyName(reader, ip))}`;
  if (endpoint.protocol === 'udp')
    return `note ${quote(`${endpoint.name}: UDP ${ip}:${endpoint.port} answers its own protocol only; try it with its own client`)}`;
  return `${endpoint.port === 5432 ? 'postgres' : 'tcp'} ${what} ${quote(ip)} ${endpoint.port}`;
}

export function addressOf(reader: Reader, endpoint: ProtectedEndpoint): string | undefined {
  if (endpoint.ip !== undefined) return endpoint.ip;
  const found = reader
    .all('service')
    .find((f) => `${f.value.namespace}/${f.value.name}` === endpoint.service);
  return found?.value.vips[0]?.ip;
}

/** A zone that the server holds. */
function anyName(reader: Reader, ip: string): string {
  const resolver = reader.all('resolver').find((r) => r.value.address === ip)?.value;
  const zone = reader.all('zone').find((z) => resolver?.serves.includes(z.value.server));
  return zone?.value.name ?? '.';
}

function moveChecks(reader: Reader, move: MoveSummary): readonly string[] {
  const k = kubectl(reader, move.cluster);
  const [namespace = '', name = ''] = move.newService.split('/');
  const field = (path: string) =>
    `"$(${k} -n ${quote(namespace)} get service ${quote(name)} -o jsonpath='{${path}}')"`;
  const names = directNames(reader, move);
  return [
    '',
    '# The Service at its new address',
    `if need kubectl 'the Service'; then`,
    `  same 'address' ${quote(move.to)} ${field('.status.loadBalancer.ingress[0].ip')}`,
    `  same 'policy' ${quote(move.policy.after)} ${field('.spec.externalTrafficPolicy')}`,
    `  same 'ports' ${quote(portList(reader, move))} ${field('.spec.ports[*].port')}`,
    'fi',
    '',
    '# Names inside the house',
    ...recordChecks(reader, move),
    '',
    `# A few of the names behind the ingress, at the address itself: HTTP/1.1, HTTP/2 and HTTP/3`,
    ...names.flatMap((n) => [
      `https ${quote(n)} ${quote(move.to)} --http1.1`,
      `https ${quote(n)} ${quote(move.to)} --http2`,
    ]),
    ...names
      .slice(0, 1)
      .flatMap((n) => [`http3 ${quote(n)} ${quote(move.to)}`, `advertised ${quote(n)} ${quote(move.to)}`]),
  ];
}

function portList(reader: Reader, move: MoveSummary): string {
  const service = reader.get('service', `${move.cluster}/${move.service}`)?.value;
  return (service?.ports ?? []).map((p) => p.port).join(' ');
}

function recordChecks(reader: Reader, move: MoveSummary): readonly string[] {
  return move.names.flatMap((name) => {
    const server = reader
      .all('recordSet')
      .find((r) => r.value.name === name && r.value.values.includes(move.from as never));
    const resolvers = reader
      .all('resolver')
      .filter(
        (r) =>
          r.value.address !== undefined &&
          server !== undefined &&
          r.value.serves.includes(server.value.server),
      );
    return resolvers.map((r) => `answers ${quote(r.value.address ?? '')} ${quote(name)} A ${quote(move.to)}`);
  });
}

/** Names whose routes end at the ingress and that are not only proxied; a few, in their order. */
export function directNames(reader: Reader, move: MoveSummary): readonly string[] {
  const proxied = new Set(
    reader
      .all('recordSet')
      .filter((r) => r.value.isProxied === true)
      .map((r) => r.value.name as string),
  );
  const hosts = reader
    .all('route')
    .flatMap((r) => r.value.match.hosts)
    .filter((h) => !h.includes('*') && !proxied.has(h));
  const under = hosts.filter((h) => move.names.length === 0 || move.names.some((n) => h.endsWith(`.${n}`)));
  return [...new Set(under)].sort().slice(0, mostNames);
}

function proxiedChecks(reader: Reader): readonly string[] {
  const name = reader
    .all('tunnelRule')
    .find((r) => r.value.hostname !== undefined && !r.value.hostname.includes('*'))?.value.hostname;
  if (name === undefined) return [];
  const what = quote(`https://${name}/ by the tunnel`);
  return [
    '',
    '# A name that comes in by the tunnel: it must not notice anything',
    `if need curl ${quote(name)}; then`,
    `  if got=$(curl -sS -o /dev/null --max-time 15 --doh-url https://1.1.1.1/dns-query -w '%{http_version} %{http_code}' ${quote(`https://${name}/`)} 2>&1)`,
    `  then answered ${what} "$got"; else fail ${what}": $got"; fi`,
    'fi',
  ];
}

/** One line for a phone's terminal or a rented machine. */
export function outsideCheck(input: ArtifactInput): string {
  const move = moveOf(input.plan, input.reader);
  const [name] = move === undefined ? [] : directNames(input.reader, move);
  if (move === undefined || name === undefined) return '';
  const url = quote(`https://${name}/`);
  const k = kubectl(input.reader, move.cluster);
  const [namespace = ''] = move.service.split('/');
  const service = input.reader.get('service', `${move.cluster}/${move.service}`)?.value;
  const labels = Object.entries(service?.selector ?? {})
    .map(([key, v]) => `${key}=${v}`)
    .join(',');
  return `From a machine outside the house (mobile data, a rented server; a curl with HTTP/3). Expected: 3 200 or 3 30x, and the public address:

curl -4 --http3-only -sS -o /dev/null -w '%{http_version} %{http_code} %{remote_ip}\\n' ${url}

Without such a curl: https://http3check.net/?host=${encodeURIComponent(name)} (somebody else's service).

Whose address the ingress saw. Run it in the house right after, and compare with what https://ifconfig.co shows on the machine outside:

${k} -n ${quote(namespace)} logs -l ${quote(labels)} --since=2m --prefix=false | grep ${quote(name)} | tail -n 3
`;
}
