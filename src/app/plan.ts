/* `plan` and `prove`: a plan is found for a snapshot, proved, and bound to the files that it was made from. */

import type { Flow } from '#dataplane/flow.ts';
import { SightlineError } from '#estate/error.ts';
import { readerOf } from '#estate/estate.ts';
import type { Ip } from '#net/ip.ts';
import { parseIp } from '#net/ip.ts';
import { type AddressOwner, chooseOwner } from '#plan/address-owner.ts';
import { styleDecision } from '#plan/decisions.ts';
import type { Decision, Goal, Plan, Style } from '#plan/plan.ts';
import { type PlanOutcome, planFor } from '#plan/planner.ts';
import { realWorld } from '#plan/real-world.ts';
import { flowKey } from '#proof/memo.ts';
import { type ProveOptions, prove } from '#proof/prove.ts';
import type { ProofResult } from '#proof/result.ts';
import { makeSession } from '#proof/session.ts';
import type { Snapshot } from './load-snapshot.ts';
import { serviceId } from './who.ts';

export interface PlanQuestion {
  readonly snapshot: string;
  /** `ns/name` of the Service that gets an address of its own. One of the five goals is asked for. */
  readonly move?: string;
  /** `ns/name` of the Service that gets `policy` where it is. */
  readonly setPolicy?: string;
  /** The shared address of which all Services but one get their own. */
  readonly split?: string;
  /** The tunnel that is to dial the Service `to` by its name. */
  readonly repointTunnel?: string;
  /** The address that nobody is to have any more. */
  readonly retire?: string;
  /** Address or `auto` of a move; `ns/name` for a tunnel. */
  readonly to: string;
  readonly policy: 'local' | 'cluster';
  readonly style: Style | 'auto';
  /** Who has the new address of an additive move for good; undefined: the default is taken, and said. */
  readonly owner?: AddressOwner;
}

export interface PlanReport {
  readonly format: 1;
  readonly outcome: PlanOutcome;
  /** Of the plan as far as it was found; undefined where there is none. */
  readonly proof?: ProofResult;
  readonly findMs: number;
  readonly proveMs: number;
}

/** A decision of a move that nobody has made yet, and which part of the question answers it. */
export interface OpenDecision {
  readonly sets: 'style' | 'owner';
  readonly decision: Decision;
}

/**
 * The next decision that only the user can make, with its options and the default; undefined: all are made. `left` to the
 * default is not asked again.
 */
export function openDecision(
  snapshot: Snapshot,
  question: PlanQuestion,
  left: readonly OpenDecision['sets'][] = [],
): OpenDecision | undefined {
  if (question.move === undefined) return undefined;
  if (question.style === 'auto' && !left.includes('style'))
    return { sets: 'style', decision: styleDecision('additive', 'default') };
  if (question.style === 'in-place' || question.owner !== undefined || left.includes('owner'))
    return undefined;
  const reader = readerOf(snapshot.estate);
  const service = reader.get('service', serviceId(reader, question.move));
  const chosen = service && chooseOwner(reader, service, undefined);
  return chosen?.ok ? { sets: 'owner', decision: chosen.decision } : undefined;
}

/** Finds a plan for the goal and proves it once more from nothing. */
export function planSnapshot(snapshot: Snapshot, question: PlanQuestion): PlanReport {
  const goal = goalOf(snapshot, question);
  const session = makeSession(realWorld, snapshot.estate);
  const began = performance.now();
  const outcome = planFor({
    world: realWorld,
    start: session.views.base.reader,
    goal,
    style: question.style,
    ...(question.owner !== undefined && { owner: question.owner }),
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : 1 }),
    readsOf: (flow: Flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: {
      path: question.snapshot,
      takenAt: snapshot.takenAt ?? '',
      fingerprint: { files: {}, objects: {} },
    },
  });
  const found = performance.now();
  if (outcome.kind === 'unreachable') return { format: 1, outcome, findMs: found - began, proveMs: 0 };
  const bound = { ...outcome, plan: bindTo(snapshot, outcome.plan) };
  const proof = proveSnapshot(snapshot, bound.plan);
  return { format: 1, outcome: bound, proof, findMs: found - began, proveMs: performance.now() - found };
}

