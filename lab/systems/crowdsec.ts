/*
 * CrowdSec's local API, the real one, in the pod where the estate has it: bouncers at the ingress poll it over the
 * cluster's own network, and bans are added with its own cscli. Agents that would decide by logs are left out.
 */
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SightlineError } from '#estate/error.ts';
import type { Reader } from '#estate/estate.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import { hostOfPod } from '../estate/node-hosts.ts';
import type { Lab } from '../kernel/lab.ts';
import { type Program, program } from '../programs.ts';

const port = 8080;

interface Place {
  readonly host: string;
  readonly listen: Ip;
  /** The Service's address, which bouncers dial. */
  readonly service: Ip;
}

/** What an ingress needs to poll the list. */
export interface BanListAccess {
  readonly url: string;
  readonly key: string;
}

export class LabBanList {
  private readonly lab: Lab;
  private readonly place: Place;
  private readonly cscli: Program;
  private readonly conf: string;
  private readonly keys = new Map<string, Promise<string>>();
  private lastAdded: Promise<unknown> = Promise.resolve();

  private constructor(lab: Lab, place: Place, cscli: Program, conf: string) {
    this.lab = lab;
    this.place = place;
    this.cscli = cscli;
    this.conf = conf;
  }

  /**
   * A key for each bouncer: Debian's 1.4 tells what is new since the last call with the same key, so that of pods
   * that share one each hears of some bans only (crowdsecurity/crowdsec issue 3255).
   */
  async accessOf(bouncer: string): Promise<BanListAccess> {
    const key = this.keys.get(bouncer) ?? this.register(bouncer);
    this.keys.set(bouncer, key);
    return { url: `http://${this.place.service}:${port}`, key: await key };
  }

  /** One after the other: cscli writes into the database itself. */
  private register(bouncer: string): Promise<string> {
    const added = this.lastAdded.then(() => this.ask(['bouncers', 'add', bouncer, '-o', 'raw']));
    this.lastAdded = added.catch(() => undefined);
    return added.then((key) => key.trim());
  }

  /** Port of the pod that the API answers: `ip 8080 tcp`. */
  static takenPorts(reader: Reader): readonly string[] {
    const place = placeOf(reader);
    return place ? [`${place.listen} ${port} tcp`] : [];
  }

  /** undefined: the estate has no CrowdSec. Throws SightlineError where it is not to be had here. */
  static async start(lab: Lab, reader: Reader): Promise<LabBanList | undefined> {
    const place = placeOf(reader);
    if (!place) return undefined;
    const [crowdsec, cscli] = await Promise.all([needed('crowdsec'), needed('cscli')]);
    const conf = writeConfig(join(lab.folder, 'crowdsec'), crowdsec, place);
    await command(lab, place, cscli, ['-c', conf, 'machines', 'add', 'lab', '--password', 'lab', '--force']);
    const child = lab.spawn(place.host, [crowdsec.path, '-c', conf, '-no-cs'], {
      env: crowdsec.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const list = new LabBanList(lab, place, cscli, conf);
    await list.untilReady(child);
    return list;
  }

  async ban(address: string): Promise<void> {
    await this.ask(['decisions', 'add', '--ip', address, '--duration', '1h']);
  }

  async pardon(address: string): Promise<void> {
    await this.ask(['decisions', 'delete', '--ip', address]);
  }

  private ask(words: readonly string[]): Promise<string> {
    return command(this.lab, this.place, this.cscli, ['-c', this.conf, ...words]);
  }

  private async untilReady(child: ChildProcess): Promise<void> {
    const said: string[] = [];
    child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
      const works = await this.ask(['decisions', 'list']).then(
        () => true,
        () => false,
      );
      if (works) return;
      await sleep(100);
    }
    throw new SightlineError('lab-bans', `CrowdSec does not answer: ${said.join('').trim().slice(-300)}`);
  }
}

/** The pod of a Service on the API's port whose image is CrowdSec's. */
function placeOf(reader: Reader): Place | undefined {
  for (const { value: slice } of reader.all('endpointSlice')) {
    if (!slice.ports.some((p) => p.port === port && p.protocol === 'tcp')) continue;
    const service = reader.get('service', `${slice.cluster}/${slice.namespace}/${slice.service}`)?.value;
    const address = service?.clusterIps.find((ip) => familyOf(ip) === 4);
    for (const endpoint of slice.endpoints) {
      const pod = reader.get('pod', `${slice.cluster}/${endpoint.pod ?? ''}`)?.value;
      const isEngine = pod?.containers.some((c) => /(^|\/)crowdsec(:|@|$)/.test(c.image));
      const [listen] = endpoint.addresses;
      if (pod && isEngine && address && listen && familyOf(listen) === 4)
        return { host: hostOfPod(reader, pod), listen, service: address };
    }
  }
  return undefined;
}

/** As Debian's package starts it, with folders of our own, no hub and no central API. */
function writeConfig(folder: string, crowdsec: Program, { listen }: Place): string {
  const [etc, data] = [join(folder, 'etc'), join(folder, 'data')];
  for (const path of [data, join(etc, 'hub'), join(etc, 'notifications')])
    mkdirSync(path, { recursive: true });
  writeFileSync(join(etc, 'hub/.index.json'), '{}');
  for (const name of ['simulation.yaml', 'profiles.yaml'])
    copyFileSync(join(crowdsec.root, 'etc/crowdsec', name), join(etc, name));
  const credentials = [`url: http://${listen}:${port}`, 'login: lab', 'password: lab', ''];
  writeFileSync(join(etc, 'credentials.yaml'), credentials.join('\n'));
  const conf = join(etc, 'config.yaml');
  const lines = [
    'common: { daemonize: false, log_media: stdout, log_level: error }',
    `config_paths: { config_dir: ${etc}, data_dir: ${data}, simulation_path: ${etc}/simulation.yaml, hub_dir: ${etc}/hub, index_path: ${etc}/hub/.index.json, notification_dir: ${etc}/notifications, plugin_dir: ${etc}/notifications }`,
    'cscli: { output: human, hub_branch: master }',
    `db_config: { type: sqlite, db_path: ${data}/crowdsec.db }`,
    `api: { client: { credentials_path: ${etc}/credentials.yaml }, server: { listen_uri: "${listen}:${port}", profiles_path: ${etc}/profiles.yaml } }`,
    'prometheus: { enabled: false }',
    '',
  ];
  writeFileSync(conf, lines.join('\n'));
  return conf;
}

async function command(lab: Lab, place: Place, tool: Program, words: readonly string[]): Promise<string> {
  const ran = await lab.run(place.host, [tool.path, ...words], { env: tool.env, timeoutMs: 60_000 });
  if (ran.code === 0) return ran.stdout;
  throw new SightlineError('lab-bans', `cscli ${words.slice(2).join(' ')}: ${ran.stderr.trim().slice(-300)}`);
}

async function needed(name: 'crowdsec' | 'cscli'): Promise<Program> {
  const found = await program(name);
  if (found.kind === 'program') return found;
  throw new SightlineError('lab-program', found.message, { hint: found.command });
}
