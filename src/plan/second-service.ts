/* Two addresses at once: a second Service for the same pods at the new address, and later the first one leaving the old. */
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import { repositoriesOf, statementsOf } from '#estate/stated.ts';
import type { AddressOwner } from './address-owner.ts';
import type { Because, Setting } from './change.ts';
import { createdSetting, type DraftChange, makeChange } from './draft.ts';
import type { Move } from './repoint.ts';

/** The second Service: same pods and ports, its own address, not shared. */
export function secondService(
  move: Move,
  policy: Service['externalPolicy'],
  owner: AddressOwner,
  name: string = `${move.service.value.name}-lb`,
): Service {
  const { sharingKey, loadBalancerIp, healthCheckNodePort, annotations, ...rest } = move.service.value;
  return {
    ...rest,
    ...(owner !== 'additional-services' && { labels: withoutOwner(rest.labels) }),
    annotations: withoutAddressing(annotations),
    name,
    type: 'LoadBalancer',
    ports: rest.ports.map(({ nodePort, ...port }) => port),
    externalPolicy: policy,
    requestedIps: move.to,
    clusterIps: [],
    vips: [],
  };
}

/** Marks by which a chart or a GitOps controller knows what it made are not for what it did not make: it would prune that. */
const ownerMark =
  /^(app\.kubernetes\.io\/managed-by$|helm\.sh\/|meta\.helm\.sh\/|(helm|kustomize)\.toolkit\.fluxcd\.io\/|argocd\.argoproj\.io\/)/;

function withoutOwner(labels: Service['labels']): Service['labels'] {
  return Object.fromEntries(Object.entries(labels).filter(([k]) => !ownerMark.test(k)));
}

/** Annotations that say which address it gets, and what controllers wrote about it, belong to the first Service. */
function withoutAddressing(annotations: Service['annotations']): Service['annotations'] {
  return Object.fromEntries(
    Object.entries(annotations).filter(([k]) => !/metallb/.test(k) && !ownerMark.test(k)),
  );
}

/**
 * The change that makes it: through the repository that owns the first one, or, where it is to go again, live and beside
 * every repository.
 */
export function addSecond(
  reader: Reader,
  move: Move,
  policy: Service['externalPolicy'],
  why: Because,
  owner: AddressOwner,
  name?: string,
): DraftChange {
  const value = secondService(move, policy, owner, name);
  const isKept = owner !== 'chart-service-later';
  const owned = repositoriesOf(reader, move.service).find((r) => r.type !== 'unknown');
  const isOfChart = owner === 'additional-services';
  // a release that is upgraded from memory keeps no files beside its values
  const repository = isKept && (isOfChart || owned?.type !== 'helm') ? owned : undefined;
  const statement =
    repository && isOfChart
      ? (['requestedIps', 'loadBalancerIp', 'externalPolicy'] as const).flatMap((field) =>
          statementsOf(reader, repository, move.service, field),
        )[0]
      : undefined;
  const text = statement === undefined ? [] : insertion(reader, statement.fact, value);
  const title = `Add Service ${value.namespace}/${value.name} at ${move.to} (${policy})`;
  return {
    id: 'second-service',
    title,
    phase: 'add',
    change: { kind: 'set', settings: [...text, createdSetting('service', value)] },
    through:
      repository === undefined
        ? { by: 'api', system: `cluster/${value.cluster}` }
        : { by: 'repository', system: `source/${repository.id}`, repository: repository.id },
    because: why,
  };
}

/** The text that the repository gains, right behind the one that states the first Service's address. */
function insertion(reader: Reader, statement: string, value: Service): readonly Setting[] {
  const stated = reader.get('statedSetting', statement.slice('statedSetting:'.length))?.value;
  if (stated === undefined) return [];
  const policy = value.externalPolicy === 'local' ? 'Local' : 'Cluster';
  const path = 'service.additionalServices.lb';
  const text = `LoadBalancer ${value.requestedIps ?? ''} externalTrafficPolicy ${policy}`;
  return [createdSetting('statedSetting', { ...stated, start: stated.end, path, value: text })];
}

/** The first Service stops being a LoadBalancer; its cluster address, which the tunnel uses, stays. */
export function retireFirst(reader: Reader, move: Move, why: Because): DraftChange {
  const fields = { type: 'ClusterIP' as const };
  const { requestedIps, sharingKey, loadBalancerIp } = move.service.value;
  const without = [
    ...(requestedIps === undefined ? [] : ['requestedIps']),
    ...(sharingKey === undefined ? [] : ['sharingKey']),
    ...(loadBalancerIp === undefined ? [] : ['loadBalancerIp']),
  ];
  const { namespace, name } = move.service.value;
  return makeChange(reader, [{ fact: move.service, fields, without }], {
    id: 'retire-first',
    title: `Take ${namespace}/${name} off ${move.from}`,
    phase: 'retire',
    because: why,
  });
}

/** The Service itself goes to the new address, in one edit. */
export function moveItself(
  reader: Reader,
  move: Move,
  policy: Service['externalPolicy'],
  why: Because,
): DraftChange {
  const { sharingKey, loadBalancerIp, requestedIps, externalPolicy, namespace, name } = move.service.value;
  const bySpec = loadBalancerIp !== undefined && requestedIps === undefined;
  const fields = {
    ...(bySpec ? { loadBalancerIp: move.to } : { requestedIps: move.to }),
    ...(externalPolicy === policy ? {} : { externalPolicy: policy }),
  };
  const without = sharingKey === undefined ? [] : ['sharingKey'];
  return makeChange(reader, [{ fact: move.service, fields, without }], {
    id: 'move-service',
    title: `Move ${namespace}/${name} from ${move.from} to ${move.to} (${policy})`,
    phase: 'cut over',
    because: why,
  });
}
