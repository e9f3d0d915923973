/*
 * The lab's actuator: what a plan writes goes into the lab's object store, where the controllers find it, and into BIND
 * where it is a record. It can write every setting: what an operator or a repository does in life happens here at once.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Service } from '#estate/kubernetes.ts';
import { compareIps, familyOf, type Ip, ipToNumber, numberToIp } from '#net/ip.ts';
import { inverseOf, type PlannedChange, type Setting } from '#plan/change.ts';
import { writesOf } from '#plan/patch.ts';
import type { LabStore } from './store.ts';

/** Told of every record set that changed, before the write counts as done. */
export interface NameServers {
  readonly update: (
    before: Fact<'recordSet'> | undefined,
    after: Fact<'recordSet'> | undefined,
  ) => Promise<void>;
}

/** Restarts what only reads its configuration at the start. */
export interface Rollout {
  readonly roll: (ingress: Fact<'ingress'>) => Promise<void>;
}

export interface ActuatorParts {
  readonly store: LabStore;
  readonly names?: NameServers;
  readonly rollout?: Rollout;
  /** Asked before each write: a fault may hold it up. */
  readonly before?: (change: PlannedChange) => Promise<void>;
}

/** The actuators of one lab. */
export function labActuators(parts: ActuatorParts): readonly Actuator[] {
  return [
    {
      name: 'lab',
      can: () => true,
      preflight: async () => [],
      observe: async (change) => observe(parts.store.reader, change),
      write: (change) => write(parts, change),
    },
  ];
}

/** `after` where undoing it would be possible, `before` where doing it would. */
function observe(reader: Reader, { change }: PlannedChange): Observed {
  if (change.kind !== 'set') return { kind: 'before' };
  const forward = writesOf(reader, change);
  if (forward.ok) return { kind: 'before' };
  if (change.settings.every((s) => isDone(reader, s))) return { kind: 'after' };
  const back = inverseOf(change);
  const undone = back.kind === 'set' ? writesOf(reader, back) : undefined;
  return undone?.ok ? { kind: 'after' } : { kind: 'other', says: forward.says };
}

/** What a setting wants is there; what controllers fill in beside it does not matter. */
function isDone(reader: Reader, setting: Setting): boolean {
  const current = reader.get(setting.of, setting.id)?.value as Record<string, unknown> | undefined;
  if (setting.after === null) return current === undefined;
  if (current === undefined) return false;
  const wanted = setting.after as Record<string, unknown>;
  const own = setting.before === null && setting.of === 'service' ? filledIn : [];
  return Object.keys(wanted).every(
    (key) => own.includes(key) || canonical(current[key] ?? null) === canonical(wanted[key] ?? null),
  );
}

/** Fields of a Service that the API server or a controller fills in. */
const filledIn = ['vips', 'clusterIps', 'ports', 'healthCheckNodePort', 'ipFamilies'];

async function write(parts: ActuatorParts, planned: PlannedChange): Promise<WriteOutcome> {
  if (planned.change.kind !== 'set') return { kind: 'written' };
  await parts.before?.(planned);
  const patched = writesOf(parts.store.reader, planned.change);
  if (!patched.ok) return { kind: 'conflict', says: patched.says };
  for (const { key, before, after } of patched.writes) {
    if (before?.kind === 'recordSet' || after?.kind === 'recordSet')
      await parts.names?.update(
        before as Fact<'recordSet'> | undefined,
        after as Fact<'recordSet'> | undefined,
      );
    if (after) put(parts.store, after);
    else parts.store.remove(key);
    if (after?.kind === 'ingress') await parts.rollout?.roll(after as Fact<'ingress'>);
  }
  return { kind: 'written' };
}

function put(store: LabStore, fact: Fact): void {
  if (fact.kind === 'service') store.put('service', admitted(store.reader, fact.value as Service));
  else store.put(fact.kind, fact.value);
}

/** What the API server adds to a Service: cluster addresses, node ports, the health check's port. */
function admitted(reader: Reader, service: Service): Service {
  if (service.type === 'ExternalName') return service;
  const used = new Set(reader.all('service').flatMap((s) => s.value.ports.flatMap((p) => p.nodePort ?? [])));
  const needsPorts =
    service.type === 'NodePort' || (service.type === 'LoadBalancer' && service.allocateNodePorts);
  const free = freePorts(used);
  const ports = service.ports.map((p) =>
    needsPorts && p.nodePort === undefined ? { ...p, nodePort: free() } : p,
  );
  const clusterIps = service.clusterIps.length > 0 ? service.clusterIps : freeClusterIps(reader, service);
  const needsCheck = service.type === 'LoadBalancer' && service.externalPolicy === 'local';
  return {
    ...service,
    ports,
    clusterIps,
    ...(needsCheck && service.healthCheckNodePort === undefined && { healthCheckNodePort: free() }),
  };
}

/** From the top of kube-apiserver's default range, 30000 to 32767, so that they meet no number of the estate's. */
function freePorts(used: Set<number>): () => number {
  let next = 32_767;
  return () => {
    while (used.has(next)) next -= 1;
    used.add(next);
    return next;
  };
}

function freeClusterIps(reader: Reader, service: Service): readonly Ip[] {
  const used = reader.all('service').flatMap((s) => s.value.clusterIps);
  return service.ipFamilies.flatMap((family) => {
    const highest = used
      .filter((ip) => familyOf(ip) === family)
      .sort(compareIps)
      .at(-1);
    return highest === undefined ? [] : [numberToIp(ipToNumber(highest) + 1n, family)];
  });
}
