/*
 * Which probes tell whether a plan keeps and reaches what it promises: for every moved name, protected endpoint and
 * Service that stays on the address, from every vantage point. Pure; who can make them from where is decided later.
 */

import type { Flow } from '#dataplane/flow.ts';
import { chooseRule } from '#dataplane/tunnel.ts';
import type { Reader } from '#estate/estate.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Attempt, Probe } from './prober.ts';

/** What of a plan the probes are about; addresses outside of it are never probed. */
export interface ProbeScope {
  /** Flows of the estate that a person would start. */
  readonly flows: readonly Flow[];
  /** Addresses that the plan moves something from or to. */
  readonly addresses: readonly Ip[];
  /** Names of the moved Service. */
  readonly names: readonly DnsName[];
}

export interface ProbeLists {
  readonly probes: readonly Probe[];
  /** What a bound left out, in words; empty: nothing. */
  readonly leftOut: readonly string[];
}

/** Most probes of a kind from one vantage point. HTTP/3 costs a process each. */
export const mostOf: Readonly<Record<Attempt['kind'] | 'http3', number>> = {
  dns: 400,
  tcp: 100,
  tls: 40,
  http: 400,
  http3: 40,
  postgres: 20,
};

/** The probes of the scope, in a stable order, each once. */
export function probePlan(scope: ProbeScope, reader: Reader): ProbeLists {
  const points = reader.all('vantagePoint').map((f) => f.value);
  const lists = points.map((point) => bounded(point.id, probesFrom(point, scope, reader)));
  const leftOut = [...lists.flatMap((l) => l.leftOut), ...silentOnes(scope)];
  return { probes: lists.flatMap((l) => l.probes), leftOut };
}

/** UDP endpoints other than HTTP/3 and DNS answer nobody whom they do not know: only their own clients can tell. */
function silentOnes({ flows }: ProbeScope): readonly string[] {
  const silent = flows.filter((f) => 'ip' in f.to && f.protocol === 'udp' && f.port !== 53 && f.port !== 443);
  const places = [...new Set(silent.map((f) => `${'ip' in f.to ? f.to.ip : ''}:${f.port}/udp`))];
  return places.map((place) => `${place}, which answers its own clients alone`);
}

function probesFrom(point: VantagePoint, scope: ProbeScope, reader: Reader): readonly Probe[] {
  if (point.kind === 'tunnel-edge') return [];
  const found = new Map<string, Probe>();
  for (const probe of [
    ...answerProbes(point, scope, reader),
    ...nameProbes(point, scope, reader),
    ...endpointProbes(point, scope, reader),
  ])
    if (!found.has(probe.id)) found.set(probe.id, probe);
  return [...found.values()];
}

/** Every resolver with an address, asked for every moved name. */
function answerProbes(point: VantagePoint, { names }: ProbeScope, reader: Reader): readonly Probe[] {
  const resolvers = reader
    .all('resolver')
    .flatMap(({ value: r }) => (r.address ? [{ id: r.id, ip: r.address }] : []));
  const mayAsk = resolvers.filter((r) => point.kind !== 'internet' || r.id === point.resolver);
  return mayAsk.flatMap((r) =>
    names.map((name) =>
      probeOf(point.id, 'moved', { kind: 'dns', resolver: r.id, ip: r.ip, name, type: 'A' }),
    ),
  );
}

function nameProbes(point: VantagePoint, { names, addresses }: ProbeScope, reader: Reader): readonly Probe[] {
  const targets = point.kind === 'internet' ? publicOnes(reader) : addresses;
  const has = new Set(point.clients.map(familyOf));
  return targets
    .filter((ip) => has.size === 0 || has.has(familyOf(ip)))
    .flatMap((ip) =>
      names
        .filter((n) => point.kind !== 'internet' || !isTunnelled(reader, n))
        .flatMap((name) => attemptsAt(ip, name)),
    )
    .map((attempt) => probeOf(point.id, 'moved', attempt));
}

/** A name that comes in by a tunnel is not asked for at the public address. */
function isTunnelled(reader: Reader, name: DnsName): boolean {
  return reader.all('tunnel').some((t) => {
    const choice = chooseRule(reader, t.value.name, name, '/');
    return choice.kind === 'rule' && choice.rule.value.hostname !== undefined;
  });
}

