/*
 * Cloudflare's API v4 as far as tunnels and records go, and cloudflared's metrics port with the configuration it runs. A
 * PUT of a tunnel's configuration replaces all of it and counts the version up; the last rule must match everything.
 */
import type { Call, FaultChooser } from './faults.ts';
import { type Answer, type Listener, startListener } from './listener.ts';

type Json = Record<string, unknown>;

export interface CloudflareRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl: number;
  readonly proxied: boolean;
  readonly comment?: string;
}

export interface CloudflareOptions {
  readonly account: string;
  readonly tunnel: string;
  readonly config: Json;
  readonly version?: number;
  /** `local`: managed by config.yaml, which the API does not change. */
  readonly source?: 'cloudflare' | 'local';
  readonly zone?: { readonly id: string; readonly name: string };
  readonly records?: readonly CloudflareRecord[];
  /** Token that may only look. */
  readonly readToken?: string;
}

export interface CloudflareStandIn {
  readonly url: string;
  readonly token: string;
  /** cloudflared's own port. */
  readonly metricsUrl: string;
  config(): { readonly version: number; readonly config: Json };
  records(): readonly CloudflareRecord[];
  /** Somebody else's edit. */
  edit(config: Json): void;
  editRecord(id: string, change: Partial<CloudflareRecord>): void;
  onChange(listener: (config: Json) => void): () => void;
  setFault(chooser: FaultChooser | undefined): void;
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

interface State {
  version: number;
  config: Json;
  records: CloudflareRecord[];
  readonly options: CloudflareOptions;
  readonly tokens: ReadonlyMap<string, 'all' | 'read'>;
  readonly listeners: Set<(config: Json) => void>;
}

export async function startCloudflare(options: CloudflareOptions): Promise<CloudflareStandIn> {
  const token = `cf-${crypto.randomUUID()}`;
  const state: State = {
    version: options.version ?? 1,
    config: structuredClone(options.config),
    records: [...(options.records ?? [])],
    options,
    tokens: new Map([
      [token, 'all'],
      ...(options.readToken === undefined ? [] : [[options.readToken, 'read'] as const]),
    ]),
    listeners: new Set(),
  };
  const api = await startListener({
    handle: (call) => handle(state, call),
    refusal: (status) => failure(status, codes[status] ?? 1000, `refused with ${status}`),
  });
  const metrics = await startListener({
    handle: (call) =>
      call.path === '/config'
        ? { status: 200, body: JSON.stringify({ version: state.version, config: state.config }) }
        : { status: call.path === '/ready' ? 200 : 404, body: '{}' },
    refusal: (status) => ({ status, body: '' }),
  });
  return standIn(state, token, api, metrics);
}

function standIn(state: State, token: string, api: Listener, metrics: Listener): CloudflareStandIn {
  return {
    url: `http://${api.address}`,
    token,
    metricsUrl: `http://${metrics.address}`,
    config: () => ({ version: state.version, config: state.config }),
    records: () => state.records,
    edit: (config) => put(state, config),
    editRecord: (id, change) => {
      state.records = state.records.map((r) => (r.id === id ? { ...r, ...change } : r));
    },
    onChange: (listener) => {
      state.listeners.add(listener);
      return () => state.listeners.delete(listener);
    },
    setFault: (chooser) => api.setFault(chooser),
    down: () => api.down(),
    up: () => api.up(),
    stop: async () => {
      await Promise.all([api.stop(), metrics.stop()]);
    },
  };
}

const codes: Readonly<Record<number, number>> = { 401: 10_000, 403: 9109, 404: 7003, 429: 971 };

function success(result: unknown, more: Json = {}): Answer {
  return { status: 200, body: JSON.stringify({ success: true, errors: [], messages: [], result, ...more }) };
}

function failure(status: number, code: number, message: string): Answer {
  return {
    status,
    body: JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null }),
  };
}

