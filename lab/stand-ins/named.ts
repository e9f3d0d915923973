/* A real BIND 9 on loopback with two views told apart by their TSIG keys, whose zones take signed updates. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MissingProgram, program } from '../programs.ts';

export interface NamedView {
  readonly name: string;
  /** Zone name → lines of records, without SOA and NS. */
  readonly zones: Readonly<Record<string, readonly string[]>>;
}

export interface NamedStandIn {
  readonly kind: 'named';
  readonly address: string;
  readonly port: number;
  /** View → its key. */
  readonly keys: Readonly<Record<string, { readonly name: string; readonly secret: string }>>;
  /** What it wrote to its log. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts it; `missing` where BIND is not to be had. */
export async function startNamed(views: readonly NamedView[]): Promise<NamedStandIn | MissingProgram> {
  const named = await program('named');
  if (named.kind === 'missing') return named;
  const folder = mkdtempSync(join(tmpdir(), 'sightline-named-'));
  const port = await freePort();
  const keys = Object.fromEntries(
    views.map((v) => [v.name, { name: `key-${v.name}`, secret: randomBytes(32).toString('base64') }]),
  );
  writeFileSync(join(folder, 'named.conf'), configuration(folder, port, views, keys), { mode: 0o600 });
  for (const view of views)
    for (const [zone, lines] of Object.entries(view.zones))
      writeFileSync(join(folder, `${view.name}-${zone}`), zoneText(zone, lines));
  let log = '';
  const child = spawn(named.path, ['-g', '-n', '1', '-c', join(folder, 'named.conf')], {
    env: named.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const out of [child.stdout, child.stderr]) out.on('data', (text: Buffer) => (log += text.toString()));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(
      port,
      () => child.exitCode !== null,
      () => log,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { kind: 'named', address: '127.0.0.1', port, keys, log: () => log, stop };
}

type Keys = NamedStandIn['keys'];

function configuration(folder: string, port: number, views: readonly NamedView[], keys: Keys): string {
  const keyTexts = Object.values(keys).map(
    (k) => `key "${k.name}" { algorithm hmac-sha256; secret "${k.secret}"; };`,
  );
  const options = `options { directory "${folder}"; pid-file none; session-keyfile "${folder}/session.key"; managed-keys-directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; notify no; };`;
  return [
    options,
    'controls { };',
    ...keyTexts,
    ...views.map((v) => viewText(folder, v, keys[v.name]?.name ?? '')),
  ].join('\n');
}

function viewText(folder: string, view: NamedView, key: string): string {
  const zones = Object.keys(view.zones).map(
    (zone) =>
      `zone "${zone}" { type primary; file "${folder}/${view.name}-${zone}"; allow-update { key "${key}"; }; };`,
  );
  return `view "${view.name}" { match-clients { key "${key}"; }; ${zones.join(' ')} };`;
}

function zoneText(zone: string, lines: readonly string[]): string {
  const head = [
    `$ORIGIN ${zone}.`,
    '$TTL 300',
    '@ IN SOA ns hostmaster 1 900 300 604800 300',
    '@ IN NS ns',
    'ns IN A 127.0.0.1',
  ];
  return `${[...head, ...lines].join('\n')}\n`;
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function untilListening(port: number, isOver: () => boolean, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (isOver()) throw new Error(`named ended: ${log().split('\n').slice(-4).join(' | ')}`);
    if (log().includes('running') && (await canConnect(port))) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('named does not listen after 60 s');
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