function attemptsAt(ip: Ip, name: DnsName): readonly Attempt[] {
  const https = { isPlain: false, ip, port: 443, name };
  return [
    { kind: 'tcp', ip, port: 443 },
    { kind: 'tls', ip, port: 443, name },
    { kind: 'http', version: 1, isPlain: true, ip, port: 80, name },
    { kind: 'http', version: 1, ...https },
    { kind: 'http', version: 2, ...https },
    { kind: 'http', version: 3, ...https },
  ];
}

function publicOnes(reader: Reader): readonly Ip[] {
  return reader.all('publicAddress').map((p) => p.value.ip);
}

/** Flows to addresses: protected endpoints, and other Services that share one. */
function endpointProbes(point: VantagePoint, scope: ProbeScope, reader: Reader): readonly Probe[] {
  const guarded = new Set(reader.all('protectedEndpoint').map((p) => `${p.value.port}/${p.value.protocol}`));
  return scope.flows.flatMap((flow) => {
    if (flow.from !== point.id || !('ip' in flow.to) || flow.protocol !== 'tcp') return [];
    const why = guarded.has(`${flow.port}/tcp`) ? 'protected' : 'out-of-scope';
    const kind = flow.port === 5432 ? 'postgres' : 'tcp';
    return [probeOf(point.id, why, { kind, ip: flow.to.ip, port: flow.port })];
  });
}

function probeOf(from: string, why: Probe['why'], attempt: Attempt): Probe {
  return { id: `${from}: ${attemptText(attempt)}`, from, why, attempt };
}

/** `http2 immich.example.org at 10.0.20.203:443`. */
export function attemptText(a: Attempt): string {
  switch (a.kind) {
    case 'dns':
      return `dns ${a.name} ${a.type} at ${a.resolver} (${a.ip})`;
    case 'tls':
      return `tls ${a.name} at ${place(a)}`;
    case 'http':
      return `${a.isPlain ? 'http' : `http${a.version}`} ${a.name} at ${place(a)}`;
    case 'tcp':
    case 'postgres':
      return `${a.kind} ${place(a)}`;
    default:
      return a satisfies never;
  }
}

function place({ ip, port }: { readonly ip: Ip; readonly port: number }): string {
  return `${familyOf(ip) === 6 ? `[${ip}]` : ip}:${port}`;
}

function bounded(from: string, probes: readonly Probe[]): ProbeLists {
  const counts = new Map<string, number>();
  const over = new Map<string, number>();
  const kept = probes.filter(({ attempt: a }) => {
    const kind = a.kind === 'http' && a.version === 3 ? 'http3' : a.kind;
    const n = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, n);
    if (n > mostOf[kind]) over.set(kind, n - mostOf[kind]);
    return n <= mostOf[kind];
  });
  return { probes: kept, leftOut: [...over].map(([kind, n]) => `${n} ${kind} probes from ${from}`) };
}

/** The same attempt as a command line for a person at the vantage point. */
export function commandFor({ attempt: a }: Probe): string {
  switch (a.kind) {
    case 'dns':
      return `dig +short @${a.ip} ${a.name} ${a.type}`;
    case 'tcp':
      return `nc -vz -w 3 ${a.ip} ${a.port}`;
    case 'tls':
      return `openssl s_client -brief -connect ${place(a)} -servername ${a.name} </dev/null`;
    case 'http': {
      const scheme = a.isPlain ? 'http' : 'https';
      const version = a.version === 1 ? '--http1.1' : a.version === 2 ? '--http2' : '--http3-only';
      const port = a.port === (a.isPlain ? 80 : 443) ? '' : `:${a.port}`;
      return `curl -sS -m 5 -o /dev/null -w '%{http_code} %{http_version}\\n' ${version} --resolve ${a.name}:${a.port}:${a.ip} ${scheme}://${a.name}${port}/`;
    }
    case 'postgres':
      return `pg_isready -h ${a.ip} -p ${a.port}`;
    default:
      return a satisfies never;
  }
}
