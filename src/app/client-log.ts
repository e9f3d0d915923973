/*
 * Whom the ingress logs for one's own requests: the live access log, from its pods through the API of the cluster or from
 * where sightline.yaml says (systems, id log/NAME, read). What cannot be read is said, with what to configure.
 */
import { randomBytes } from 'node:crypto';
import { messageOf, SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import type { Observation } from '#probe/prober.ts';
import type { Snapshot } from './load-snapshot.ts';
import { accessOf } from './systems.ts';
import { type LoggedClient, liveLogs } from './wire.ts';

/** One place where log lines come from. */
export interface LogPlace {
  /** For messages: `log/traefik`, `the pods of home/traefik/traefik`. */
  readonly name: string;
  /** Text of the lines since then, and maybe earlier ones. Throws SightlineError where it cannot be read. */
  recent(sinceSeconds: number): Promise<string>;
}

export interface ClientLog {
  readonly places: readonly LogPlace[];
  /** Why there is none, and what to configure. Only where `places` is empty. */
  readonly none: string;
}

export function newMark(): string {
  return randomBytes(9).toString('base64url');
}

const configure =
  'name the log in sightline.yaml (systems: id log/NAME, read), or the cluster with a credential that may read pods/log';

/** The logs that can be read from here. Fetches nothing yet. */
export async function clientLogOf(snapshot: Snapshot): Promise<ClientLog> {
  const reader = readerOf(snapshot.estate);
  const named = await namedPlaces(reader);
  const places = named.length > 0 ? named : await podPlaces(reader, snapshot.root);
  return { places, none: `no log of the ingress is known: ${configure}` };
}

async function namedPlaces(reader: Reader): Promise<readonly LogPlace[]> {
  const { presentBytes } = await liveLogs();
  return reader.all('systemAccess').flatMap(({ value: { system, read = {} } }) =>
    system.startsWith('log/')
      ? Object.entries(read).map(([file, reference]) => ({
          name: `${system}/${file}`,
          recent: async () =>
            (await presentBytes(reference, { mostBytes: 8 * 1024 * 1024 })).toString('utf8'),
        }))
      : [],
  );
}

/** Only with the credential that reads. */
async function podPlaces(reader: Reader, folder: string): Promise<readonly LogPlace[]> {
  const places: LogPlace[] = [];
  for (const { value: ingress } of reader.all('ingress')) {
    const access = reader.get('systemAccess', `cluster/${ingress.cluster}`)?.value;
    const settings = access?.credential === undefined ? undefined : await accessOf(access, folder);
    if (settings === undefined || Object.keys(ingress.podLabels).length === 0) continue;
    const { podLogs } = await liveLogs();
    const logs = podLogs(settings);
    places.push({
      name: `the pods of ${ingress.cluster}/${ingress.namespace}/${ingress.name}`,
      recent: (seconds) => logs.recent(ingress.namespace, ingress.podLabels, seconds),
    });
  }
  return places;
}

/** Lines come late: how long to look again. */
const pausesMs = [0, 300, 700, 1500, 2500];

/** Observations with the logged client of each marked request, or with why it is not known. */
export async function withClients(
  found: ReadonlyMap<string, Observation>,
  marks: ReadonlyMap<string, string>,
  log: ClientLog | undefined,
  sinceMs: number,
): Promise<ReadonlyMap<string, Observation>> {
  const open = [...found].filter(([, o]) => o.status !== undefined && o.seenAs === undefined);
  if (log === undefined || open.length === 0) return found;
  const wanted = new Set(open.flatMap(([id]) => marks.get(id) ?? []));
  const { clients, problems } = await lookFor(wanted, log, sinceMs);
  const whyNot = reasonOf(log, problems);
  return new Map(
    [...found].map(([id, o]) => {
      if (o.status === undefined || o.seenAs !== undefined) return [id, o];
      return [id, { ...o, ...seen(clients.get(marks.get(id) ?? ''), whyNot) }];
    }),
  );
}

function seen(client: LoggedClient | undefined, whyNot: string): Pick<Observation, 'seenAs' | 'notSeen'> {
  if (client === undefined) return { notSeen: whyNot };
  return client.kind === 'client'
    ? { seenAs: client.ip }
    : { notSeen: 'its log line has no client address in a place that is known' };
}

function reasonOf({ places, none }: ClientLog, problems: ReadonlySet<string>): string {
  if (places.length === 0) return none;
  if (problems.size > 0) return [...problems].join('; ');
  const names = places.map((p) => p.name).join(', ');
  return `its line is not in ${names}: is an access log written there, at once and with the request's query?`;
}

interface Looked {
  readonly clients: ReadonlyMap<string, LoggedClient>;
  readonly problems: ReadonlySet<string>;
}

async function lookFor(wanted: ReadonlySet<string>, log: ClientLog, sinceMs: number): Promise<Looked> {
  const { clientsIn } = await liveLogs();
  const clients = new Map<string, LoggedClient>();
  let problems = new Set<string>();
  for (const pause of pausesMs) {
    const isHopeless = problems.size > 0 && problems.size === log.places.length && pause > 300;
    if (log.places.length === 0 || wanted.size === clients.size || isHopeless) break;
    await new Promise((done) => setTimeout(done, pause));
    const seconds = Math.ceil((performance.now() - sinceMs) / 1000) + 5;
    problems = new Set();
    for (const place of log.places) {
      const text = await textOf(place, seconds, problems);
      for (const [mark, client] of clientsIn(text, wanted)) clients.set(mark, client);
    }
  }
  return { clients, problems };
}

async function textOf(place: LogPlace, seconds: number, problems: Set<string>): Promise<string> {
  try {
    return await place.recent(seconds);
  } catch (error) {
    if (!(error instanceof SightlineError)) throw error;
    problems.add(`${messageOf(error)}${error.hint === undefined ? '' : ` (${error.hint})`}`);
    return '';
  }
}
