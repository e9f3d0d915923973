/*
 * What the prover says of a rehearsal's traffic at one position of the plan, with a node lost or without: its own states,
 * its own faults and its own judgement of a walk.
 */
import type { Flow } from '#dataplane/flow.ts';
import type { Trace } from '#dataplane/trace.ts';
import { walk } from '#dataplane/walk.ts';
import { SightlineError } from '#estate/error.ts';
import type { Estate, Reader } from '#estate/estate.ts';
import { publicDns } from '#lab/systems/resolvers.ts';
import { familyOf, parseIp } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import { realWorld } from '#plan/real-world.ts';
import { type Fault, faultsOf } from '#proof/faults.ts';
import { healthOf } from '#proof/judge.ts';
import { type LinePoint, lineOf } from '#proof/line.ts';
import { Moves } from '#proof/moves.ts';
import { Views } from '#proof/view.ts';
import type { StillCount } from '#report/rehearsal.ts';
import { isOver6, type PlannedLoad } from './rehearse-traffic.ts';

export interface Position {
  /** Before this change's write, or at one end of the plan. */
  readonly before: string | 'start' | 'end';
  readonly lostNode?: string;
}

/** By name of the load. */
export type Expectations = ReadonlyMap<string, StillCount['expected']>;

/** Throws SightlineError where the plan has no such change, or the estate no such node. */
export function expectAt(
  estate: Estate,
  plan: Plan,
  loads: readonly PlannedLoad[],
  position: Position,
): Expectations {
  const views = new Views(estate);
  const point = pointAt(lineOf(new Moves(realWorld), views, plan).forward, position.before);
  const fault = position.lostNode === undefined ? undefined : lossOf(views.base.reader, position.lostNode);
  const view = fault === undefined ? point.view : views.with(point.view, fault.writes(point.view));
  return new Map(loads.map((load) => [load.load.name, expectationOf(view.reader, load, fault)]));
}

function pointAt(forward: readonly LinePoint[], before: Position['before']): LinePoint {
  if (before === 'start') return forward[0] as LinePoint;
  if (before === 'end') return forward.at(-1) as LinePoint;
  const at = forward.findIndex((p) => p.point.after === before);
  const point = forward[at - 1];
  if (point === undefined) throw new SightlineError('wrong-use', `the plan has no change ${before}`);
  return point;
}

function lossOf(reader: Reader, node: string): Fault {
  const found = faultsOf(realWorld, reader).find(
    (f) => f.id.startsWith('node-lost ') && f.id.endsWith(`/${node}`),
  );
  if (found === undefined) throw new SightlineError('wrong-use', `the estate has no node ${node}`);
  return found;
}

function expectationOf(reader: Reader, load: PlannedLoad, fault: Fault | undefined): StillCount['expected'] {
  if (fault?.silences(load.vantage)) return 'nobody-asks';
  // The lab gave public DNS an address that no estate has.
  if (load.load.target.address === publicDns) return 'unknown';
  const { traces, ...rest } = walk(reader, flowOf(load));
  if (traces.some((t) => isBeyondLab(t, load))) return 'unknown';
  return healthOf({ traces, ...rest });
}

/** The lab's HTTP/3 server sends smaller datagrams than the real one, and fits where that does not. */
function isBeyondLab(trace: Trace, load: PlannedLoad): boolean {
  return load.load.target.protocol === 'http3' && trace.disposition === 'too-big';
}

function flowOf(load: PlannedLoad): Flow {
  const { vantage } = load;
  const { target } = load.load;
  const isUdp = target.protocol === 'http3' || target.protocol === 'udp' || target.protocol === 'dns';
  const rest = { from: vantage, port: target.port, protocol: isUdp ? ('udp' as const) : ('tcp' as const) };
  const ip = parseIp(target.address);
  const isWeb = target.protocol.startsWith('http');
  const host = isWeb && target.serverName !== undefined ? { host: target.serverName as DnsName } : {};
  if (ip !== undefined) return { ...rest, ...host, family: familyOf(ip), to: { ip } };
  const family = isOver6(load) ? (6 as const) : (4 as const);
  return { ...rest, family, to: { name: (target.serverName ?? '') as DnsName } };
}
