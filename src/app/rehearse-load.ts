/* The traffic of a rehearsal while it runs: started at every vantage point, looked at, stopped. */
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import type { FlowRecord } from '#lab/traffic/flows.ts';
import type { LoadRecord } from '#lab/traffic/load.ts';
import { firstPace } from './rehearse-pace.ts';
import {
  isOver6,
  type PlannedFlow,
  type PlannedLoad,
  plannedFlows,
  plannedLoads,
} from './rehearse-traffic.ts';

export interface TrafficNow {
  readonly requests: number;
  readonly failures: number;
}

interface RunningLoad {
  readonly host: string;
  readonly id: string;
}

export class Traffic {
  readonly loads: readonly PlannedLoad[];
  readonly flows: readonly PlannedFlow[];
  private readonly lab: EstateLab;
  private readonly running: readonly RunningLoad[];
  private readonly flowIds: readonly (string | undefined)[];

  private constructor(
    lab: EstateLab,
    loads: readonly PlannedLoad[],
    flows: readonly PlannedFlow[],
    running: readonly RunningLoad[],
    flowIds: readonly (string | undefined)[],
  ) {
    this.lab = lab;
    this.loads = loads;
    this.flows = flows;
    this.running = running;
    this.flowIds = flowIds;
  }

  /** One load for each host; connections from before the change are opened first. */
  static async start(lab: EstateLab, name: string): Promise<Traffic> {
    const flows = plannedFlows(lab, name);
    const flowIds = await Promise.all(flows.map((flow) => openFlow(lab, flow, name)));
    const loads = await withoutDeadEnds(lab, plannedLoads(lab, name));
    const byHost = Map.groupBy(loads, (l) => l.host);
    const running = await Promise.all(
      [...byHost].map(async ([host, all]) => {
        const agent = await lab.lab.agent(host);
        const { id } = await agent.ask('load.start', { targets: all.map((l) => l.load), pace: firstPace });
        return { host, id };
      }),
    );
    return new Traffic(lab, loads, flows, running, flowIds);
  }

  /** For every load at once; a host that is gone is left as it was. */
  setPace(pace: number): void {
    for (const { host, id } of this.running)
      void this.lab.lab
        .agent(host)
        .then((agent) => agent.ask('load.pace', { id, pace }))
        .catch(() => undefined);
  }

  async now(): Promise<TrafficNow> {
    const all = await Promise.all(
      this.running.map(async ({ host, id }) => (await this.lab.lab.agent(host)).ask('load.progress', { id })),
    ).catch(() => []);
    return {
      requests: all.reduce((sum, p) => sum + p.done, 0),
      failures: all.reduce((sum, p) => sum + p.failed, 0),
    };
  }

  /** Stops everything; flows in the order of `flows`. */
  async stop(): Promise<{
    readonly records: readonly LoadRecord[];
    readonly flows: readonly (FlowRecord | undefined)[];
  }> {
    const records = await Promise.all(
      this.running.map(async ({ host, id }) => (await this.lab.lab.agent(host)).ask('load.stop', { id })),
    );
    const flows = await Promise.all(
      this.flows.map(async (flow, at) => {
        const id = this.flowIds[at];
        return id === undefined ? undefined : (await this.lab.lab.agent(flow.host)).ask('flow.stop', { id });
      }),
    );
    return { records: records.flat(), flows };
  }
}

/** What does not arrive over IPv6 today is no news of the change's. */
async function withoutDeadEnds(
  lab: EstateLab,
  loads: readonly PlannedLoad[],
): Promise<readonly PlannedLoad[]> {
  const arrive = await Promise.all(
    loads.map(async (load) => {
      if (!isOver6(load)) return true;
      const tried = await (await lab.lab.agent(load.host)).ask('attempt', load.load.target);
      return tried.ok && (tried.status ?? 0) < 400;
    }),
  );
  return loads.filter((_, at) => arrive[at]);
}

/** undefined: the name had no address there. */
async function openFlow(lab: EstateLab, flow: PlannedFlow, name: string): Promise<string | undefined> {
  const agent = await lab.lab.agent(flow.host);
  const address = flow.resolver === undefined ? flow.to : await addressFor(agent, flow, name);
  if (address === undefined) return undefined;
  const target = {
    protocol: 'http1' as const,
    address,
    port: flow.port,
    serverName: name,
    ca: lab.authority.cert,
  };
  const path = flow.kind === 'download' ? { path: '/download?bytes=50000000&rate=100000' } : {};
  const { id } = await agent.ask('flow.start', {
    name: `${flow.vantage} ${flow.kind}`,
    kind: flow.kind,
    target: { ...target, ...path },
    intervalMs: 250,
  });
  return id;
}

async function addressFor(
  agent: Awaited<ReturnType<EstateLab['lab']['agent']>>,
  { resolver, family }: PlannedFlow,
  name: string,
): Promise<string | undefined> {
  const asked = await agent.ask('attempt', {
    protocol: 'dns',
    address: resolver ?? '',
    port: 53,
    serverName: name,
    recordType: family === 6 ? 'AAAA' : 'A',
    timeoutMs: 2500,
  });
  return asked.resolved?.[0];
}
