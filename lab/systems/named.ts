/*
 * BIND 9 for every resolver of the estate: views by client, zones from its records, forwards as its rules say. Records
 * change by RFC 2136 updates (nsupdate), each view under a key of its own.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SightlineError } from '#estate/error.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { NameServers } from '../estate/actuators.ts';
import { startDelay } from '../kernel/delay.ts';
import type { Lab } from '../kernel/lab.ts';
import { type Program, program } from '../programs.ts';
import { type NamedView, namedConf, viewsOf } from './named-conf.ts';
import { type ServerPlace, serverPlaces } from './resolvers.ts';
import { recordLines } from './zones.ts';

interface RunningNamed {
  readonly place: ServerPlace;
  readonly views: readonly NamedView[];
  readonly child: ChildProcess;
}

export class LabNameServers implements NameServers {
  private readonly lab: Lab;
  private readonly timeScale: number;
  private readonly reader: () => Reader;
  private readonly running: readonly RunningNamed[];

  private constructor(lab: Lab, reader: () => Reader, timeScale: number, running: readonly RunningNamed[]) {
    this.lab = lab;
    this.reader = reader;
    this.timeScale = timeScale;
    this.running = running;
  }

  /** Starts all servers side by side; each is up within 0.2 s. */
  static async start(lab: Lab, reader: () => Reader, timeScale: number): Promise<LabNameServers> {
    const places = serverPlaces(reader());
    if (places.length === 0) return new LabNameServers(lab, reader, timeScale, []);
    const found = await program('named');
    if (found.kind === 'missing')
      throw new SightlineError('lab-program', found.message, { hint: found.command });
    const running = await Promise.all(
      places.map((place, at) => startOne(lab, found, reader(), place, { at, timeScale })),
    );
    return new LabNameServers(lab, reader, timeScale, running);
  }

  /** Ports that the servers answer: `ip 53 udp`. */
  static takenPorts(reader: Reader): readonly string[] {
    return serverPlaces(reader).flatMap((p) => [`${p.listen} 53 udp`, `${p.listen} 53 tcp`]);
  }

  /** Every server answers so much later from now on. */
  async slowDown(ms: number): Promise<void> {
    const places = this.running.map((one) => one.place);
    await Promise.all(
      places.map(({ host, listen }) => startDelay(this.lab, { host, address: listen, port: 53, ms })),
    );
  }

  async update(before: Fact<'recordSet'> | undefined, after: Fact<'recordSet'> | undefined): Promise<void> {
    const set = after?.value ?? before?.value;
    if (!set) return;
    const holders = this.running.filter((one) => one.place.resolver.serves.includes(set.server));
    await Promise.all(
      holders.flatMap((one) => one.views.map((view) => this.updateView(one, view, before, after))),
    );
  }

  private async updateView(
    one: RunningNamed,
    view: NamedView,
    before: Fact<'recordSet'> | undefined,
    after: Fact<'recordSet'> | undefined,
  ): Promise<void> {
    const set = after?.value ?? before?.value;
    if (!set || (set.view !== undefined && set.view !== view.name)) return;
    const options = { translations: view.translations, timeScale: this.timeScale };
    const add = after ? recordLines(this.reader(), after.value, options) : [];
    const lines = [
      // not as an argument, which every process list shows
      `key hmac-sha256:${view.key.name} ${view.key.secret}`,
      `server ${one.place.listen} 53`,
      `zone ${set.zone}.`,
      `update delete ${set.name}. ${set.type}`,
      ...add.map((line) => `update add ${line}`),
      'send',
      '',
    ];
    const nsupdate = await program('nsupdate');
    if (nsupdate.kind === 'missing')
      throw new SightlineError('lab-program', nsupdate.message, { hint: nsupdate.command });
    const ran = await this.lab.run(one.place.host, [nsupdate.path], {
      input: lines.join('\n'),
      env: nsupdate.env,
      timeoutMs: 60_000,
    });
    if (ran.code !== 0)
      throw new SightlineError(
        'lab-dns',
        `updating ${set.name} ${set.type} at ${one.place.resolver.id}: ${ran.stderr.trim()}`,
      );
  }
}

async function startOne(
  lab: Lab,
  named: Program,
  reader: Reader,
  place: ServerPlace,
  { at, timeScale }: { readonly at: number; readonly timeScale: number },
): Promise<RunningNamed> {
  const folder = join(lab.folder, `named-${at}`);
  mkdirSync(folder);
  const views = viewsOf(reader, place.resolver).map((v) => ({
    ...v,
    key: { name: `key-${v.name}`, secret: randomBytes(32).toString('base64') },
  }));
  const conf = namedConf(reader, place, views, { folder, timeScale });
  for (const { path, text } of conf.files) writeFileSync(join(folder, path), text);
  writeFileSync(join(folder, 'named.conf'), conf.text);
  const child = lab.spawn(place.host, [named.path, '-g', '-n', '1', '-c', join(folder, 'named.conf')], {
    env: named.env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilRunning(child, place);
  return { place, views, child };
}

/** named says `running` on its error output when it answers. */
function untilRunning(child: ChildProcess, place: ServerPlace): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new SightlineError(
          'lab-dns',
          `named for ${place.resolver.id} on ${place.host}: ${why}: ${said.slice(-5).join('; ')}`,
        ),
      );
    const deadline = setTimeout(() => fail('not up within 60 s'), 60_000);
    child.once('exit', () => fail('it ended'));
    if (!child.stderr) return fail('no output');
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 200) said.push(line);
      if (!/\brunning$/.test(line)) return;
      clearTimeout(deadline);
      resolve();
    });
  });
}
