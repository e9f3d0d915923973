/* Services of a person's plan: changed, and created like another one. */
import type { Fact } from '#estate/fact.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import type { PlannedChange } from './change.ts';
import { because } from './draft.ts';
import { policyOf, serviceNamed } from './hand-written.ts';
import { planned, type Written } from './hand-written-changes.ts';
import { addSecond } from './second-service.ts';

/** Address, policy, sharing key and type of a Service that is there; null takes a field away. */
export function setService(w: Written): PlannedChange | undefined {
  const name = String(w.data.service ?? '');
  const service = serviceNamed(w.context.reader, name);
  if (service === undefined)
    return w.context.issue([...w.path, 'service'], `there is no Service ${name} in the snapshot`);
  if (!isThroughKnown(w)) return undefined;
  const { policy, sharingKey, type } = w.data;
  const ip = addressWritten(w);
  const externalPolicy =
    policy === undefined ? undefined : policyOf(w.context, policy, [...w.path, 'policy']);
  const fields = {
    ...(ip !== undefined && { requestedIps: ip }),
    ...(externalPolicy !== undefined && { externalPolicy }),
    ...(typeof sharingKey === 'string' && { sharingKey }),
    ...(type === 'ClusterIP' && { type: 'ClusterIP' as const }),
  };
  return planned(w, [{ fact: service, fields, without: takenAway(w, service) }], `Change Service ${name}`);
}

/** Fields that the plan sets to null, where they are there. */
function takenAway(w: Written, service: Fact<'service'>): readonly string[] {
  const { requestedIps, loadBalancerIp, sharingKey } = service.value;
  const address = w.data.address === null ? { requestedIps, loadBalancerIp } : {};
  const key = w.data.sharingKey === null ? { sharingKey } : {};
  return Object.entries({ ...address, ...key }).flatMap(([field, value]) =>
    value === undefined ? [] : [field],
  );
}

/** A second Service for the same pods as the one it is like, at an address of its own. */
export function createService(w: Written): PlannedChange | undefined {
  const { reader } = w.context;
  const like = serviceNamed(reader, String(w.data.like ?? ''));
  if (like === undefined)
    return w.context.issue([...w.path, 'like'], `there is no Service ${w.data.like} in the snapshot`);
  const [namespace, name, ...rest] = String(w.data.service ?? '').split('/');
  if (name === undefined || name === '' || rest.length > 0)
    return w.context.issue([...w.path, 'service'], 'NAMESPACE/NAME is expected here');
  if (namespace !== like.value.namespace)
    return w.context.issue([...w.path, 'service'], `its pods are in namespace ${like.value.namespace}`);
  if (reader.get('service', `${like.value.cluster}/${namespace}/${name}`) !== undefined)
    return w.context.issue([...w.path, 'service'], `Service ${namespace}/${name} is there already`);
  const policy = policyOf(w.context, w.data.policy ?? 'Cluster', [...w.path, 'policy']);
  const to = addressWritten(w);
  if (to === undefined || policy === undefined || !isThroughKnown(w)) {
    return w.data.address === undefined
      ? w.context.issue([...w.path, 'address'], 'an address is expected here')
      : undefined;
  }
  const why = because('written in the plan', 'goal', [like.evidence]);
  const { phase, ...change } = addSecond(
    reader,
    { service: like, from: w.move.from, to },
    policy,
    why,
    'second-service',
    name,
  );
  return { ...change, id: w.id };
}

function addressWritten(w: Written): Ip | undefined {
  const { address } = w.data;
  if (address === undefined || address === null) return undefined;
  return parseIp(String(address)) ?? w.context.issue([...w.path, 'address'], 'an address is expected here');
}

function isThroughKnown(w: Written): boolean {
  const { through } = w.data;
  if (through === undefined || w.context.reader.get('repository', String(through)) !== undefined) return true;
  w.context.issue([...w.path, 'through'], `there is no repository ${through} in sightline.yaml`);
  return false;
}
