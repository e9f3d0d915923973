/* The changes of a person's plan: one reader for each word that `do` may have. */
import type { Fact } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import { familyOf, parseIp } from '#net/ip.ts';
import { parseName } from '#net/name.ts';
import type { Change, PlannedChange } from './change.ts';
import { because, createdSetting, makeChange, type Wanted } from './draft.ts';
import { type DataPath, recordOf, type WrittenContext } from './hand-written.ts';
import { onlyKnownFields } from './hand-written-fields.ts';
import {
  deleteService,
  fetchWritten,
  freezeWritten,
  pinChartWritten,
  setFields,
} from './hand-written-generic.ts';
import { addDocument, updateDocument, waitWritten } from './hand-written-rest.ts';
import { createService, setService } from './hand-written-service.ts';
import type { Stage } from './plan.ts';
import { type Move, slug } from './repoint.ts';
import { simulate } from './simulate.ts';
import { unboundedSeconds } from './stages.ts';

/** One change being read. */
export interface Written {
  readonly context: WrittenContext;
  readonly data: Readonly<Record<string, unknown>>;
  readonly path: DataPath;
  readonly move: Move;
  readonly id: string;
}

type ReadChange = (written: Written) => PlannedChange | undefined;

/** Stages with their changes; issues go to the context. */
export function stagesWritten(context: WrittenContext, raw: unknown, move: Move): readonly Stage[] {
  if (!Array.isArray(raw) || raw.length === 0) {
    context.issue(['stages'], 'a list of stages is expected here');
    return [];
  }
  const used = new Set<string>();
  return raw.flatMap((stage, i) => stageWritten(context, stage, ['stages', i], move, used) ?? []);
}

function stageWritten(
  context: WrittenContext,
  raw: unknown,
  path: DataPath,
  move: Move,
  used: Set<string>,
): Stage | undefined {
  const data = recordOf(raw);
  const title = data && context.text(data.name, [...path, 'name']);
  if (data === undefined || title === undefined) return context.issue(path, 'a stage has a name and changes');
  onlyKnownFields(context, data, path, 'stage');
  const id = slug(title);
  if (used.has(`stage ${id}`))
    return context.issue([...path, 'name'], `there is a stage ${JSON.stringify(title)} already`);
  used.add(`stage ${id}`);
  const list = Array.isArray(data.changes) ? data.changes : [];
  if (list.length === 0) context.issue([...path, 'changes'], 'a stage has at least one change');
  const changes = list.flatMap(
    (c, i) => changeWritten(context, c, [...path, 'changes', i], move, used) ?? [],
  );
  const seconds = windowSeconds(context, data.window, [...path, 'window']);
  const window = seconds === undefined ? {} : { window: { says: title, seconds } };
  return { id, title, changes, gates: [], ...window };
}

/** `true`: a window whose length nobody stated. `{ seconds: n }`: at most that. */
function windowSeconds(context: WrittenContext, raw: unknown, path: DataPath): number | undefined {
  if (raw === undefined || raw === false) return undefined;
  if (raw === true) return unboundedSeconds;
  const seconds = recordOf(raw)?.seconds;
  return typeof seconds === 'number' && seconds > 0
    ? seconds
    : context.issue(path, 'a window is true, or { seconds: N } with a number above 0');
}

function changeWritten(
  context: WrittenContext,
  raw: unknown,
  path: DataPath,
  move: Move,
  used: Set<string>,
): PlannedChange | undefined {
  const data = recordOf(raw);
  if (data === undefined) return context.issue(path, 'a change is a map with `do`');
  const word = String(data.do ?? '');
  const read = Object.hasOwn(readers, word) ? readers[word] : undefined;
  if (read === undefined) {
    const words = Object.keys(readers).join(', ');
    return context.issue([...path, 'do'], `unknown change ${JSON.stringify(word)}; known are ${words}`);
  }
  onlyKnownFields(context, data, path, word);
  const id = uniqueId(used, word);
  const planned = read({ context, data, path, move, id });
  if (planned === undefined) return undefined;
  const wrong = context.input.wrongIn(planned);
  for (const { field, says } of wrong)
    context.issue('fields' in data ? [...path, 'fields', ...field] : path, says);
  if (wrong.length === 0) advance(context, planned, path);
  return planned;
}

function uniqueId(used: Set<string>, word: string): string {
  let id = word;
  for (let n = 2; used.has(id); n++) id = `${word}-${n}`;
  used.add(id);
  return id;
}

/** Later changes are read in the state that this one leaves. */
function advance(context: WrittenContext, planned: PlannedChange, path: DataPath): void {
  if (changesNothing(planned)) return void context.issue(path, 'this changes nothing here: it is so already');
  const done = simulate(context.input.world, context.reader, planned);
  if (done.ok) context.after(done.moves.flatMap((m) => m.writes));
  else context.issue(path, `this cannot be done here: ${done.says}`);
}

/** Every setting is as it was; a document that only a person can see to has none. */
function changesNothing({ change }: PlannedChange): boolean {
  if (change.kind === 'wait' || change.settings.length === 0) return false;
  return change.settings.every((s) => canonical(s.before) === canonical(s.after));
}

/** The change as the owner of its facts makes it, or a person where the plan says so. */
export function planned(w: Written, wanted: readonly Wanted[], title: string): PlannedChange {
  const { phase, ...change } = makeChange(w.context.reader, wanted, {
    id: w.id,
    title,
    phase: 're-point',
    because: because(String(w.data.why ?? 'written in the plan'), 'goal'),
  });
  const byHand = w.data.by === 'operator' ? { through: { ...change.through, by: 'operator' as const } } : {};
  return { ...change, ...byHand };
}

