/* What can go wrong at any moment in the random simulator, written apart from proof/faults.ts. */
import type { Fact, FactKey } from '#estate/fact.ts';
import { addressesIn } from '#estate/reference-places.ts';
import type { Facts } from './simulated-controllers.ts';

export interface SimulatedFault {
  readonly says: string;
  /** Vantage points from which nobody starts while it lasts. */
  readonly silent: ReadonlySet<string>;
  apply(facts: Facts): void;
}

type Value = Record<string, unknown>;
interface Endpoint {
  readonly node?: string;
  readonly pod?: string;
}

/** Everything that can happen to this estate, one at a time. */
export function simulatedFaults(start: ReadonlyMap<FactKey, Fact>): readonly SimulatedFault[] {
  const all = [...start.values()];
  const nodes = all.flatMap((f) => (f.kind === 'node' ? [(f as Fact<'node'>).value.name] : []));
  const pods = all.flatMap((f) => {
    const pod = f.kind === 'pod' ? (f as Fact<'pod'>).value : undefined;
    return pod?.namespace === 'traefik' ? [{ ref: `traefik/${pod.name}`, key: f.key, node: pod.node }] : [];
  });
  return [
    ...nodes.map((n) => nodeLost(start, n)),
    ...nodes.map(speakerRestarts),
    ...pods.flatMap((p) => nodes.filter((n) => n !== p.node).map((n) => podMoves(p.ref, p.key, n))),
    ...(start.has('repository:apex') ? [jobRuns()] : []),
  ];
}

const nobody: ReadonlySet<string> = new Set();

function nodeLost(start: ReadonlyMap<FactKey, Fact>, node: string): SimulatedFault {
  const there = [...start.values()].flatMap((f) => {
    if (f.kind !== 'vantagePoint') return [];
    const v = (f as Fact<'vantagePoint'>).value;
    const pod = v.pod === undefined ? undefined : start.get(`pod:home/${v.pod}`);
    return v.node === node || (pod as Fact<'pod'> | undefined)?.value.node === node ? [v.id] : [];
  });
  return {
    says: `lost ${node}`,
    silent: new Set(there),
    apply: (facts) => {
      for (const [key, fact] of [...facts]) {
        const value = fact.value as unknown as Value & { node?: string; name?: string };
        if (fact.kind === 'node' && value.name === node) facts.delete(key);
        if (fact.kind === 'pod' && value.node === node) facts.delete(key);
      }
      withoutSpeaker(facts, node);
      endpoints(facts, (e) => (e.node === node ? undefined : e));
    },
  };
}

function speakerRestarts(node: string): SimulatedFault {
  return {
    says: `speaker on ${node} restarts`,
    silent: nobody,
    apply: (facts) => withoutSpeaker(facts, node),
  };
}

function withoutSpeaker(facts: Facts, node: string): void {
  for (const [key, fact] of [...facts]) {
    if (fact.kind !== 'announcing') continue;
    const { speakerNodes = [] } = (fact as Fact<'announcing'>).value;
    const value = { ...fact.value, speakerNodes: speakerNodes.filter((n) => n !== node) };
    facts.set(key, { ...fact, value } as unknown as Fact);
  }
}

function podMoves(ref: string, key: FactKey, node: string): SimulatedFault {
  return {
    says: `${ref} on ${node}`,
    silent: nobody,
    apply: (facts) => {
      const pod = facts.get(key);
      if (pod !== undefined) facts.set(key, { ...pod, value: { ...pod.value, node } } as unknown as Fact);
      endpoints(facts, (e) => (e.pod === ref ? { ...e, node } : e));
    },
  };
}

function endpoints(facts: Facts, change: (e: Endpoint) => Endpoint | undefined): void {
  for (const [key, fact] of [...facts]) {
    if (fact.kind !== 'endpointSlice') continue;
    const value = fact.value as unknown as Value & { endpoints: readonly Endpoint[] };
    const changed = value.endpoints.flatMap((e) => change(e) ?? []);
    facts.set(key, { ...fact, value: { ...value, endpoints: changed } } as unknown as Fact);
  }
}

/** The job writes the address of its arguments into the record, unless it is suspended. */
function jobRuns(): SimulatedFault {
  return {
    says: 'the job runs',
    silent: nobody,
    apply: (facts) => {
      const job = facts.get('workload:home/apps/CronJob/apex') as Fact<'workload'> | undefined;
      const owner = facts.get('repository:apex') as Fact<'repository'> | undefined;
      const key: FactKey = 'recordSet:dns/technitium||example.org|example.org|A';
      const record = facts.get(key);
      if (job === undefined || record === undefined || owner?.value.applies === 'manual') return;
      const values = addressesIn(job.value.containers.flatMap((c) => c.args).join(' '));
      facts.set(key, { ...record, value: { ...record.value, values } } as unknown as Fact);
    },
  };
}
