/* The estate in the lab as the systems of a run: the lab's actuators, and probes from the lab's own hosts. */
import { SightlineError } from '#estate/error.ts';
import { labActuators } from '#lab/estate/actuators.ts';
import { type EstateLab, startEstateLab } from '#lab/estate/estate-lab.ts';
import { startPointOf } from '#lab/estate/start-points.ts';
import type { AttemptTarget, Attempt as LabAttempt } from '#lab/traffic/attempt.ts';
import { familyOf } from '#net/ip.ts';
import type { Plan } from '#plan/plan.ts';
import type { Attempt, Observation, Prober } from '#probe/prober.ts';
import type { Snapshot } from './load-snapshot.ts';
import { scaleFor } from './rehearse.ts';
import type { RunSystems } from './run-core.ts';

/** Names that are probed in a lab: all of them are served by the same few programs there. */
const mostNames = 6;

/** Brings the estate up. Throws SightlineError `no-lab` where no lab can be. */
export async function labSystems(snapshot: Snapshot, plan: Plan): Promise<RunSystems> {
  const timeScale = scaleFor(plan);
  const lab = await startEstateLab(snapshot.estate, { timeScale });
  if (lab.kind === 'unavailable') throw new SightlineError('no-lab', lab.reason, { hint: lab.hint });
  return {
    actuators: labActuators({ store: lab.store, names: lab.names, rollout: lab.rollout }),
    probers: { at: (vantagePoint) => proberAt(lab, vantagePoint) },
    policy: { timeScale, firstPauseMs: 50, settleMs: 20_000 },
    mostNames,
    close: () => lab.down(),
  };
}

function proberAt(lab: EstateLab, vantagePoint: string): Prober | undefined {
  const start = startPointOf(lab.store.reader, vantagePoint);
  const isBuilt = start !== undefined && lab.lab.topology.hosts.some((h) => h.name === start.host);
  if (!isBuilt) return undefined;
  const mtu = lab.store.reader.get('vantagePoint', vantagePoint)?.value.mtu;
  return {
    can: (attempt) => attempt.kind !== 'tls' && !isTooNarrowToTell(attempt, mtu),
    attempt: async (attempt, timeoutMs) => {
      await lab.controllers.settled();
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
