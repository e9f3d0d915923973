/* What keeps a Service at its address: clients that know nothing but the address are in no file, and nobody can let them follow. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import type { PlannerInput } from './planner.ts';

/** What keeps the Service at the address: a protected endpoint, or clients that dial it there by the address. */
export function whyHeld(input: PlannerInput, ip: Ip, f: Fact<'service'>): string | undefined {
  const name = protectedAt(input.start, ip, f);
  if (name !== undefined) return `sightline.yaml protects ${name} there`;
  const flow = dialledByAddress(input, ip, f);
  return flow && `${flow.from} reaches ${ip}:${flow.port}/${flow.protocol} by the address only`;
}

/** A flow that reaches the Service by the address and not by a name: nothing that can be written leads it elsewhere. */
export function dialledByAddress(
  { world, start }: Pick<PlannerInput, 'world' | 'start'>,
  ip: Ip,
  { value }: Fact<'service'>,
) {
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
