/*
 * What an ingress does with the headers that claim a client, as Traefik v3 does (pkg/middlewares/forwardedheaders): an
 * untrusted peer's X-Forwarded-* and X-Real-Ip are removed, a trusted one's kept; then the peer is appended.
 * CF-Connecting-IP is not among them and always passes.
 */

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const removed = [
  'x-forwarded-proto',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-server',
  'x-forwarded-uri',
  'x-forwarded-method',
  'x-forwarded-prefix',
  'x-forwarded-tls-client-cert',
  'x-forwarded-tls-client-cert-info',
  'x-real-ip',
];

export interface Forwarded {
  /** X-Forwarded-For as it came in and was kept; undefined where there is none. The access log's ClientHost. */
  readonly kept?: string;
  /** As the application gets it. */
  readonly xff: string;
  readonly xRealIp: string;
  readonly cfConnectingIp?: string;
}

/** `client`: the address of the connection, after a believed PROXY header. */
export function forward(headers: Headers, client: string, isTrusted: boolean): Forwarded {
  const read = (name: string) => (!isTrusted && removed.includes(name) ? undefined : headerOf(headers, name));
  const kept = read('x-forwarded-for');
  const cfConnectingIp = read('cf-connecting-ip');
  return {
    ...(kept !== undefined && { kept }),
    xff: kept === undefined ? client : `${kept}, ${client}`,
    xRealIp: read('x-real-ip') ?? client,
    ...(cfConnectingIp !== undefined && { cfConnectingIp }),
  };
}

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined || typeof value === 'string') return value;
  return value.join(', ');
}
