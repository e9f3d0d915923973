/* Probes from the hosts of a lab: one attempt for each, as a client there makes it. */
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { startPointOf } from '#lab/estate/start-points.ts';
import type { AttemptTarget, Attempt as LabAttempt } from '#lab/traffic/attempt.ts';
import { familyOf } from '#net/ip.ts';
import type { Attempt, Observation, Prober } from '#probe/prober.ts';

/** Undefined: the lab has no host there. */
export function labProber(
  lab: EstateLab,
  followed: { settled(): Promise<void> },
  vantagePoint: string,
): Prober | undefined {
  const start = startPointOf(lab.store.reader, vantagePoint);
  const isBuilt = start !== undefined && lab.lab.topology.hosts.some((h) => h.name === start.host);
  if (!isBuilt) return undefined;
  const mtu = lab.store.reader.get('vantagePoint', vantagePoint)?.value.mtu;
  return {
    can: (attempt) => attempt.kind !== 'tls' && !isTooNarrowToTell(attempt, mtu),
    attempt: async (attempt, timeoutMs) => {
      await followed.settled();
      const agent = await lab.lab.agent(start.host);
      const seen = await agent.ask('attempt', { ...targetOf(attempt), ca: lab.authority.cert, timeoutMs });
      return toObservation(attempt, seen);
    },
  };
}

/**
 * The lab's HTTP/3 server (quiche) sends smaller datagrams than quic-go's 1280 bytes, so on a path that is too narrow for
 * the real one it shows nothing (lab/disagreements.json: quic-datagram-size). Such a probe has to be made elsewhere.
 */
function isTooNarrowToTell(attempt: Attempt, mtu: number | undefined): boolean {
  if (attempt.kind !== 'http' || attempt.version !== 3 || mtu === undefined) return false;
  return mtu < 1280 + (familyOf(attempt.ip) === 4 ? 28 : 48);
}

/** Databases are echoes in the lab: an answer to a connection is all that they can give. */
function targetOf(attempt: Attempt): AttemptTarget {
  switch (attempt.kind) {
    case 'dns':
      return {
        protocol: 'dns',
        address: attempt.ip,
        port: 53,
        serverName: attempt.name,
        recordType: attempt.type,
      };
    case 'http': {
      const protocol = attempt.isPlain ? 'http' : (`http${attempt.version}` as const);
      return { protocol, address: attempt.ip, port: attempt.port, serverName: attempt.name };
    }
    case 'tls':
    case 'tcp':
    case 'postgres':
      return { protocol: 'tcp', address: attempt.ip, port: attempt.port, isConnectOnly: true };
    default:
      return attempt satisfies never;
  }
}

function toObservation(attempt: Attempt, seen: LabAttempt): Observation {
  const ms = Math.round(seen.endMs - seen.startMs);
  if (!seen.ok) return { outcome: 'fails', says: `${seen.stage}: ${seen.cause}`, ms };
  if (attempt.kind === 'dns') {
    const addresses = [...(seen.resolved ?? [])].sort();
    return { outcome: 'works', says: addresses.join(', '), addresses, ms };
  }
  const { status } = seen;
  const outcome = status === 403 ? 'refused' : (status ?? 0) >= 500 ? 'fails' : 'works';
  return {
    outcome,
    says: status === undefined ? 'connects' : `${attempt.kind} ${status}`,
    ms,
    ...(status !== undefined && { status }),
    ...(seen.client !== undefined && { seenAs: seen.client }),
  };
}
