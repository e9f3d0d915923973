/*
 * Traefik's static configuration (v2 and v3, docs "reference/static-configuration/cli") from arguments, variables or a
 * mounted file. Names are case-insensitive; Traefik takes the file if there is one, else arguments, else variables.
 */
import type { Ingress, Listener, Trust } from '#estate/ingress.ts';
import type { Container } from '#estate/kubernetes.ts';
import { parsePrefix } from '#net/prefix.ts';
import { given, isMap } from './raw.ts';
import { listed } from './routes.ts';

/** Setting name in lower case, dots between its parts → text; a flag alone is `true`. */
export type StaticSettings = ReadonlyMap<string, string>;

export type StaticIngress = Pick<Ingress, 'listeners' | 'publishedService' | 'accessLog' | 'ingressClass'> & {
  readonly problems: readonly string[];
};

export function settingsFromContainer(c: Container): StaticSettings {
  const fromArguments = settingsFromArguments(c.args);
  return fromArguments.size > 0 ? fromArguments : settingsFromEnvironment(c.env);
}

function settingsFromArguments(args: readonly string[]): StaticSettings {
  const settings = new Map<string, string>();
  args.forEach((arg, i) => {
    const match = /^--?([A-Za-z][^=\s]*)(?:=([\s\S]*))?$/.exec(arg);
    if (match?.[1] === undefined) return;
    const next = args[i + 1];
    const value = match[2] ?? (next !== undefined && !next.startsWith('-') ? next : 'true');
    settings.set(match[1].toLowerCase(), value);
  });
  return settings;
}

function settingsFromEnvironment(env: Readonly<Record<string, string>>): StaticSettings {
  const own = Object.entries(env).filter(([k]) => k.startsWith('TRAEFIK_'));
  return new Map(own.map(([k, v]) => [k.slice(8).toLowerCase().replaceAll('_', '.'), v]));
}

/** The same from a parsed configuration file. */
export function settingsFromFile(document: unknown): StaticSettings {
  const settings = new Map<string, string>();
  const visit = (value: unknown, path: string, depth: number): void => {
    if (depth > 20) return;
    if (Array.isArray(value) && value.every((v) => typeof v !== 'object'))
      settings.set(path, value.join(','));
    else if (Array.isArray(value)) for (const [i, v] of value.entries()) visit(v, `${path}[${i}]`, depth + 1);
    else if (isMap(value)) {
      if (path !== '' && Object.keys(value).length === 0) settings.set(path, 'true');
      for (const [k, v] of Object.entries(value))
        visit(v, path === '' ? k.toLowerCase() : `${path}.${k.toLowerCase()}`, depth + 1);
    } else settings.set(path, value === null || value === undefined ? 'true' : String(value));
  };
  visit(document, '', 0);
  return settings;
}

/** What the settings make of Traefik; `version` because HTTP/3 was experimental in 2.x. */
export function readStatic(settings: StaticSettings, version: string | undefined): StaticIngress {
  const names = entryPointNames(settings);
  const problems: string[] = [];
  const listeners = names.flatMap((name) => listener(settings, name, version, problems));
  const isDefaults = names.length === 0;
  return {
    listeners: isDefaults ? [httpDefault] : markDefaults(settings, listeners),
    ...given('publishedService', publishedService(settings)),
    ...given('accessLog', accessLog(settings)),
    ...given('ingressClass', settings.get('providers.kubernetesingress.ingressclass')),
    problems,
  };
}

const httpDefault: Listener = {
  name: 'http',
  port: 80,
  protocol: 'tcp',
  tls: false,
  forwardedHeaders: { from: [], everyone: false },
  middlewares: [],
  isDefault: true,
};

function entryPointNames(settings: StaticSettings): readonly string[] {
  const names = new Set<string>();
  for (const key of settings.keys()) {
    const name = /^entrypoints\.([^.]+)/.exec(key)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names];
}

