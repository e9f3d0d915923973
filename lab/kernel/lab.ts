/*
 * A lab on this machine's kernel: brought up from a topology in one go, torn down on every way out.
 * Commands run in its hosts by name; nothing of it is visible in, or can touch, the machine's own network.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SightlineError } from '#estate/error.ts';
import { Agent, type AgentOptions } from '../hosts/agent-client.ts';
import { checkLab, type LabAvailable, type LabUnavailable } from './availability.ts';
import { type Box, type BoxMode, closeBox, insideBox, killBox, openBox } from './box.ts';
import { execute, type Ran, type RunOptions } from './execute.ts';
import { hold } from './hold.ts';
import { makeRunFolder, noteBox, removeLeftovers } from './owner.ts';
import { hostScript, networkBatch, restoreScript, switchScript } from './scripts.ts';
import { shellFunctions, type Tools, withIptables } from './tools.ts';
import { checkSysctls, checkTopology, type Iptables, type Topology } from './topology.ts';

/** Several labs may live in one process: each one's listener must not take the others' for the user's. */
const signalListeners = new WeakSet<object>();

export interface LabOptions {
  /** What checkLab found; asked for again where not given. */
  readonly available?: LabAvailable;
  /** Only this way of getting namespaces. */
  readonly mode?: BoxMode;
}

/** Builds the topology. Throws SightlineError where it cannot be built as written; says `unavailable` where no lab can. */
export async function startLab(topology: Topology, options: LabOptions = {}): Promise<Lab | LabUnavailable> {
  const available = options.available ?? (await checkLab(options.mode));
  if (available.kind === 'unavailable') return available;
  const problems = checkTopology(topology);
  if (problems.length > 0)
    throw new SightlineError('lab-topology', `the topology cannot be built: ${problems.join('; ')}`, {
      hint: 'Correct the topology.',
    });
  const tools = topology.hosts.some((host) => host.iptables)
    ? await withIptables(available.tools)
    : available.tools;
  if (tools.kind === 'missing') return { kind: 'unavailable', reason: tools.message, hint: tools.command };
  removeLeftovers();
  const box = await openBox(available.mode);
  if (typeof box === 'string') return { kind: 'unavailable', reason: box, hint: 'Run as root.' };
  const lab = new Lab(topology, tools, box, makeRunFolder());
  try {
    await lab.bringUp();
    return lab;
  } catch (cause) {
    await lab.down();
    throw cause;
  }
}

export class Lab {
  readonly kind = 'lab';
  readonly topology: Topology;
  readonly mode: BoxMode;
  /** The run's own folder; goes with the lab. */
  readonly folder: string;
  readonly tools: Tools;
  private readonly box: Box;
  private readonly agents = new Map<string, Promise<Agent>>();
  private readonly children = new Set<ChildProcess>();
  private readonly onExit: () => void;
  private readonly onSignal: (signal: NodeJS.Signals) => void;

