/* What the calls of Technitium's API do to its records and apps; what is not sent with a write is the default, not what was. */

export interface TechnitiumRecord {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly disabled: boolean;
  readonly comments: string;
  readonly expiryTtl: number;
  readonly rData: Readonly<Record<string, unknown>>;
}

/** What went wrong, as `errorMessage`. */
export class ApiError extends Error {
  readonly status: 'error' | 'invalid-token';
  constructor(message: string, status: 'error' | 'invalid-token' = 'error') {
    super(message);
    this.status = status;
  }
}

export interface State {
  records: TechnitiumRecord[];
  serial: number;
  readonly apps: Map<string, string>;
  readonly tokens: Map<string, 'all' | 'view'>;
  readonly listeners: Set<() => void>;
  readonly defaultTtl: number;
}

export interface Deed {
  readonly needs: 'view' | 'all';
  run(state: State, query: URLSearchParams, rights: 'all' | 'view'): Record<string, unknown>;
}

/** Calls by their path. */
export const deeds: Readonly<Record<string, Deed>> = {
  'user/session/get': { needs: 'view', run: session },
  'zones/list': { needs: 'view', run: listZones },
  'zones/records/get': { needs: 'view', run: getRecords },
  'zones/records/add': { needs: 'all', run: addRecord },
  'zones/records/update': { needs: 'all', run: updateRecord },
  'zones/records/delete': { needs: 'all', run: deleteRecord },
  'cache/flush': { needs: 'all', run: () => ({}) },
  'settings/get': {
    needs: 'view',
    run: ({ defaultTtl }) => ({ response: { version: '15.2.0', defaultRecordTtl: defaultTtl } }),
  },
  'dnsClient/resolve': { needs: 'view', run: resolve },
  'apps/config/get': { needs: 'view', run: ({ apps }, q) => ({ response: { config: appNamed(apps, q) } }) },
  'apps/config/set': { needs: 'all', run: setApp },
};

function session(_: State, __: URLSearchParams, rights: 'all' | 'view'): Record<string, unknown> {
  const may = { canView: true, canModify: rights === 'all', canDelete: rights === 'all' };
  const permissions = { Zones: may, Apps: may, Cache: may, DnsClient: may, Settings: may };
  return { username: 'sightline', info: { version: '15.2', permissions } };
}

function need(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null || value === '') throw new ApiError(`Parameter '${name}' missing.`);
  return value;
}

function zoneNamed(state: State, query: URLSearchParams): string {
  const domain = need(query, 'domain').toLowerCase();
  const zones = [...new Set(state.records.map((r) => r.zone))];
  const asked = query.get('zone')?.toLowerCase();
  const zone =
    asked ??
    zones.filter((z) => domain === z || domain.endsWith(`.${z}`)).sort((a, b) => b.length - a.length)[0];
  if (zone === undefined || !zones.includes(zone))
    throw new ApiError(`No such zone was found: ${zone ?? domain}`);
  return zone;
}

const zoneAnswer = (name: string) => ({
  name,
  type: 'Primary',
  internal: false,
  dnssecStatus: 'Unsigned',
  disabled: false,
});

function listZones(state: State): Record<string, unknown> {
  const names = [...new Set(state.records.map((r) => r.zone))];
  return { response: { zones: names.map((n) => ({ ...zoneAnswer(n), soaSerial: state.serial })) } };
}

function getRecords(state: State, query: URLSearchParams): Record<string, unknown> {
  const zone = zoneNamed(state, query);
  const domain = need(query, 'domain').toLowerCase();
  const all = query.get('listZone') === 'true';
  const records = state.records.filter((r) => r.zone === zone && (all || r.name === domain)).map(shown);
  return { response: { zone: zoneAnswer(zone), records } };
}

function shown({ zone, ...record }: TechnitiumRecord): Record<string, unknown> {
  const { comments, expiryTtl, ...rest } = record;
  return {
    ...rest,
    dnssecStatus: 'Unknown',
    ...(comments !== '' && { comments }),
    expiryTtl,
    lastUsedOn: '0001-01-01T00:00:00',
  };
}

/** Parameters of the value: current, and new. A CNAME has one only, so only its new value is sent. */
const valueParameters: Readonly<Record<string, { field: string; now: string; next: string }>> = {
  A: { field: 'ipAddress', now: 'ipAddress', next: 'newIpAddress' },
  AAAA: { field: 'ipAddress', now: 'ipAddress', next: 'newIpAddress' },
  CNAME: { field: 'cname', now: 'cname', next: 'cname' },
  PTR: { field: 'ptrName', now: 'ptrName', next: 'newPtrName' },
  TXT: { field: 'text', now: 'text', next: 'newText' },
  NS: { field: 'nameServer', now: 'nameServer', next: 'newNameServer' },
};

function parametersOf(query: URLSearchParams) {
  const type = need(query, 'type').toUpperCase();
  const parameters = valueParameters[type];
  if (parameters === undefined) throw new ApiError(`Type not supported: ${type}`);
  return { type, ...parameters };
}

