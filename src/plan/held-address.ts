/* What keeps a Service at its address: clients that know nothing but the address are in no file, and nobody can let them follow. */
import type { Flow } from '#dataplane/flow.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import type { PlannerInput } from './planner.ts';

/** A Service that cannot leave its address, and what keeps it there: a protected endpoint, or flows that know the address only. */
export interface Held {
  readonly service: Fact<'service'>;
  readonly protects?: string;
  readonly flow?: Flow;
}

/** Those of the Services that cannot leave the address. */
export function heldAt(
  input: Pick<PlannerInput, 'world' | 'start'>,
  ip: Ip,
  on: readonly Fact<'service'>[],
): readonly Held[] {
  return on.flatMap((service): readonly Held[] => {
    const protects = protectedAt(input.start, ip, service);
    if (protects !== undefined) return [{ service, protects }];
    const flow = dialledByAddress(input, ip, service);
    return flow === undefined ? [] : [{ service, flow }];
  });
}

/** Why they cannot leave, what has the same reason told together. */
export function whyHeld(ip: Ip, held: readonly Held[]): string {
  const dialled = held.flatMap(({ service, flow }) =>
    flow === undefined ? [] : [`${shortName(service)} (${flow.port}/${flow.protocol})`],
  );
  const kept = held.flatMap(({ service, protects }) =>
    protects === undefined ? [] : [`${protects} (${shortName(service)})`],
  );
  const parts = [
    ...(dialled.length > 0
      ? [
          `no name of the snapshot leads to ${dialled.join(', ')}: whoever dials ${ip} there cannot be led elsewhere`,
        ]
      : []),
    ...(kept.length > 0 ? [`sightline.yaml protects ${kept.join(', ')} there`] : []),
  ];
  return parts.join('; ');
}

export function shortName({ value }: Fact<'service'>): string {
  return `${value.namespace}/${value.name}`;
}

/** What is left to do about Services that cannot leave. */
export const tellClients =
  'nothing that can be proved: who dials an address is in no file. Tell those clients another address or a name by hand, and move it by hand';

/** A flow that reaches the Service by the address and not by a name: nothing that can be written leads it elsewhere. */
export function dialledByAddress(
  { world, start }: Pick<PlannerInput, 'world' | 'start'>,
  ip: Ip,
  { value }: Fact<'service'>,
): Flow | undefined {
  return world
    .flowsOf(start)
    .filter((f) => 'ip' in f.to && f.to.ip === ip)
    .filter((f) => value.ports.some((p) => p.port === f.port && p.protocol === f.protocol))
    .find((f) => world.walk(start, f).traces.some((t) => t.disposition === 'delivered'));
}

/** The protected endpoint that this Service answers at the address. */
function protectedAt(start: Reader, ip: Ip, f: Fact<'service'>): string | undefined {
  const { cluster, namespace, name, ports } = f.value;
  const own = [`${cluster}/${namespace}/${name}`, `${namespace}/${name}`];
  return start
    .all('protectedEndpoint')
    .map((p) => p.value)
    .find((p) =>
      p.service === undefined ? p.ip === ip && ports.some((s) => s.port === p.port) : own.includes(p.service),
    )?.name;
}