const readers: Readonly<Record<string, ReadChange>> = {
  'create-alias': createAlias,
  'set-record': setRecord,
  'set-record-ttl': setRecord,
  'set-service': setService,
  'set-service-type': setService,
  'create-service': createService,
  'set-forward-target': setForwardTarget,
  'set-tunnel-origin': setTunnelOrigin,
  'delete-service': deleteService,
  'pin-chart': pinChartWritten,
  freeze: freezeWritten,
  thaw: freezeWritten,
  'fetch-secret': fetchWritten,
  set: setFields,
  'update-document': updateDocument,
  'add-document': addDocument,
  wait: waitWritten,
};

function createAlias(w: Written): PlannedChange | undefined {
  const firewall = String(w.data.on ?? '').replace(/^firewall\//, '');
  if (w.context.reader.get('firewall', firewall) === undefined) {
    return w.context.issue([...w.path, 'on'], `there is no firewall ${firewall} in the snapshot`);
  }
  const name = w.context.text(w.data.alias, [...w.path, 'alias']);
  const entries = Array.isArray(w.data.addresses) ? w.data.addresses.map(String) : [];
  if (name === undefined) return undefined;
  if (entries.length === 0 || entries.some((e) => parseIp(e) === undefined)) {
    return w.context.issue([...w.path, 'addresses'], 'a list of addresses is expected here');
  }
  const value = { firewall, name, type: 'host', entries, descr: String(w.data.descr ?? '') } as const;
  const change: Change = { kind: 'set', settings: [createdSetting('alias', value)] };
  const through = { by: 'operator', system: `firewall/${firewall}` } as const;
  return {
    id: w.id,
    title: `Create alias ${name} on ${firewall}`,
    change,
    through,
    because: because('written in the plan', 'goal'),
  };
}

function setRecord(w: Written): PlannedChange | undefined {
  const record = recordNamed(w);
  if (record === undefined) return undefined;
  const { ttl, value } = w.data;
  const family = record.value.type === 'A' ? 4 : record.value.type === 'AAAA' ? 6 : undefined;
  const wrong = (Array.isArray(value) ? value : [value]).find((v) => !isOfFamily(v, family));
  if (value !== undefined && wrong !== undefined)
    return w.context.issue([...w.path, 'value'], `an address of IPv${family} is expected here`);
  if (value === undefined && ttl === undefined) return w.context.issue(w.path, 'value or ttl is expected');
  if (ttl !== undefined && (typeof ttl !== 'number' || ttl < 0))
    return w.context.issue([...w.path, 'ttl'], 'seconds are expected');
  const fields = {
    ...(value !== undefined && { values: (Array.isArray(value) ? value : [value]).map(String) }),
    ...(typeof ttl === 'number' && { ttlSeconds: ttl }),
  };
  return planned(
    w,
    [{ fact: record, fields }],
    `Set ${record.value.name} ${record.value.type} in ${record.value.server}`,
  );
}

function isOfFamily(value: unknown, family: 4 | 6 | undefined): boolean {
  const ip = parseIp(String(value));
  return family === undefined || (ip !== undefined && familyOf(ip) === family);
}

function recordNamed(w: Written): Fact<'recordSet'> | undefined {
  const { on, zone, name, type, view } = w.data;
  const found = w.context.reader.all('recordSet').find(({ value: r }) => {
    const isThere =
      r.server === on && r.zone === parseName(String(zone)) && r.name === parseName(String(name));
    return isThere && r.type === (type ?? 'A') && (view === undefined || r.view === view);
  });
  return (
    found ??
    w.context.issue([...w.path, 'name'], `there is no record ${name} ${type ?? 'A'} in zone ${zone} of ${on}`)
  );
}

function setForwardTarget(w: Written): PlannedChange | undefined {
  const firewall = String(w.data.on ?? '').replace(/^firewall\//, '');
  const wanted = recordOf(w.data.forward) ?? {};
  const forward = w.context.reader.by('portForward', 'firewall', firewall).find(({ value: f }) => {
    const { destinationPort, protocol } = f.match;
    const port = destinationPort.kind === 'range' ? destinationPort.range.first : undefined;
    const isProtocol = protocol === wanted.protocol || protocol.split('/').includes(String(wanted.protocol));
    return f.interface === wanted.interface && isProtocol && port === wanted.port;
  });
  if (forward === undefined) {
    const says = `${firewall} has no forward for ${wanted.port}/${wanted.protocol} on ${wanted.interface}`;
    return w.context.issue([...w.path, 'forward'], says);
  }
  const target = String(w.data.target ?? '');
  if (parseIp(target) === undefined && w.context.reader.get('alias', `${firewall}/${target}`) === undefined) {
    return w.context.issue(
      [...w.path, 'target'],
      `${firewall} has no alias ${target} at this point of the plan`,
    );
  }
  return planned(
    w,
    [{ fact: forward, fields: { target } }],
    `Point ${wanted.port}/${wanted.protocol} at ${target}`,
  );
}

function setTunnelOrigin(w: Written): PlannedChange | undefined {
  const tunnel = String(w.data.on ?? '').replace(/^tunnel\//, '');
  const from = String(w.data.from ?? '');
  const rules = w.context.reader.by('tunnelRule', 'tunnel', tunnel).filter((r) => r.value.service === from);
  if (rules.length === 0)
    return w.context.issue([...w.path, 'from'], `no rule of tunnel ${tunnel} leads to ${from}`);
  const to = w.context.text(w.data.to, [...w.path, 'to']);
  if (to === undefined) return undefined;
  return planned(
    w,
    rules.map((r) => ({ fact: r, fields: { service: to } })),
    `Point tunnel ${tunnel} at ${to}`,
  );
}
