/* Words of a person's plan beside the common ones: any field of a fact, a Service taken away, a chart pinned, owners kept from applying, secrets fetched. */
import type { Fact } from '#estate/fact.ts';
import { kindTable } from '#estate/kind-table.ts';
import type { PlannedChange, WritableKind } from './change.ts';
import { because, type Wanted } from './draft.ts';
import { recordOf, serviceNamed } from './hand-written.ts';
import { planned, type Written } from './hand-written-changes.ts';

const writable: readonly WritableKind[] = [
  'service',
  'pool',
  'recordSet',
  'translation',
  'nameRule',
  'alias',
  'portForward',
  'filterRule',
  'firewall',
  'tunnelRule',
  'workload',
  'ingress',
  'middleware',
  'banAllowlist',
  'monitor',
  'unmanagedHop',
  'mention',
];

/** Fields of one fact, named by its key: whatever a plan may write, in the snapshot's own words. */
export function setFields(w: Written): PlannedChange | undefined {
  const fact = factNamed(w);
  const fields = recordOf(w.data.fields);
  if (fact === undefined) return undefined;
  if (fields === undefined || Object.keys(fields).length === 0)
    return w.context.issue([...w.path, 'fields'], 'a map of fields and their new values is expected here');
  const value = fact.value as unknown as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(fields).flatMap(([field, is]) => {
    const says = whyNotField(value, field, is);
    return says === undefined ? [] : [w.context.issue([...w.path, 'fields', field], says)];
  });
  if (wrong.length > 0) return undefined;
  const kept = Object.fromEntries(Object.entries(fields).filter(([, is]) => is !== null));
  const without = Object.keys(fields).filter((f) => fields[f] === null);
  return planned(w, [{ fact, fields: kept, without } as Wanted], `Change ${fact.key}`);
}

function factNamed(w: Written): Fact<WritableKind> | undefined {
  const key = String(w.data.fact ?? '');
  const kind = key.slice(0, Math.max(0, key.indexOf(':'))) as WritableKind;
  if (!writable.includes(kind))
    return w.context.issue(
      [...w.path, 'fact'],
      `a fact is expected here, KIND:ID, of ${writable.join(', ')}`,
    );
  const id = key.slice(kind.length + 1);
  const found = w.context.reader.get(kind, id);
  if (found !== undefined) return found as Fact<WritableKind>;
  const like = w.context.reader
    .all(kind)
    .slice(0, 3)
    .map((f) => f.key);
  const known = like.length === 0 ? `the snapshot has no ${kind}` : `there are ${like.join(', ')}`;
  return w.context.issue([...w.path, 'fact'], `there is no ${key} at this point of the plan; ${known}`);
}

/** Why the value cannot stand in the field; null takes a field away. */
function whyNotField(
  value: Readonly<Record<string, unknown>>,
  field: string,
  is: unknown,
): string | undefined {
  if (!(field in value)) return `it has no ${field}; it has ${Object.keys(value).join(', ')}`;
  if (is === null) return undefined;
  const [was, now] = [shapeOf(value[field]), shapeOf(is)];
  return was === now ? undefined : `${field} is ${was}, not ${now}`;
}

function shapeOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value === null ? 'nothing' : `a ${typeof value}`;
}

/** A Service that goes, with all that it has; going back makes it again. */
export function deleteService(w: Written): PlannedChange | undefined {
  const name = String(w.data.service ?? '');
  const service = serviceNamed(w.context.reader, name);
  if (service === undefined)
    return w.context.issue([...w.path, 'service'], `there is no Service ${name} at this point of the plan`);
  const setting = {
    of: 'service',
    id: kindTable.service.id(service.value),
    before: service.value,
    after: null,
  } as const;
  return {
    id: w.id,
    title: `Delete Service ${name}`,
    change: { kind: 'set', settings: [setting] },
    through: {
      by: w.data.by === 'operator' ? 'operator' : 'api',
      system: `cluster/${service.value.cluster}`,
    },
    because: because(String(w.data.why ?? 'written in the plan'), 'goal', [service.evidence]),
  };
}

/** The chart of a release at the version that is deployed, or the one that is named. */
export function pinChartWritten(w: Written): PlannedChange | undefined {
  const name = String(w.data.release ?? '');
  const release = w.context.reader.all('helmRelease').find((f) => f.key.endsWith(`/${name}`));
  if (release === undefined)
    return w.context.issue([...w.path, 'release'], `there is no release ${name} in the snapshot`);
  const version = w.data.version ?? release.value.deployedChartVersion;
  if (typeof version !== 'string')
    return w.context.issue(
      [...w.path, 'version'],
      'a version is expected here: none is known to be deployed',
    );
  const fields = { chartVersion: version };
  return planned(w, [{ fact: release, fields } as Wanted], `Pin the chart of ${name} to ${version}`);
}

/** An owner kept from applying by itself; thawed, it does again what it did before the plan. */
export function freezeWritten(w: Written): PlannedChange | undefined {
  const id = String(w.data.repository ?? '');
  const owner = w.context.reader.get('repository', id);
  const start = w.context.input.start.get('repository', id);
  if (owner === undefined || start === undefined)
    return w.context.issue([...w.path, 'repository'], `there is no repository ${id} in sightline.yaml`);
  const isFreeze = w.data.do === 'freeze';
  if (isFreeze === (owner.value.applies === 'manual')) {
    const says = isFreeze ? 'does not apply by itself here' : 'is not frozen here';
    return w.context.issue([...w.path, 'repository'], `${id} ${says}`);
  }
  const applies = isFreeze ? 'manual' : start.value.applies;
  const title = isFreeze ? `Keep ${id} from applying by itself` : `Let ${id} apply by itself again`;
  const made = planned(w, [{ fact: owner, fields: { applies } } as Wanted], title);
  return { ...made, through: { by: 'operator', system: `source/${id}` } };
}

/** What a system needs to be reached, fetched while it can be. */
export function fetchWritten(w: Written): PlannedChange | undefined {
  const system = String(w.data.system ?? '');
  const access = w.context.reader.get('systemAccess', system);
  if (access === undefined)
    return w.context.issue([...w.path, 'system'], `sightline.yaml says nothing about access to ${system}`);
  const made = planned(
    w,
    [{ fact: access, fields: { needs: [] } } as Wanted],
    `Fetch what ${system} needs ahead`,
  );
  return { ...made, through: { by: 'operator', system } };
}
