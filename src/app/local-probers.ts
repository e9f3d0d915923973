/* Probes from this machine: which vantage point it stands at, and every kind of attempt from there. */
import { networkInterfaces } from 'node:os';
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import { familyOf, type Ip, parseIp } from '#net/ip.ts';
import { contains, prefixBits, prefixFamily } from '#net/prefix.ts';
import type { Attempt, Observation, Prober, Probers } from '#probe/prober.ts';
import type { Snapshot } from './load-snapshot.ts';
import { machineProbers } from './wire.ts';

/** Probers of this machine. `from`: the vantage point it stands at; found by its addresses where not given. */
export async function localProbers(snapshot: Snapshot, from?: string): Promise<Probers> {
  const reader = readerOf(snapshot.estate);
  const here = from === undefined ? whereWeAre(reader, ownAddresses()) : stated(reader, from);
  const prober = here === undefined ? undefined : await allKinds();
  return { at: (vantagePoint) => (vantagePoint === here ? prober : undefined) };
}

/** The vantage point whose network, other than everything, holds one of the addresses; the smallest network wins. */
export function whereWeAre(reader: Reader, addresses: readonly Ip[]): string | undefined {
  const candidates = reader.all('vantagePoint').flatMap(({ value: v }) => {
    if (v.kind !== 'lan' && v.kind !== 'vpn' && v.kind !== 'node') return [];
    const exact = v.clients.some((c) => addresses.includes(c)) ? [129] : [];
    const around = v.networks
      .filter((n) => prefixBits(n) > 0)
      .filter((n) => addresses.some((a) => familyOf(a) === prefixFamily(n) && contains(n, a)))
      .map((n) => prefixBits(n));
    // A node's network is the network of every machine beside it: only its own address makes it the node.
    const bits = v.kind === 'node' ? exact : [...exact, ...around];
    return bits.length === 0 ? [] : [{ id: v.id, bits: Math.max(...bits) }];
  });
  return candidates.sort((a, b) => b.bits - a.bits || (a.id < b.id ? -1 : 1))[0]?.id;
}

function ownAddresses(): readonly Ip[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((i) => !i.internal)
    .flatMap((i) => parseIp(i.address) ?? []);
}

function stated(reader: Reader, from: string): string {
  if (reader.get('vantagePoint', from) !== undefined) return from;
  const known = reader.all('vantagePoint').map((v) => v.value.id);
  throw new SightlineError(
    'wrong-use',
    `--from ${JSON.stringify(from)} is no vantage point of the plan's snapshot`,
    {
      hint: `known: ${known.join(', ')}`,
    },
  );
}

/** Every kind of attempt this machine can make. */
export async function allKinds(): Promise<Prober> {
  const { http, dns, postgres, http3 } = await machineProbers();
  const probers: readonly Prober[] = [
    http.httpProber(),
    dns.dnsProber(),
    postgres.postgresProber(),
    http3Prober(http3.probeHttp3),
  ];
  const of = (attempt: Attempt) => probers.find((p) => p.can(attempt));
  return {
    can: (attempt) => of(attempt) !== undefined,
    attempt: (attempt, timeoutMs, mark) => {
      const prober = of(attempt);
      if (prober === undefined) throw new SightlineError('no-prober', `no prober for ${attempt.kind}`);
      return prober.attempt(attempt, timeoutMs, mark);
    },
  };
}

type ProbeHttp3 = Awaited<ReturnType<typeof machineProbers>>['http3']['probeHttp3'];

/** Four at a time: each is a process of its own, and most of them only wait. */
function http3Prober(probe: ProbeHttp3): Prober {
  const slots = Array.from({ length: 4 }, () => Promise.resolve());
  let next = 0;
  return {
    can: (a) => a.kind === 'http' && a.version === 3,
    attempt: (a, timeoutMs, mark) => {
      const slot = next++ % slots.length;
      const done = (slots[slot] ?? Promise.resolve()).then(() => overHttp3(probe, a, timeoutMs, mark));
      slots[slot] = done.then(() => undefined);
      return done;
    },
  };
}

async function overHttp3(
  probe: ProbeHttp3,
  a: Attempt,
  timeoutMs: number,
  mark?: string,
): Promise<Observation> {
  if (a.kind !== 'http') throw new SightlineError('no-prober', `${a.kind} is not HTTP/3`);
  const path = mark === undefined ? {} : { path: `/?sightline-probe=${mark}` };
  const seen = await probe({ address: a.ip, port: a.port, serverName: a.name, timeoutMs, ...path });
  const { ms, status, cause } = seen;
  if (cause?.kind === 'could-not-try')
    return { outcome: 'fails', says: cause.message, ms, notTried: cause.message };
  if (cause !== undefined) return { outcome: 'fails', says: `${seen.stage}: ${cause.kind}`, ms };
  const outcome = status === 403 ? 'refused' : (status ?? 0) >= 500 ? 'fails' : 'works';
  return { outcome, says: `HTTP/3 ${status}`, ms, ...(status !== undefined && { status }) };
}
