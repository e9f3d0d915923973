/* One question to one resolver, asked with node's own stub (c-ares), which falls back to TCP where an answer is cut. */
import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import type { Attempt, Observation, Prober } from '#probe/prober.ts';

export interface DnsProberOptions {
  /** 53 where not given. */
  readonly port?: number;
}

export function dnsProber({ port = 53 }: DnsProberOptions = {}): Prober {
  return {
    can: (a) => a.kind === 'dns',
    attempt: async (a, timeoutMs) => {
      if (a.kind !== 'dns') throw new Error(`no ${a.kind} here`);
      const began = performance.now();
      const seen = await ask(a, port, timeoutMs);
      return { ...seen, ms: Math.round(performance.now() - began) };
    },
  };
}

async function ask(
  a: Extract<Attempt, { kind: 'dns' }>,
  port: number,
  timeoutMs: number,
): Promise<Omit<Observation, 'ms'>> {
  const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 });
  resolver.setServers([isIPv6(a.ip) ? `[${a.ip}]:${port}` : `${a.ip}:${port}`]);
  const deadline = setTimeout(() => resolver.cancel(), timeoutMs);
  try {
    const answers =
      a.type === 'A'
        ? await resolver.resolve4(a.name, { ttl: true })
        : await resolver.resolve6(a.name, { ttl: true });
    const addresses = answers.map((r) => r.address).sort();
    const ttl = Math.min(...answers.map((r) => r.ttl));
    return { outcome: 'works', says: `${addresses.join(', ')} (TTL ${ttl} s)`, addresses };
  } catch (error) {
    return failure((error as NodeJS.ErrnoException).code ?? String(error));
  } finally {
    clearTimeout(deadline);
  }
}

const meanings: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such name',
  ENODATA: 'no such record',
  ETIMEOUT: 'no answer in time',
  ECANCELLED: 'no answer in time',
  EREFUSED: 'the server refuses the question',
  ESERVFAIL: 'the server failed',
  ECONNREFUSED: 'nothing listens there',
};

function failure(code: string): Omit<Observation, 'ms'> {
  const says = meanings[code] ?? code;
  if (code === 'EREFUSED') return { outcome: 'refused', says };
  const isAnswer = code === 'ENOTFOUND' || code === 'ENODATA';
  return { outcome: 'fails', says, ...(isAnswer && { addresses: [] }) };
}
