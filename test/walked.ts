/* Short questions about walks of the home estate, for tables: what a path or a walk came to, and by which hosts. */
import { type PathTrace, walkAddress } from '#dataplane/path.ts';
import type { StageName, Trace } from '#dataplane/trace.ts';
import { walk } from '#dataplane/walk.ts';
import { ip } from '#net/ip.ts';
import { type Changes, homeReader, wan } from '#test/estates.ts';
import { web } from '#test/variations/variation.ts';

export interface Dial {
  readonly vantage?: string;
  readonly source?: string;
  readonly to?: string;
  readonly port?: number;
  readonly protocol?: 'tcp' | 'udp';
}

/** Every way to the address; from the Internet to the WAN address by HTTPS, but for what is said. */
export function pathsOf(changes: Changes, dial: Dial = {}): readonly PathTrace[] {
  const { vantage = 'internet', to = wan, port = 443, protocol = 'tcp', source } = dial;
  const family = to.includes(':') ? 6 : 4;
  return walkAddress(homeReader(changes), {
    vantage,
    family,
    ip: ip(to),
    port,
    protocol,
    ...(source && { source: ip(source) }),
  });
}

/** The first of them. */
export function pathOf(changes: Changes, dial: Dial = {}): PathTrace {
  const [path] = pathsOf(changes, dial);
  if (!path) throw new Error('a walk is never empty');
  return path;
}

/** HTTPS to immich.example.org from the Internet, but for what is said. */
export function tracesOf(changes: Changes, flow: Parameters<typeof web>[0] = {}): readonly Trace[] {
  return walk(homeReader(changes), web(flow)).traces;
}

export function hostsOf(trace: Pick<Trace, 'hops'>): readonly string[] {
  return trace.hops.map((h) => h.host);
}

/** Stages of the steps at one host. */
export function stagesAt(trace: Pick<Trace, 'hops'>, host: string): readonly StageName[] {
  return trace.hops.filter((h) => h.host === host).flatMap((h) => h.steps.map((s) => s.stage));
}

export function gapIds(trace: Pick<Trace, 'gaps'>): readonly string[] {
  return trace.gaps.map((g) => g.id);
}