/** The settings that come with every write: what is not sent is the default, not what was. */
function settingsOf(
  query: URLSearchParams,
  defaultTtl: number,
): Pick<TechnitiumRecord, 'ttl' | 'disabled' | 'comments' | 'expiryTtl'> {
  const number = (name: string, missing: number) => {
    const text = query.get(name);
    if (text === null) return missing;
    if (!/^\d+$/.test(text)) throw new ApiError(`Parameter '${name}' is invalid.`);
    return Number(text);
  };
  return {
    ttl: number('ttl', defaultTtl),
    disabled: query.get('disable') === 'true',
    comments: query.get('comments') ?? '',
    expiryTtl: number('expiryTtl', 0),
  };
}

function checkAddress(type: string, value: string): void {
  if (type === 'A' && !/^(\d{1,3}\.){3}\d{1,3}$/.test(value))
    throw new ApiError(`An invalid IP address was specified: ${value}`);
  if (type === 'AAAA' && !value.includes(':'))
    throw new ApiError(`An invalid IP address was specified: ${value}`);
}

function addRecord(state: State, query: URLSearchParams): Record<string, unknown> {
  const { type, field, now } = parametersOf(query);
  const value = need(query, now);
  checkAddress(type, value);
  const zone = zoneNamed(state, query);
  const name = need(query, 'domain').toLowerCase();
  const same = (r: TechnitiumRecord) => r.zone === zone && r.name === name;
  if (
    type === 'CNAME'
      ? state.records.some((r) => same(r) && r.type !== 'CNAME')
      : state.records.some((r) => same(r) && r.type === 'CNAME')
  )
    throw new ApiError('Cannot add record: a CNAME record cannot exist with other records of the same name.');
  if (query.get('overwrite') === 'true')
    state.records = state.records.filter((r) => !(same(r) && r.type === type));
  else if (state.records.some((r) => same(r) && r.type === type && r.rData[field] === value))
    throw new ApiError('Cannot add record: record already exists.');
  const record = { zone, name, type, rData: { [field]: value }, ...settingsOf(query, state.defaultTtl) };
  state.records.push(record);
  changed(state);
  return { response: { zone: zoneAnswer(zone), addedRecord: shown(record) } };
}

function updateRecord(state: State, query: URLSearchParams): Record<string, unknown> {
  const { type, field, now, next } = parametersOf(query);
  const zone = zoneNamed(state, query);
  const name = need(query, 'domain').toLowerCase();
  const current = need(query, now);
  const value = query.get(next) ?? current;
  checkAddress(type, value);
  const at = state.records.findIndex(
    (r) =>
      r.zone === zone &&
      r.name === name &&
      r.type === type &&
      (type === 'CNAME' || r.rData[field] === current),
  );
  if (at < 0) throw new ApiError('Cannot update record: the old record does not exists.');
  const record = { zone, name, type, rData: { [field]: value }, ...settingsOf(query, 3600) };
  state.records[at] = record;
  changed(state);
  return { response: { zone: zoneAnswer(zone), updatedRecord: shown(record) } };
}

function deleteRecord(state: State, query: URLSearchParams): Record<string, unknown> {
  const { type, field, now } = parametersOf(query);
  const zone = zoneNamed(state, query);
  const name = need(query, 'domain').toLowerCase();
  const value = type === 'CNAME' ? undefined : need(query, now);
  const at = state.records.findIndex(
    (r) =>
      r.zone === zone &&
      r.name === name &&
      r.type === type &&
      (value === undefined || r.rData[field] === value),
  );
  if (at < 0) throw new ApiError('Cannot delete record: no such record exists.');
  state.records.splice(at, 1);
  changed(state);
  return { response: {} };
}

function resolve(state: State, query: URLSearchParams): Record<string, unknown> {
  const domain = need(query, 'domain').toLowerCase();
  const type = need(query, 'type').toUpperCase();
  need(query, 'server');
  const found = state.records.filter((r) => r.name === domain && r.type === type && !r.disabled);
  const answer = found.map((r) => ({
    Name: domain,
    Type: type,
    Class: 'IN',
    TTL: `${r.ttl} (${r.ttl} sec)`,
    RDATA: { IPAddress: r.rData.ipAddress },
  }));
  return {
    response: {
      result: { RCODE: found.length > 0 ? 'NoError' : 'NxDomain', Answer: answer },
      rawResponses: [],
    },
  };
}

function appNamed(apps: ReadonlyMap<string, string>, query: URLSearchParams): string {
  const name = need(query, 'name');
  const config = apps.get(name);
  if (config === undefined) throw new ApiError(`DNS application was not found: ${name}`);
  return config;
}

function setApp(state: State, query: URLSearchParams): Record<string, unknown> {
  appNamed(state.apps, query);
  const config = query.get('config');
  if (config === null) throw new ApiError("Parameter 'config' missing.");
  try {
    JSON.parse(config);
  } catch {
    throw new ApiError('The configuration is no valid JSON.');
  }
  state.apps.set(need(query, 'name'), config);
  changed(state);
  return { response: {} };
}

function changed(state: State): void {
  state.serial += 1;
  for (const listener of [...state.listeners]) listener();
}
