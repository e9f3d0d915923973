/*
 * What a builder and an agent say to each other, one JSON object a line: requests in, answers and events out.
 * Times are milliseconds of the machine's monotonic clock, so that all agents' times can be compared.
 */

import type { Attempt, AttemptTarget } from '../traffic/attempt.ts';
import type { FlowConfig, FlowRecord } from '../traffic/flows.ts';
import type { LoadConfig, LoadProgress, LoadRecord } from '../traffic/load.ts';
import type { BridgeConfig } from './bridge.ts';
import type { EchoConfig, EchoStarted } from './echo.ts';
import type { AccessLogLine, IngressConfig, IngressRoutes, IngressStarted } from './ingress-types.ts';

/** Every request an agent understands: what it takes and what it answers. */
export interface Commands {
  readonly 'agent.usage': { readonly takes: object; readonly gives: AgentUsage };
  /** Pods' ingress processes: one call may name many addresses. */
  readonly 'ingress.start': { readonly takes: IngressConfig; readonly gives: IngressStarted };
  /** Requests from now on are matched with these. */
  readonly 'ingress.routes': { readonly takes: IngressRoutes; readonly gives: object };
  /** Access log lines since the last call. */
  readonly 'ingress.log': {
    readonly takes: { readonly id: string };
    readonly gives: readonly AccessLogLine[];
  };
  /** TCP bridges: connections taken here go on from here. */
  readonly 'bridge.start': { readonly takes: BridgeConfig; readonly gives: { readonly id: string } };
  /** For connections from now on; those that stand are left as they are. */
  readonly 'bridge.set': {
    readonly takes: BridgeConfig & { readonly id: string };
    readonly gives: object;
  };
  /** TCP or UDP servers that answer with the peer they see. */
  readonly 'echo.start': { readonly takes: EchoConfig; readonly gives: EchoStarted };
  /** Stops an ingress or an echo; open connections are cut after the grace (at once where not given: a crash). */
  readonly 'server.stop': {
    readonly takes: { readonly id: string; readonly graceMs?: number };
    readonly gives: object;
  };
  /** One flow, from a fresh port. */
  readonly attempt: { readonly takes: AttemptTarget; readonly gives: Attempt };
  readonly 'load.start': { readonly takes: LoadConfig; readonly gives: { readonly id: string } };
  /** Factor on every target's rate from now on. */
  readonly 'load.pace': {
    readonly takes: { readonly id: string; readonly pace: number };
    readonly gives: object;
  };
  readonly 'load.progress': { readonly takes: { readonly id: string }; readonly gives: LoadProgress };
  /** Stops a load, waits for what is under way, and gives all its records. */
  readonly 'load.stop': { readonly takes: { readonly id: string }; readonly gives: readonly LoadRecord[] };
  readonly 'flow.start': { readonly takes: FlowConfig; readonly gives: { readonly id: string } };
  readonly 'flow.peek': { readonly takes: { readonly id: string }; readonly gives: FlowRecord };
  readonly 'flow.stop': { readonly takes: { readonly id: string }; readonly gives: FlowRecord };
}

export type CommandName = keyof Commands;

export interface AgentUsage {
  readonly pid: number;
  readonly rssBytes: number;
  readonly cpuMs: number;
}

export interface Request {
  readonly id: number;
  readonly do: CommandName;
  readonly with: unknown;
}

export type Answer =
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'ready' };

/** Milliseconds of the machine's monotonic clock. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
