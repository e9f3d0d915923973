/*
 * Lines a second and memory of reading access logs: generated Traefik JSON and CLF lines of realistic length, many
 * clients, from memory piece by piece, so that the disk is not measured.
 */
import { readLog } from '#adapters/access-log/read.ts';
import type { Row } from './main.ts';

export const name = 'access-log';

const lines = 1_500_000;
const linesInPiece = 2000;

export async function run(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const format of ['full JSON', 'short JSON', 'CLF'] as const) rows.push(...(await measure(format)));
  return rows;
}

type Format = 'full JSON' | 'short JSON' | 'CLF';

async function measure(format: Format): Promise<readonly Row[]> {
  const pieces = Array.from({ length: 40 }, (_, i) => Buffer.from(pieceOf(format, i)));
  const bytes = pieces.reduce((sum, p) => sum + p.length, 0) / (pieces.length * linesInPiece);
  await readLog(repeated(pieces, 200_000)); // warm
  const before = process.memoryUsage().rss;
  let peak = before;
  const started = process.hrtime.bigint();
  const tally = await readLog(
    repeated(pieces, lines, () => (peak = Math.max(peak, process.memoryUsage().rss))),
  );
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (tally.lines !== lines || tally.unreadable > 0)
    throw new Error(`${format}: ${tally.unreadable} lines unread`);
  return [
    {
      what: `${format}, ${bytes.toFixed(0)} bytes a line`,
      value: lines / seconds,
      unit: 'lines/s',
      aim: '1 million',
    },
    { what: `${format}, throughput`, value: (lines * bytes) / seconds / 1e6, unit: 'MB/s' },
    { what: `${format}, memory above the start`, value: (peak - before) / 1e6, unit: 'MB' },
    { what: `${format}, counters`, value: tally.counter.counts.length, unit: '' },
  ];
}

async function* repeated(
  pieces: readonly Buffer[],
  count: number,
  each?: () => void,
): AsyncIterable<Uint8Array> {
  for (let sent = 0, i = 0; sent < count; sent += linesInPiece, i++) {
    const piece = pieces[i % pieces.length];
    if (piece !== undefined) yield piece;
    if (i % 32 === 0) each?.();
  }
}

function pieceOf(format: Format, piece: number): string {
  return Array.from({ length: linesInPiece }, (_, i) => lineOf(format, piece * linesInPiece + i)).join('');
}

function lineOf(format: Format, n: number): string {
  const client = n % 3 === 0 ? `198.51.100.${n % 250}` : '192.0.2.13';
  const app = `app${n % 40}`;
  const protocol = n % 5 === 0 ? 'HTTP/3.0' : 'HTTP/2.0';
  const at = new Date(1_780_000_000_000 + n * 10);
  const router = `${app}-${app}-77f077bf757a4018b44c@kubernetescrd`;
  if (format === 'CLF') {
    return `${client} - - [${clf(at)}] "GET /api/items/${n} ${protocol}" 200 1234 "-" "Mozilla/5.0 (X11; Linux x86_64) Gecko" ${n} "${router}" "http://203.0.113.4:8080" 3ms\n`;
  }
  const tail = format === 'full JSON' ? full(app, at) : '';
  return `{"ClientAddr":"${client}:${20_000 + (n % 40_000)}","ClientHost":"${client}","ClientPort":"${20_000 + (n % 40_000)}","ClientUsername":"-","DownstreamContentSize":356,"DownstreamStatus":200,"Duration":215563,"RequestHost":"${app}.example.org","RequestMethod":"GET","RequestPath":"/api/items/${n}","RequestPort":"-","RequestProtocol":"${protocol}","RequestScheme":"https","RetryAttempts":0,"RouterName":"${router}","ServiceAddr":"203.0.113.4:8080","StartUTC":"${at.toISOString()}"${tail},"level":"info","msg":"","time":"${at.toISOString()}"}\n`;
}

function full(app: string, at: Date): string {
  return `,"ServiceURL":{"Scheme":"http","Opaque":"","User":null,"Host":"203.0.113.4:8080","Path":"","RawPath":"","ForceQuery":false,"RawQuery":"","Fragment":"","RawFragment":""},"downstream_Content-Length":"356","downstream_Content-Type":"text/plain; charset=utf-8","downstream_Date":"${at.toUTCString()}","entryPointName":"websecure","origin_Content-Length":"356","request_User-Agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101","request_X-Forwarded-Host":"${app}.example.org","request_X-Forwarded-Port":"443","request_X-Forwarded-Proto":"https","request_X-Real-Ip":"192.0.2.13"`;
}

function clf(at: Date): string {
  const [, day, month, year, time] = at.toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