  constructor(topology: Topology, tools: Tools, box: Box, folder: string) {
    this.topology = topology;
    this.mode = box.mode;
    this.folder = folder;
    this.tools = tools;
    this.box = box;
    noteBox(folder, box.pid);
    this.onExit = () => this.abandon();
    this.onSignal = (signal) => this.leave(signal);
    signalListeners.add(this.onSignal);
    process.on('exit', this.onExit);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.onSignal);
  }

  /** Runs a command in a host to its end. `ip` and `nft` as first word are the lab's own. */
  run(host: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const tool = argv[0] === 'ip' ? this.tools.ip : argv[0] === 'nft' ? this.tools.nft : undefined;
    if (!tool) return execute(this.inside(host, argv), options);
    return execute(this.inside(host, [tool.path, ...argv.slice(1)]), { env: tool.env, ...options });
  }

  /** Starts a long-lived command in a host; it dies with the lab, or when the returned process is killed. */
  spawn(host: string, argv: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [command = 'false', ...args] = this.inside(host, argv);
    const child = spawn(command, args, { detached: true, ...options });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  /** Loads an nft file in a host, in one transaction. Throws SightlineError with nft's words where it is refused. */
  async loadRules(host: string, rules: string): Promise<void> {
    await this.must(host, ['nft', '-f', '-'], rules);
  }

  /** Replaces a host's iptables, table by table. The host's topology must have had some. */
  async loadIptables(host: string, rules: Iptables): Promise<void> {
    const script = ['set -e', shellFunctions(this.tools), ...restoreScript(rules), ''].join('\n');
    await this.must(host, ['sh', '-s'], script);
  }

  /** Runs lines of `ip -batch` in a host, for example `link set eth0 down`. */
  async ip(host: string, lines: readonly string[]): Promise<void> {
    await this.must(host, ['ip', '-batch', '-'], `${lines.join('\n')}\n`);
  }

  /** Writes sysctls of a host (dotted keys, no `*`). */
  async sysctl(host: string, settings: Readonly<Record<string, string | number>>): Promise<void> {
    const problems = checkSysctls(settings);
    if (problems.length > 0)
      throw new SightlineError('lab-command', `${host}: ${problems.join('; ')}`, {
        hint: 'Only net.* belongs to a host.',
      });
    const lines = Object.entries(settings).map(
      ([key, value]) => `echo ${value} > /proc/sys/${key.replaceAll('.', '/')}`,
    );
    await this.must(host, ['sh', '-e', '-s'], lines.join('\n'));
  }

  /** Makes hosts (all where none are named) forget every connection they track. */
  async flushConntrack(
    hosts: readonly string[] = this.topology.hosts.map((host) => host.name),
  ): Promise<void> {
    const script = join(import.meta.dirname, 'flush-conntrack.pl');
    const ran = await execute(insideBox(this.box, undefined, ['perl', script, ...hosts]));
    if (ran.code !== 0)
      throw new SightlineError('lab-command', `flushing conntrack: ${ran.stderr.trim()}`, {
        hint: 'Name hosts.',
      });
  }

  /** The long-lived Node process of a host: started on first use, and again after it was killed. */
  async agent(host: string, options: AgentOptions = {}): Promise<Agent> {
    const known = this.agents.get(host);
    if (known && !(await known).isGone) return known;
    // Process numbers of two labs are the same, and the HTTP/3 server names its temporary files by them.
    const env = { TMPDIR: this.folder, ...options.env };
    const spawn = (argv: readonly string[], spawning: SpawnOptions) => this.spawn(host, argv, spawning);
    const starting = Agent.start(host, spawn, { ...options, env });
    this.agents.set(host, starting);
    starting.catch(() => this.agents.delete(host));
    return starting;
  }

  /** Ends everything. Safe to call twice. */
  async down(): Promise<void> {
    process.off('exit', this.onExit);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.onSignal);
    const ends = [...this.children].map((child) => ended(child));
    await closeBox(this.box);
    await Promise.all(ends);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Part of startLab. */
  async bringUp(): Promise<void> {
    const scripts = this.writeScripts();
    const batch = networkBatch(this.topology);
    const main = [
      shellFunctions(this.tools),
      `ip -batch - <<'SIGHTLINE_END' || exit 9\n${batch}SIGHTLINE_END`,
      `cd ${this.folder}/hosts`,
      `printf '%s\\n' ${scripts.join(' ')} | xargs -P 4 -I @ sh -c 'nsenter --net=/run/netns/@ sh @ > @.err 2>&1 || { echo "@:"; cat @.err; exit 1; }' >&2`,
    ].join('\n');
    const ran = await execute(insideBox(this.box, undefined, ['sh', '-s']), { input: main });
    if (ran.code !== 0)
      throw new SightlineError('lab-start', `the lab did not come up: ${ran.stderr.trim()}`, {
        hint: 'Correct the host named.',
      });
  }

  private writeScripts(): readonly string[] {
    const head = `${shellFunctions(this.tools)}\n`;
    const write = (name: string, text: string) =>
      writeFileSync(join(this.folder, 'hosts', name), head + text);
    for (const host of this.topology.hosts) write(host.name, hostScript(host, this.topology));
    for (const one of this.topology.switches) write(one.name, switchScript(one.name, this.topology));
    return [...this.topology.hosts, ...this.topology.switches].map((one) => one.name);
  }

  private inside(host: string, argv: readonly string[]): readonly string[] {
    if (![...this.topology.hosts, ...this.topology.switches].some((one) => one.name === host))
      throw new SightlineError('lab-host', `the lab has no host ${host}`, {
        hint: 'Name a host of the topology.',
      });
    return insideBox(this.box, host, argv);
  }

  private async must(host: string, argv: readonly string[], input = ''): Promise<void> {
    const ran = await this.run(host, argv, { input });
    if (ran.code !== 0)
      throw new SightlineError('lab-command', `${argv.join(' ')} in ${host}: ${ran.stderr.trim()}`, {
        hint: 'See the text for the line.',
      });
  }

  private abandon(): void {
    killBox(this.box);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A signal that nobody else handles ends the process as it would have without us; somebody else's is theirs. */
  private leave(signal: NodeJS.Signals): void {
    if (process.listeners(signal).some((listener) => !signalListeners.has(listener))) return;
    this.abandon();
    process.off(signal, this.onSignal);
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  }
}

function ended(child: ChildProcess): Promise<unknown> {
  hold(child);
  return child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
}
