/*
 * Technitium DNS Server's HTTP API (15.2, as its API documentation has it): zones and records, the Split Horizon app's
 * configuration, cache, resolving. Always HTTP 200; `status` tells. An update forgets what is not sent with it.
 */
import type { Call, FaultChooser } from './faults.ts';
import { type Answer, startListener } from './listener.ts';
import { ApiError, deeds, type State, type TechnitiumRecord } from './technitium/calls.ts';

export type { TechnitiumRecord } from './technitium/calls.ts';

export interface TechnitiumOptions {
  /** Records; a zone is there because a record is in it. */
  readonly records: readonly (Pick<TechnitiumRecord, 'zone' | 'name' | 'type' | 'rData'> &
    Partial<TechnitiumRecord>)[];
  /** Name of an app → its configuration. */
  readonly apps?: Readonly<Record<string, unknown>>;
  readonly defaultTtl?: number;
  /** Token that may only look. */
  readonly readToken?: string;
}

export interface TechnitiumStandIn {
  readonly url: string;
  readonly token: string;
  records(): readonly TechnitiumRecord[];
  app(name: string): string | undefined;
  /** Somebody else's edit. */
  edit(change: (records: TechnitiumRecord[]) => void): void;
  setApp(name: string, config: string): void;
  onChange(listener: () => void): () => void;
  setFault(chooser: FaultChooser | undefined): void;
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

const sent = (value: unknown): Answer => ({ status: 200, body: JSON.stringify(value) });

export async function startTechnitium(options: TechnitiumOptions): Promise<TechnitiumStandIn> {
  const token = crypto.randomUUID().replaceAll('-', '').repeat(2);
  const state: State = {
    records: options.records.map((r) => ({
      ttl: options.defaultTtl ?? 3600,
      disabled: false,
      comments: '',
      expiryTtl: 0,
      ...r,
    })),
    serial: 1,
    apps: new Map(Object.entries(options.apps ?? {}).map(([k, v]) => [k, JSON.stringify(v, undefined, 4)])),
    tokens: new Map([
      [token, 'all'],
      ...(options.readToken === undefined ? [] : [[options.readToken, 'view'] as const]),
    ]),
    listeners: new Set(),
    defaultTtl: options.defaultTtl ?? 3600,
  };
  const listener = await startListener({
    handle: (call) => handle(state, call),
    refusal: (status) =>
      status === 401
        ? sent({ status: 'invalid-token', errorMessage: 'Invalid token or session expired.' })
        : status === 403
          ? sent({ status: 'error', errorMessage: 'Access was denied.' })
          : { status, type: 'text/plain', body: '' },
  });
  return {
    url: `http://${listener.address}`,
    token,
    records: () => state.records,
    app: (name) => state.apps.get(name),
    edit: (change) => {
      change(state.records);
      state.serial += 1;
    },
    setApp: (name, config) => state.apps.set(name, config),
    onChange: (l) => {
      state.listeners.add(l);
      return () => state.listeners.delete(l);
    },
    setFault: (chooser) => listener.setFault(chooser),
    down: () => listener.down(),
    up: () => listener.up(),
    stop: () => listener.stop(),
  };
}

function handle(state: State, call: Call): Answer {
  const isForm = (call.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const query = new URLSearchParams([...call.query, ...(isForm ? new URLSearchParams(call.body) : [])]);
  try {
    const rights = rightsOf(state, call, query);
    const perform = deeds[call.path.replace(/^\/api\//, '')];
    if (perform === undefined) return { status: 404, type: 'text/html', body: '<html>404</html>' };
    if (perform.needs === 'all' && rights !== 'all') throw new ApiError('Access was denied.');
    return sent({ ...perform.run(state, query, rights), status: 'ok' });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return sent({
      status: error.status,
      errorMessage: error.message,
      ...(error.status === 'error' && { stackTrace: '   at DnsServerCore.WebService' }),
    });
  }
}

function rightsOf(state: State, call: Call, query: URLSearchParams): 'all' | 'view' {
  const token = /^Bearer (.+)$/i.exec(call.headers.authorization ?? '')?.[1] ?? query.get('token') ?? '';
  const rights = state.tokens.get(token);
  if (rights === undefined) throw new ApiError('Invalid token or session expired.', 'invalid-token');
  return rights;
}
