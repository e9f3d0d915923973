/*
 * Every system that a run may write, in the lab: APIs that answer as the real ones, checkouts with an owner who applies
 * them, firewalls with a person at their screens. What is written there the lab's kernel follows.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import type { Reader } from '#estate/estate.ts';
import type { Repository, SystemAccess } from '#estate/settings.ts';
import type { EstateLab } from '../estate/estate-lab.ts';
import { makeOwnFolder } from '../kernel/owner.ts';
import { type LiveCluster, startCluster } from './cluster.ts';
import { dropCredential, keepCredential, type ReferenceKind } from './credentials.ts';
import { type LiveEdge, labAccount, labTunnel, startEdge } from './edge.ts';
import { LiveFirewall } from './firewall.ts';
import { LabFlux } from './flux.ts';
import { Follower, type ReadNative } from './follower.ts';
import { LabOperator } from './operator.ts';
import { type OwnerPrograms, startOwnerPrograms } from './owner-program.ts';
import { fileStates, type SystemState, sorted } from './state.ts';
import { type LiveTechnitium, startTechnitiumOf } from './technitium.ts';
import { LabTerraform } from './terraform.ts';

export interface LiveParts {
  readonly lab: EstateLab;
  /** All text files of the snapshot, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly read: ReadNative;
  /** How the nth system names its credential, over and over; files where not given. */
  readonly references?: readonly ReferenceKind[];
}

export interface LiveEstate {
  /** Folder of credentials, checkouts and exports; goes with the lab. */
  readonly folder: string;
  /** How the systems are reached, instead of what sightline.yaml says. */
  readonly access: readonly SystemAccess[];
  /** Folder by the repository's id. */
  readonly checkouts: Readonly<Record<string, string>>;
  /** What owners' commands need. */
  readonly environment: Readonly<Record<string, string>>;
  readonly operator: LabOperator;
  /** Resolves when the kernel has followed every write. */
  settled(): Promise<void>;
  state(): SystemState;
  stop(): Promise<void>;
}

export async function startLiveEstate(parts: LiveParts): Promise<LiveEstate> {
  const folder = makeOwnFolder('sightline-live-', `${process.pid}-`);
  const live = new Live(parts, folder);
  try {
    await live.start();
    return live;
  } catch (error) {
    await live.stop();
    throw error;
  }
}

class Live implements LiveEstate {
  readonly folder: string;
  readonly access: SystemAccess[] = [];
  readonly checkouts: Record<string, string> = {};
  readonly #parts: LiveParts;
  readonly #reader: Reader;
  readonly #follower: Follower;
  readonly #clusters: LiveCluster[] = [];
  readonly #servers: LiveTechnitium[] = [];
  readonly #firewalls: LiveFirewall[] = [];
  readonly #fluxes: LabFlux[] = [];
  readonly #terraforms = new Map<string, LabTerraform>();
  readonly #credentials: string[] = [];
  #edge: LiveEdge | undefined;
  #programs: OwnerPrograms | undefined;
  #operator = new LabOperator([]);

  constructor(parts: LiveParts, folder: string) {
    const { store, names, rollout } = parts.lab;
    this.folder = folder;
    this.#parts = parts;
    this.#reader = store.reader;
    this.#follower = new Follower({ store, names, rollout, read: parts.read });
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#programs?.environment ?? {};
  }

  get operator(): LabOperator {
    return this.#operator;
  }

