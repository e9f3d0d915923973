/*
 * What a host's kernel remembers of connections, and forgetting some of it, as kube-proxy does for UDP flows to
 * endpoints that are gone. Uses Debian's conntrack; forgetting everything needs no program (Lab.flushConntrack).
 */
import { SightlineError } from '#estate/error.ts';
import { program } from '../programs.ts';
import type { Lab } from './lab.ts';

/** One tracked connection: as it came in, and as its answers come back. */
export interface TrackedFlow {
  readonly protocol: 'tcp' | 'udp';
  readonly original: Tuple;
  readonly reply: Tuple;
  /** An answer has been seen. */
  readonly isAnswered: boolean;
}

export interface Tuple {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

export interface FlowFilter {
  readonly protocol: 'tcp' | 'udp';
  /** Where the client sent it: a VIP, for example. */
  readonly destination?: string;
  readonly destinationPort?: number;
  /** Who answers: the endpoint that it was translated to. */
  readonly answeredBy?: string;
}

/** The TCP and UDP connections that a host tracks. */
export async function listFlows(lab: Lab, host: string): Promise<readonly TrackedFlow[]> {
  const texts = await Promise.all(
    ['ipv4', 'ipv6'].map((family) => conntrack(lab, host, ['-L', '-f', family])),
  );
  return texts.flatMap((text) => text.stdout.split('\n').flatMap((line) => readFlow(line) ?? []));
}

/** Forgets matching connections of one host; says how many. */
export async function forgetFlows(lab: Lab, host: string, filter: FlowFilter): Promise<number> {
  const named = [
    ['-p', filter.protocol],
    ['--orig-dst', filter.destination],
    ['--orig-port-dst', filter.destinationPort],
    ['--reply-src', filter.answeredBy],
  ].filter((pair) => pair[1] !== undefined);
  const isV6 = [filter.destination, filter.answeredBy].some((address) => address?.includes(':'));
  const argv = ['-D', '-f', isV6 ? 'ipv6' : 'ipv4', ...named.flat().map(String)];
  const { stderr } = await conntrack(lab, host, argv);
  const count = /(\d+) flow entries have been deleted/.exec(stderr)?.[1];
  if (count === undefined)
    throw new SightlineError('lab-command', `conntrack ${argv.join(' ')} in ${host}: ${stderr.trim()}`);
  return Number(count);
}

/** One line of `conntrack -L`; undefined for other protocols and what is no entry. */
export function readFlow(line: string): TrackedFlow | undefined {
  const protocol = /^(tcp|udp) /.exec(line)?.[1] as 'tcp' | 'udp' | undefined;
  const values = [...line.matchAll(/\b(src|dst|sport|dport)=(\S+)/g)].map((match) => match[2] ?? '');
  if (!protocol || values.length !== 8) return undefined;
  const tuple = ([source = '', destination = '', sourcePort, destinationPort]: readonly string[]): Tuple => ({
    source,
    sourcePort: Number(sourcePort),
    destination,
    destinationPort: Number(destinationPort),
  });
  const isAnswered = !line.includes('[UNREPLIED]');
  return { protocol, original: tuple(values.slice(0, 4)), reply: tuple(values.slice(4)), isAnswered };
}

async function conntrack(lab: Lab, host: string, argv: readonly string[]) {
  const found = await program('conntrack');
  if (found.kind === 'missing')
    throw new SightlineError('lab-program', found.message, { hint: found.command });
  return lab.run(host, [found.path, ...argv], { env: found.env });
}