function listener(
  settings: StaticSettings,
  name: string,
  version: string | undefined,
  problems: string[],
): Listener[] {
  const at = `entrypoints.${name}`;
  const address = /^(?:.*):(\d+)(?:\/(tcp|udp))?$/i.exec(settings.get(`${at}.address`) ?? '');
  if (address === null) {
    problems.push(`entry point ${name} has no address that can be read`);
    return [];
  }
  const http3 = http3Of(settings, at, version);
  const redirect = settings.get(`${at}.http.redirections.entrypoint.to`);
  return [
    {
      name,
      port: Number(address[1]),
      protocol: address[2]?.toLowerCase() === 'udp' ? 'udp' : 'tcp',
      tls: isOn(settings, `${at}.http.tls`) || http3 !== undefined,
      ...(http3 && { http3 }),
      forwardedHeaders: trustOf(settings, `${at}.forwardedheaders`, problems),
      ...(isOn(settings, `${at}.proxyprotocol`) && {
        proxyProtocol: trustOf(settings, `${at}.proxyprotocol`, problems),
      }),
      ...(redirect !== undefined && { redirectsTo: redirect }),
      middlewares: listOf(settings, `${at}.http.middlewares`),
    },
  ];
}

function http3Of(settings: StaticSettings, at: string, version: string | undefined): Listener['http3'] {
  const isTwo = version?.startsWith('2.') === true;
  if (isTwo && settings.get('experimental.http3') !== 'true') return undefined;
  if (!isOn(settings, `${at}.http3`) && settings.get(`${at}.enablehttp3`) !== 'true') return undefined;
  const port = Number(settings.get(`${at}.http3.advertisedport`));
  return Number.isInteger(port) && port > 0 ? { advertisedPort: port } : {};
}

/** A section is on where it, or anything in it, is set and not false. */
function isOn(settings: StaticSettings, section: string): boolean {
  const own = settings.get(section);
  if (own !== undefined) return own !== 'false';
  for (const key of settings.keys())
    if (key.startsWith(`${section}.`) || key.startsWith(`${section}[`)) return true;
  return false;
}

function listOf(settings: StaticSettings, key: string): readonly string[] {
  const indexed = [...settings].filter(([k]) => k.startsWith(`${key}[`)).map(([, v]) => v);
  return [...listed(settings.get(key)), ...indexed];
}

function trustOf(settings: StaticSettings, section: string, problems: string[]): Trust {
  const from = listOf(settings, `${section}.trustedips`).flatMap((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined)
      problems.push(`${section}.trustedIPs holds ${JSON.stringify(text.slice(0, 60))}`);
    return prefix ?? [];
  });
  return { from, everyone: settings.get(`${section}.insecure`) === 'true' };
}

/** Traefik: entry points marked asDefault; where none is, every TCP entry point but its own `traefik`. */
function markDefaults(settings: StaticSettings, listeners: readonly Listener[]): readonly Listener[] {
  const isMarked = (l: Listener) => settings.get(`entrypoints.${l.name}.asdefault`) === 'true';
  const isAnyMarked = listeners.some(isMarked);
  return listeners.map((l) => ({
    ...l,
    isDefault: isAnyMarked ? isMarked(l) : l.protocol === 'tcp' && l.name !== 'traefik',
  }));
}

function publishedService(settings: StaticSettings): string | undefined {
  const gateway = 'providers.kubernetesgateway.statusaddress.service';
  const name = settings.get(`${gateway}.name`);
  return (
    settings.get('providers.kubernetesingress.ingressendpoint.publishedservice') ??
    (name === undefined ? undefined : `${settings.get(`${gateway}.namespace`) ?? ''}/${name}`)
  );
}

function accessLog(settings: StaticSettings): Ingress['accessLog'] {
  if (!isOn(settings, 'accesslog')) return undefined;
  const format = (settings.get('accesslog.format') ?? 'common').toLowerCase();
  const headers = [...settings].filter(([k]) => k.startsWith('accesslog.fields.headers.'));
  return {
    format: format === 'json' ? 'json' : format === 'common' || format === 'genericclf' ? 'clf' : 'unknown',
    keepsHeaders: headers.some(([, v]) => v === 'keep' || v === 'redact'),
  };
}