  async start(): Promise<void> {
    for (const name of this.#namesBelow('cluster')) await this.#startCluster(name);
    for (const { value } of this.#reader.all('systemAccess')) {
      if (value.program === 'technitium') await this.#startTechnitium(value);
    }
    await this.#startEdge();
    for (const name of this.#namesBelow('firewall')) await this.#startFirewall(name);
    this.#operator = new LabOperator(this.#firewalls);
    for (const { value } of this.#reader.all('repository')) this.#checkOut(value);
    this.#programs = await startOwnerPrograms(this.folder, ({ cwd, argv }) => this.#terraform(cwd, argv));
  }

  async settled(): Promise<void> {
    await this.#follower.settled();
    await this.#parts.lab.controllers.settled();
    await this.#follower.settled();
  }

  state(): SystemState {
    return new Map([
      ...this.#clusters.flatMap((c) => c.state()),
      ...this.#servers.flatMap((s) =>
        s.server
          .records()
          .map(
            (r) =>
              [
                `${s.system}: ${r.name} ${r.type} ${JSON.stringify(r.rData)}`,
                JSON.stringify(sorted(r)),
              ] as const,
          ),
      ),
      ...this.#edgeState(),
      ...this.#firewalls.map((f) => [`firewall/${f.name}: config.xml`, f.config] as const),
      ...Object.entries(this.checkouts).flatMap(([id, root]) => fileStates(`source/${id}`, root)),
    ]);
  }

  #edgeState(): readonly (readonly [string, string])[] {
    const edge = this.#edge?.edge;
    if (edge === undefined) return [];
    return [
      ['cloudflare: tunnel', JSON.stringify(sorted(edge.config().config))],
      ...edge
        .records()
        .map((r) => [`cloudflare: ${r.name} ${r.type} ${r.content}`, JSON.stringify(sorted(r))] as const),
    ];
  }

  async stop(): Promise<void> {
    for (const flux of this.#fluxes) flux.stop();
    await Promise.all([
      this.#programs?.stop(),
      this.#edge?.edge.stop(),
      ...this.#clusters.map((c) => c.stop()),
      ...this.#servers.map((s) => s.stop()),
    ]);
    for (const reference of this.#credentials) dropCredential(reference);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** `home` of `cluster/home/services.yaml`. */
  #namesBelow(kind: string): readonly string[] {
    const names = [...this.#parts.files.keys()]
      .filter((p) => p.startsWith(`${kind}/`))
      .map((p) => p.split('/')[1] ?? '');
    return [...new Set(names)];
  }

  async #startCluster(name: string): Promise<void> {
    const own = [...this.#parts.files].filter(
      ([p]) => p.startsWith(`cluster/${name}/`) && /\.(ya?ml|json)$/.test(p),
    );
    const objects = own.flatMap(([, text]) => loadAll(text));
    const system = `cluster/${name}`;
    const cluster = await startCluster(name, objects, this.#parts.lab.store, () =>
      this.#follower.poke(system),
    );
    this.#clusters.push(cluster);
    await this.#follower.follow(system, () => cluster.files());
    const { url, token, ca } = cluster.kube;
    this.#reached({ system, program: 'kubernetes', url, needs: [] }, token, ca);
  }

  async #startTechnitium(access: SystemAccess): Promise<void> {
    const { system } = access;
    const app = this.#parts.files.get(`${system}/split-horizon.json`);
    const server = await startTechnitiumOf(
      system,
      this.#reader,
      app === undefined ? undefined : load(app),
      () => this.#follower.poke(system),
    );
    this.#servers.push(server);
    await this.#follower.follow(system, () => server.files());
    this.#reached({ system, program: 'technitium', url: server.server.url, needs: [] }, server.server.token);
  }

  async #startEdge(): Promise<void> {
    const own = this.#reader
      .all('systemAccess')
      .map((a) => a.value)
      .filter((a) => a.program === 'cloudflare');
    if (own.length === 0) return;
    const path = [...this.#parts.files.keys()].find((p) => p.startsWith('tunnel/'));
    const dns = own.find((a) => a.system.startsWith('dns/'))?.system;
    this.#edge = await startEdge({
      ...(path !== undefined && { tunnel: { path, text: this.#parts.files.get(path) ?? '' } }),
      ...(dns !== undefined && { dns }),
      reader: this.#reader,
      changed: () => this.#follower.poke('tunnel'),
    });
    if (path !== undefined) await this.#follower.follow('tunnel', () => this.#edge?.files() ?? {});
    const { url, token } = this.#edge.edge;
    for (const { system } of own)
      this.#reached(
        { system, program: 'cloudflare', url, account: labAccount, tunnel: labTunnel, needs: [] },
        token,
      );
  }

  async #startFirewall(name: string): Promise<void> {
    const text = this.#parts.files.get(`firewall/${name}/config.xml`);
    if (text === undefined) return;
    const system = `firewall/${name}`;
    const firewall = new LiveFirewall(name, text, this.#parts.read, () => this.#follower.poke(system));
    this.#firewalls.push(firewall);
    await this.#follower.follow(system, () => firewall.files());
    this.access.push({ system, writes: 'operator', needs: [] });
  }

  #checkOut({ id, path, applyCommand }: Repository): void {
    const root = join(this.folder, 'checkouts', id);
    const below = [...this.#parts.files].filter(([p]) => p.startsWith(`${path}/`));
    if (below.length === 0) return;
    const names = below.map(([p]) => p.slice(path.length + 1));
    for (const [p, text] of below) {
      const file = join(root, p.slice(path.length + 1));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    this.checkouts[id] = root;
    const kube = this.#clusters[0]?.kube;
    if (kube === undefined) return;
    const hcl = names.filter((n) => n.endsWith('.tf'));
    if (hcl.length > 0) this.#terraforms.set(root, new LabTerraform(root, hcl, kube));
    const manifests = names.filter((n) => /\.ya?ml$/.test(n));
    if (applyCommand === undefined && manifests.length > 0) this.#fluxes.push(new LabFlux(root, kube));
  }

  async #terraform(cwd: string, argv: readonly string[]) {
    const root = [...this.#terraforms.keys()].find((r) => cwd.startsWith(`${r}/`));
    const owner = root === undefined ? undefined : this.#terraforms.get(root);
    return owner === undefined
      ? { code: 1, output: `Error: ${cwd} is no stack of the lab` }
      : owner.run(cwd, argv);
  }

  /** The access names where the token lies. */
  #reached(access: SystemAccess, token: string, ca?: string): void {
    const name = access.system.replaceAll('/', '-');
    const { references = ['file'] } = this.#parts;
    const kind = references[this.#credentials.length % references.length] ?? 'file';
    const credential = keepCredential(this.folder, name, token, kind);
    this.#credentials.push(credential);
    const authority = join(this.folder, `${name}.pem`);
    if (ca !== undefined) writeFileSync(authority, ca, { mode: 0o600 });
    this.access.push({ ...access, writes: 'api', credential, ...(ca !== undefined && { ca: authority }) });
  }
}
