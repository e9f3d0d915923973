/*
 * PostgreSQL at every endpoint of a protected Service that serves its port. The data folder is made once and copied.
 */
import type { ChildProcess } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SightlineError } from '#estate/error.ts';
import type { Reader } from '#estate/estate.ts';
import type { Ip } from '#net/ip.ts';
import { hostOfPod } from '../estate/node-hosts.ts';
import { execute } from '../kernel/execute.ts';
import type { Lab } from '../kernel/lab.ts';
import { type Program, program, withoutRoot } from '../programs.ts';

const port = 5432;
const cache = join(import.meta.dirname, '../../.cache/postgres');

interface Place {
  readonly host: string;
  readonly listen: Ip;
  readonly pod: string;
}

/** Ports that the servers answer: `ip 5432 tcp`. */
export function postgresPorts(reader: Reader): readonly string[] {
  return placesOf(reader).map((p) => `${p.listen} ${port} tcp`);
}

/** Starts the servers; says what is missing where PostgreSQL is not to be had. */
export async function startPostgres(lab: Lab, reader: Reader): Promise<readonly ChildProcess[]> {
  const places = placesOf(reader);
  if (places.length === 0) return [];
  const postgres = await needed('postgres');
  const template = await templateFolder(lab);
  return Promise.all(places.map((place, at) => startOne(lab, postgres, template, place, at)));
}

/** Whether PostgreSQL can be had here; without it the endpoint is an echo. */
export async function hasPostgres(): Promise<boolean> {
  const found = await Promise.all([program('postgres'), program('initdb')]);
  return found.every((one) => one.kind === 'program');
}

function placesOf(reader: Reader): readonly Place[] {
  const services = reader.all('protectedEndpoint').flatMap((p) => {
    if (p.value.port !== port || p.value.protocol !== 'tcp' || p.value.service === undefined) return [];
    return reader.all('service').filter((s) => s.key.endsWith(`/${p.value.service}`));
  });
  const places = services.flatMap(({ value: s }) => {
    const slices = reader.by('endpointSlice', 'service', `${s.cluster}/${s.namespace}/${s.name}`);
    const endpoints = slices.flatMap((e) =>
      e.value.ports.some((p) => p.port === port) ? e.value.endpoints : [],
    );
    return endpoints.flatMap((e) => {
      const pod = e.pod === undefined ? undefined : reader.get('pod', `${s.cluster}/${e.pod}`)?.value;
      const [listen] = e.addresses;
      return pod && listen ? [{ host: hostOfPod(reader, pod), listen, pod: e.pod ?? '' }] : [];
    });
  });
  return [...new Map(places.map((p) => [p.listen, p])).values()];
}

async function startOne(
  lab: Lab,
  postgres: Program,
  template: string,
  place: Place,
  at: number,
): Promise<ChildProcess> {
  const data = join(lab.folder, `postgres-${at}`);
  cpSync(template, data, { recursive: true });
  chmodSync(data, 0o700);
  const settings = [
    `listen_addresses=${place.listen}`,
    `unix_socket_directories=${data}`,
    `cluster_name=${place.pod}`,
    'fsync=off',
    'shared_buffers=8MB',
    'max_connections=200',
  ];
  const argv = [postgres.path, '-D', data, '-p', `${port}`, ...settings.flatMap((s) => ['-c', s])];
  // Inside the box we are root, whoever we are outside.
  const child = lab.spawn(place.host, withoutRoot(argv, 0), {
    env: postgres.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilReady(child, place);
  return child;
}

function untilReady(child: ChildProcess, place: Place): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new SightlineError(
          'lab-postgres',
          `PostgreSQL for ${place.pod}: ${why}: ${said.slice(-4).join('; ')}`,
        ),
      );
    const deadline = setTimeout(() => fail('not up within 60 s'), 60_000);
    child.once('exit', () => fail('it ended'));
    if (!child.stderr) return fail('no output');
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 100) said.push(line);
      if (!line.includes('ready to accept connections')) return;
      clearTimeout(deadline);
      resolve();
    });
  });
}

/** A data folder as initdb makes it, kept in the project's cache; where that is somebody else's, for this lab alone. */
async function templateFolder(lab: Lab): Promise<string> {
  const done = join(cache, 'template');
  if (existsSync(join(done, 'PG_VERSION'))) return done;
  const making = join(placeFor(lab), `making-${process.pid}`);
  rmSync(making, { recursive: true, force: true });
  await makeData(making);
  if (!making.startsWith(cache)) return making;
  try {
    renameSync(making, done);
  } catch {
    // Somebody else was faster.
    rmSync(making, { recursive: true, force: true });
  }
  return done;
}

function placeFor(lab: Lab): string {
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
    return existsSync(join(cache, 'template')) ? lab.folder : cache;
  } catch {
    return lab.folder;
  }
}

/** Open to every address of the lab. */
async function makeData(making: string): Promise<void> {
  const initdb = await needed('initdb');
  const argv = [initdb.path, '-D', making, '-U', 'lab', '-A', 'trust', '--no-sync', '--locale=C'];
  const ran = await execute(withoutRoot(argv), { env: initdb.env });
  if (ran.code !== 0) throw new SightlineError('lab-postgres', `initdb: ${ran.stderr.trim()}`);
  appendFileSync(join(making, 'pg_hba.conf'), 'host all all all trust\n');
}

async function needed(name: 'postgres' | 'initdb'): Promise<Program> {
  const found = await program(name);
  if (found.kind === 'missing')
    throw new SightlineError('lab-program', found.message, { hint: found.command });
  return found;
}
