/*
 * A release whose values nobody has written down: whoever upgrades it next does so from memory. They are written into a
 * file first, as they are, and the change is then made in that file.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Repository } from '#estate/settings.ts';
import { isContentKnown, repositoriesOf } from '#estate/stated.ts';
import { remade } from './both-addresses.ts';
import type { SetChange } from './change.ts';
import { because, createdSetting, type DraftChange } from './draft.ts';
import { writesOf } from './patch.ts';
import type { Changes, RepairContext } from './repair.ts';
import { slug } from './repoint.ts';
import type { Refutation } from './verdict.ts';

const paths = {
  type: 'service.spec.type',
  requestedIps: 'service.annotations.metallb.io/loadBalancerIPs',
  sharingKey: 'service.annotations.metallb.io/allow-shared-ip',
  loadBalancerIp: 'service.spec.loadBalancerIP',
  externalPolicy: 'service.spec.externalTrafficPolicy',
} as const;

/** The changes with the release's values written down first; undefined: they are known, or it is no such release. */
export function stateValues(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const { move, start, goal } = context;
  const owner = repositoriesOf(start, move.service).find(
    (r) => r.type === 'helm' && `${refuted.says} ${refuted.faultId ?? ''} `.includes(` ${r.id} `),
  );
  if (owner === undefined || isContentKnown(start, owner, move.service)) return undefined;
  const values = valuesStated(start, move.service, owner, refuted);
  return writesOf(start, values.change as SetChange).ok
    ? remade(start, [values, ...changes], move, goal)
    : undefined;
}

function valuesStated(
  start: Reader,
  service: Fact<'service'>,
  owner: Repository,
  refuted: Refutation,
): DraftChange {
  const { value } = service;
  const stated = (Object.keys(paths) as (keyof typeof paths)[]).filter((f) => value[f] !== undefined);
  const file = `${owner.path === '' ? '' : `${owner.path}/`}values-${slug(owner.id)}.yaml`;
  const lines = stated.map((field) => ({ path: paths[field], value: textOf(field, value[field]) }));
  const published = start
    .all('ingress')
    .filter((f) => repositoriesOf(start, f).some((r) => r.id === owner.id))
    .flatMap((f) => f.value.publishedService ?? [])
    .map((text) => ({ path: 'providers.kubernetesIngress.publishedService.pathOverride', value: text }));
  const settings = [...lines, ...published].map((line, i) =>
    createdSetting('statedSetting', {
      repository: owner.id,
      file,
      line: i + 1,
      start: i * 100,
      end: i * 100 + 50,
      resource: `values of ${value.namespace}/${value.name}`,
      ...line,
    }),
  );
  return {
    id: `values-${slug(owner.id)}`,
    title: `Write the values of release ${owner.id} into a file, and upgrade with it from now on`,
    phase: 'prepare',
    change: { kind: 'set', settings },
    through: { by: 'operator', system: `source/${owner.id}` },
    because: because(refuted.says, refuted.invariant, [service.evidence]),
  };
}

function textOf(field: keyof typeof paths, value: unknown): string {
  const text = String(value);
  return field === 'externalPolicy' ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
