/*
 * What an ingress in the lab is told, what it answers to clients, and what it writes down.
 */
import type { Identity } from './certificate.ts';

export interface IngressConfig {
  /** One entry per pod on this host. */
  readonly pods: readonly IngressPod[];
  readonly identity: Identity;
  readonly entryPoints: readonly EntryPoint[];
  readonly routers: readonly IngressRouter[];
  /** Undefined: bouncers have no list and let everybody pass. */
  readonly banList?: BanListPolling;
  /** Also appended to this file, one JSON object a line, as Traefik's access log with `format: json`. */
  readonly logFile?: string;
}

/** Where the decisions of all bouncers of an ingress come from. */
export interface BanListPolling {
  readonly url: string;
  readonly key: string;
  readonly everyMs: number;
}

/** Whom a bouncer takes for the client, and whom it never looks up. */
export interface BanRule {
  readonly trustedPeers: readonly string[];
  /** In small letters; X-Forwarded-For where not given. */
  readonly header?: string;
  readonly exemptClients: readonly string[];
}

export interface IngressPod {
  readonly name: string;
  /** The pod's addresses, all of which it listens on. */
  readonly addresses: readonly string[];
}

export interface EntryPoint {
  readonly name: string;
  readonly port: number;
  readonly tls: boolean;
  /** UDP on the same port number. */
  readonly http3: boolean;
  /** Alt-Svc header of TCP answers, for example `h3=":443"; ma=2592000`. */
  readonly altSvc?: string;
  /** Undefined: PROXY headers are not understood at all. */
  readonly proxyProtocol?: Trust;
  readonly forwardedHeaders?: Trust;
  /** Every request is sent on to another entry point, whatever its host, before any route is looked at. */
  readonly redirects?: boolean;
}

/** Whom to believe: these prefixes, or (insecure) everybody. */
export interface Trust {
  readonly trustedIps: readonly string[];
  readonly insecure?: boolean;
}

export interface IngressRouter {
  /** As the access log writes it: `app-immich@kubernetes`. */
  readonly name: string;
  /** Host names, exactly; `*` for all. */
  readonly hosts: readonly string[];
  /** ipAllowList middleware with these prefixes: others get 403. */
  readonly allow?: readonly string[];
  /** A bouncer's middleware: banned clients get 403. */
  readonly bans?: BanRule;
  /** No endpoint of the application is ready: the answer is 503. */
  readonly isUnserved?: true;
}

/** Other routes for an ingress that runs. */
export interface IngressRoutes {
  readonly id: string;
  readonly routers: readonly IngressRouter[];
}

export interface IngressStarted {
  readonly id: string;
}

/** The peer as the ingress knows it, before any header is looked at. */
export interface Peer {
  readonly socketAddress: string;
  readonly socketPort: number;
  /** From a PROXY header that was believed. */
  readonly proxied?: { readonly address: string; readonly port: number };
}

/** The body of every answer that is not a download: what the application behind the ingress would see. */
export interface IngressAnswer {
  readonly pod: string;
  readonly router: string;
  readonly host: string;
  readonly protocol: string;
  readonly socketPeer: string;
  readonly proxyPeer?: string;
  /** X-Forwarded-For as forwarded: the kept ones, then the client. */
  readonly xff: string;
  readonly xRealIp: string;
  readonly cfConnectingIp?: string;
}

/** One line of Traefik v3's JSON access log, in its field names. */
export interface AccessLogLine {
  readonly ClientAddr: string;
  readonly ClientHost: string;
  readonly ClientPort: string;
  readonly ClientUsername: string;
  readonly DownstreamContentSize: number;
  readonly DownstreamStatus: number;
  readonly Duration: number;
  readonly RequestAddr: string;
  readonly RequestCount: number;
  readonly RequestHost: string;
  readonly RequestMethod: string;
  readonly RequestPath: string;
  readonly RequestPort: string;
  readonly RequestProtocol: string;
  readonly RequestScheme: string;
  readonly RouterName?: string;
  readonly StartUTC: string;
  readonly entryPointName: string;
  readonly level: string;
  readonly msg: string;
  readonly time: string;
  /** Not Traefik's: which pod wrote it. */
  readonly pod: string;
}