/** A proof from nothing: what an earlier search kept is not used. */
export function proveSnapshot(snapshot: Snapshot, plan: Plan, options: ProveOptions = {}): ProofResult {
  return prove(makeSession(realWorld, snapshot.estate), plan, options);
}

function goalOf(snapshot: Snapshot, question: PlanQuestion): Goal {
  const { move, setPolicy, split, repointTunnel, retire, policy, to } = question;
  const asked = [move, setPolicy, split, repointTunnel, retire].filter((g) => g !== undefined);
  if (asked.length !== 1) throw oneGoal(asked.length);
  if (question.owner !== undefined) ownerFits(question);
  const service = (text: string) => serviceId(readerOf(snapshot.estate), text);
  if (move !== undefined) return { kind: 'move', service: service(move), to: addressOf(to), policy };
  if (setPolicy !== undefined) return { kind: 'set-policy', service: service(setPolicy), policy };
  if (repointTunnel !== undefined)
    return { kind: 'repoint-tunnel', tunnel: repointTunnel, to: service(tunnelTarget(to)) };
  if (split !== undefined) return { kind: 'split', ip: givenAddress('--split', split) };
  return { kind: 'retire', ip: givenAddress('--retire', retire ?? '') };
}

/** Who owns a new address is asked only where two Services answer for a while. */
function ownerFits({ move, style }: PlanQuestion): void {
  if (move !== undefined && style !== 'in-place') return;
  throw new SightlineError('wrong-use', '--owner belongs to an additive --move', {
    hint: 'in place, and with every other goal, the Service that is there keeps or takes the address itself',
  });
}

function oneGoal(count: number): SightlineError {
  const says =
    count === 0 ? 'no goal is given' : 'several goals are given, and they may contradict each other';
  return new SightlineError('wrong-use', says, {
    hint: 'give one of --move NS/NAME, --set-policy NS/NAME=Local, --split IP, --repoint-tunnel NAME --to NS/NAME, --retire IP',
  });
}

function tunnelTarget(to: string): string {
  if (to.includes('/')) return to;
  throw new SightlineError('wrong-use', '--repoint-tunnel needs --to NAMESPACE/SERVICE', {
    hint: 'name the Service that the tunnel is to dial',
  });
}

function givenAddress(option: string, text: string): Ip {
  const ip = parseIp(text);
  if (ip !== undefined) return ip;
  throw new SightlineError('wrong-use', `${option} ${JSON.stringify(text)} is no address`, {
    hint: 'write an address such as 10.0.20.200',
  });
}

function addressOf(text: string): Ip | 'auto' {
  if (text === 'auto') return 'auto';
  const ip = parseIp(text);
  if (ip !== undefined) return ip;
  throw new SightlineError('wrong-use', `--to ${JSON.stringify(text)} is no address`, {
    hint: 'write an address, or auto',
  });
}

/** The plan with the hashes of the files and of the objects that it writes. */
export function bindTo(snapshot: Snapshot, plan: Plan): Plan {
  const files = Object.fromEntries(snapshot.files.map((f) => [f.path, f.sha256]));
  const objects: Record<string, string> = {};
  for (const change of plan.stages.flatMap((s) => s.changes)) {
    if (change.change.kind !== 'set') continue;
    for (const { of, id } of change.change.settings) {
      const hash = snapshot.fingerprint.objects.get(`${of}:${id}`);
      if (hash !== undefined) objects[`${of}:${id}`] = hash;
    }
  }
  return { ...plan, snapshot: { ...plan.snapshot, fingerprint: { files, objects } } };
}
