/*
 * A whole estate in the lab: compiled, brought up, its controllers running, its name servers and endpoints answering.
 */
import type { Estate } from '#estate/estate.ts';
import { type Authority, makeAuthority } from '../hosts/certificate.ts';
import { Announcer } from '../kernel/announcer.ts';
import type { LabUnavailable } from '../kernel/availability.ts';
import { type Lab, type LabOptions, startLab } from '../kernel/lab.ts';
import { LabBanList } from '../systems/crowdsec.ts';
import { LabHops } from '../systems/hops.ts';
import { LabNameServers } from '../systems/named.ts';
import { hasPostgres, postgresPorts, startPostgres } from '../systems/postgres.ts';
import type { Rollout } from './actuators.ts';
import { Controllers } from './controllers.ts';
import { type Delays, delaysMs } from './delays.ts';
import { type BanListOf, certificateNames, EndpointServers } from './endpoint-servers.ts';
import { hostName } from './names.ts';
import { type CompiledEstate, compileEstate } from './plan-hosts.ts';
import { ingressRollout } from './rollout.ts';
import { LabStore } from './store.ts';

/** Plugins ask every minute by default (`updateIntervalSeconds`); nothing of the lab depends on how late a ban is. */
const banPollMs = 300;

export interface EstateLabOptions extends LabOptions {
  /** Factor on every TTL; 1 where not given. */
  readonly timeScale?: number;
  /** Leaves out PostgreSQL: its endpoint is then an echo. */
  readonly isSmall?: boolean;
  /** Starts CrowdSec's API where the estate has it (a second more); else its endpoint is an echo. */
  readonly withBans?: boolean;
  /** Instead of the real ones'. */
  readonly delays?: Partial<Delays>;
}

export interface EstateLab {
  readonly kind: 'estate-lab';
  readonly lab: Lab;
  readonly store: LabStore;
  readonly compiled: CompiledEstate;
  readonly controllers: Controllers;
  readonly servers: EndpointServers;
  readonly names: LabNameServers;
  readonly rollout: Rollout;
  /** Only where it was asked for and the estate has one. */
  readonly bans?: LabBanList;
  readonly delays: Delays;
  readonly authority: Authority;
  readonly down: () => Promise<void>;
}

/** Builds the estate; says `unavailable` where no lab can be. */
export async function startEstateLab(
  estate: Estate,
  options: EstateLabOptions = {},
): Promise<EstateLab | LabUnavailable> {
  const store = new LabStore(estate);
  const compiled = compileEstate(store.reader);
  const lab = await startLab(compiled.topology, options);
  if (lab.kind === 'unavailable') return lab;
  try {
    return await bringUp(lab, store, compiled, options);
  } catch (cause) {
    await lab.down();
    throw cause;
  }
}

async function bringUp(
  lab: Lab,
  store: LabStore,
  compiled: CompiledEstate,
  options: EstateLabOptions,
): Promise<EstateLab> {
  const delays = { ...delaysMs, ...options.delays };
  const authority = makeAuthority();
  const identity = authority.issue(certificateNames(store.reader));
  const withPostgres = options.isSmall !== true && (await hasPostgres());
  const taken = [
    ...LabNameServers.takenPorts(store.reader),
    ...(withPostgres ? postgresPorts(store.reader) : []),
    ...(options.withBans ? LabBanList.takenPorts(store.reader) : []),
  ];
  const bans = options.withBans ? await LabBanList.start(lab, store.reader) : undefined;
  const banListOf: BanListOf | undefined =
    bans && (async (pod) => ({ ...(await bans.accessOf(pod.name)), everyMs: banPollMs }));
  const servers = new EndpointServers(lab, identity, new Set(taken), banListOf);
  const [announcers, names, hops] = await Promise.all([
    startAnnouncers(lab, store),
    LabNameServers.start(lab, () => store.reader, options.timeScale ?? 1),
    LabHops.start(lab, store.reader),
    servers.startAll(store.reader),
    withPostgres ? startPostgres(lab, store.reader) : undefined,
  ]);
  const controllers = new Controllers({
    lab,
    store,
    announcers,
    delays,
    reroute: () => servers.reroute(store.reader),
    followHops: () => hops.follow(store.reader),
  });
  await controllers.begin();
  return {
    kind: 'estate-lab',
    lab,
    store,
    compiled,
    controllers,
    servers,
    names,
    rollout: ingressRollout(store, servers),
    ...(bans && { bans }),
    delays,
    authority,
    down: () => lab.down(),
  };
}

async function startAnnouncers(lab: Lab, store: LabStore): Promise<Map<string, Announcer>> {
  const nodes = store.reader.all('node').map((n) => n.value.name);
  const known = new Set(lab.topology.hosts.map((h) => h.name));
  const started = nodes
    .filter((name) => known.has(hostName('node', name)))
    .map(async (name) => [name, await Announcer.start(lab, hostName('node', name), 'eth0')] as const);
  return new Map(await Promise.all(started));
}