function handle(state: State, call: Call): Answer {
  const token = /^Bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1] ?? '';
  const rights = state.tokens.get(token);
  if (rights === undefined) return failure(token === '' ? 400 : 401, 10_000, 'Authentication error');
  if (call.method !== 'GET' && rights !== 'all')
    return failure(403, 9109, 'Unauthorized to access requested resource');
  const { account, tunnel, zone } = state.options;
  const path = call.path.replace(/^\/client\/v4/, '');
  if (path === `/accounts/${account}/cfd_tunnel/${tunnel}/configurations`) return configurations(state, call);
  if (path === '/zones' && zone !== undefined)
    return success([zone].filter((z) => z.name === (call.query.get('name') ?? z.name)));
  if (zone !== undefined && path.startsWith(`/zones/${zone.id}/dns_records`))
    return dnsRecords(state, call, path);
  return failure(404, 7003, `Could not route to ${path}, perhaps your object identifier is invalid?`);
}

function configurations(state: State, call: Call): Answer {
  const { tunnel, source = 'cloudflare', account } = state.options;
  const now = () =>
    success({ account_id: account, tunnel_id: tunnel, version: state.version, source, config: state.config });
  if (call.method === 'GET') return now();
  if (call.method !== 'PUT') return failure(405, 10_405, 'Method not allowed');
  const body = parsed(call.body);
  const config = body?.config;
  if (typeof config !== 'object' || config === null)
    return failure(400, 1056, 'Bad Configuration: config is required');
  const problem = configurationProblem(config as Json);
  if (problem !== undefined) return failure(400, 1056, `Bad Configuration: ${problem}`);
  put(state, config as Json);
  return now();
}

function put(state: State, config: Json): void {
  state.config = structuredClone(config);
  state.version += 1;
  for (const listener of [...state.listeners]) listener(state.config);
}

/** cloudflared's ingress validation. */
function configurationProblem({ ingress }: Json): string | undefined {
  if (!Array.isArray(ingress) || ingress.length === 0) return 'no ingress rules were specified';
  for (const [i, rule] of (ingress as Json[]).entries()) {
    const isLast = i === ingress.length - 1;
    const isCatchAll = (rule.hostname ?? '') === '' && (rule.path ?? '') === '';
    if (typeof rule.service !== 'string' || rule.service === '') return `Rule #${i + 1} has no service`;
    if (
      !/^(https?|wss?|tcp|ssh|rdp|smb):\/\/|^unix|^http_status:\d{3}$|^(hello_world|bastion|socks-proxy)$/.test(
        rule.service,
      )
    )
      return `Rule #${i + 1} has an invalid service`;
    if (isLast && !isCatchAll) return 'The last ingress rule must match all URLs';
    if (!isLast && isCatchAll)
      return `Rule #${i + 1} is matching the hostname '', but it is not the last rule`;
  }
  return undefined;
}

function dnsRecords(state: State, call: Call, path: string): Answer {
  const id = path.split('/')[4];
  if (id === undefined) {
    const [name, type] = [call.query.get('name'), call.query.get('type')];
    const found = state.records.filter(
      (r) => (name === null || r.name === name) && (type === null || r.type === type),
    );
    return success(found, {
      result_info: { page: 1, per_page: 100, count: found.length, total_count: found.length, total_pages: 1 },
    });
  }
  const record = state.records.find((r) => r.id === id);
  if (record === undefined) return failure(404, 81_044, 'Record does not exist.');
  if (call.method === 'GET') return success(record);
  if (call.method !== 'PATCH') return failure(405, 10_405, 'Method not allowed');
  const change = parsed(call.body) as Partial<CloudflareRecord> | undefined;
  if (change === undefined) return failure(400, 9207, 'Request body is invalid.');
  if (change.ttl !== undefined && change.ttl !== 1 && change.ttl < 60)
    return failure(
      400,
      9021,
      'DNS Validation Error: TTL must be between 60 and 86400 seconds, or 1 for Automatic.',
    );
  if (record.type === 'A' && change.content !== undefined && !/^(\d{1,3}\.){3}\d{1,3}$/.test(change.content))
    return failure(400, 9005, 'Content for A record must be a valid IPv4 address.');
  const next = { ...record, ...change };
  state.records = state.records.map((r) => (r.id === id ? next : r));
  return success(next);
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
