/*
 * The ingress of all pods of one host: HTTP/1.1, 2 and 3 and WebSockets on every pod address, one process for all.
 * It stands where Traefik stands and treats PROXY headers, forwarded headers, Alt-Svc and its log as Traefik v3 does.
 */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { answerHttp3, answerTcp, type Serve } from './answering.ts';
import { Decisions } from './bouncer.ts';
import { makeFront } from './front.ts';
import { listenHttp3 } from './http3-listener.ts';
import { makeDecide, RoutingTable } from './ingress-exchange.ts';
import type {
  AccessLogLine,
  EntryPoint,
  IngressConfig,
  IngressPod,
  IngressRoutes,
  IngressStarted,
} from './ingress-types.ts';
import { keepServer } from './servers.ts';

type Stop = (graceMs: number) => Promise<void>;

interface Log {
  readonly lines: AccessLogLine[];
  readonly file: WriteStream | undefined;
}

/** A log nobody asks for must not fill the memory. */
const mostLines = 100_000;
const logs = new Map<string, Log>();
const tables = new Map<string, RoutingTable>();

export const ingressCommands = {
  'ingress.start': async (config: IngressConfig): Promise<IngressStarted> => {
    const log: Log = {
      lines: [],
      file: config.logFile === undefined ? undefined : createWriteStream(config.logFile, { flags: 'a' }),
    };
    const decisions = new Decisions();
    const stopPolling = config.banList && decisions.poll(config.banList, config.pods[0]?.addresses[0]);
    const table = new RoutingTable(config.routers, decisions);
    const stops = await Promise.all(
      config.pods.flatMap((pod) =>
        config.entryPoints.flatMap((entry) => listen(config, table, pod, entry, log)),
      ),
    );
    const id = keepServer({
      stop: async (graceMs) => {
        stopPolling?.();
        await Promise.all(stops.flat().map((stop) => stop(graceMs)));
        log.file?.end();
      },
    });
    logs.set(id, log);
    tables.set(id, table);
    return { id };
  },
  'ingress.routes': async ({ id, routers }: IngressRoutes) => tables.get(id)?.replace(routers),
  'ingress.log': async ({ id }: { readonly id: string }) => logs.get(id)?.lines.splice(0) ?? [],
};

async function listen(
  config: IngressConfig,
  table: RoutingTable,
  pod: IngressPod,
  entry: EntryPoint,
  log: Log,
): Promise<readonly Stop[]> {
  const serve: Serve = {
    decide: makeDecide(table, pod, entry),
    write: (line) => writeLine(log, line),
    altSvc: entry.altSvc,
  };
  const stops = pod.addresses.map(async (address) => [
    await listenTcp(config, entry, address, serve),
    ...(entry.http3
      ? [await listenHttp3(address, entry.port, config.identity, (request) => answerHttp3(serve, request))]
      : []),
  ]);
  return (await Promise.all(stops)).flat();
}

async function listenTcp(
  config: IngressConfig,
  entry: EntryPoint,
  address: string,
  serve: Serve,
): Promise<Stop> {
  const behind: net.Server = entry.tls
    ? http2.createSecureServer({ ...config.identity, allowHTTP1: true })
    : http.createServer({ keepAliveTimeout: 60_000 });
  const front = makeFront(entry.proxyProtocol, behind);
  behind.on('request', (request, response) =>
    answerTcp(serve, front.peerOf(request.socket), request, response),
  );
  behind.on('tlsClientError', () => undefined).on('sessionError', () => undefined);
  acceptWebSockets(behind);
  front.server.listen({ host: address, port: entry.port, backlog: 4096 });
  await once(front.server, 'listening');
  return async (graceMs) => {
    front.server.close();
    if (graceMs > 0) await sleep(graceMs);
    front.cut();
  };
}

/** Every WebSocket is an echo. */
function acceptWebSockets(behind: net.Server): void {
  const sockets = new WebSocketServer({ noServer: true });
  behind.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined);
      webSocket.on('message', (message, isBinary) => webSocket.send(message, { binary: isBinary }));
    });
  });
}

function writeLine(log: Log, line: AccessLogLine): void {
  if (log.lines.length < mostLines) log.lines.push(line);
  log.file?.write(`${JSON.stringify(line)}\n`);
}
