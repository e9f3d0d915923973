/*
 * A node's announcer: starts and stops answering for VIPs on one interface, as MetalLB's L2 mode does.
 * One perl process a node (perl-base is in every Debian), since Node has no packet sockets.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SightlineError } from '#estate/error.ts';
import { hold, letGo } from './hold.ts';
import type { Lab } from './lab.ts';

export class Announcer {
  readonly host: string;
  readonly dev: string;
  private readonly child: ChildProcess;
  private readonly waiting: ((line: string | undefined) => void)[] = [];

  private constructor(host: string, dev: string, child: ChildProcess) {
    this.host = host;
    this.dev = dev;
    this.child = child;
  }

  /** Starts the process in a host (20 ms); it answers for nothing yet. */
  static async start(lab: Lab, host: string, dev: string): Promise<Announcer> {
    const script = join(import.meta.dirname, 'announcer.pl');
    const child = lab.spawn(host, ['perl', script, dev], { stdio: ['pipe', 'pipe', 'pipe'] });
    const announcer = new Announcer(host, dev, child);
    await announcer.listen();
    return announcer;
  }

  /** Answers for a VIP from now on, and tells the network once. Resolves when it is in force (about 1 ms). */
  add(vip: string): Promise<void> {
    return this.command(`add ${vip}`);
  }

  /** Answers no more. Says nothing to the network: neighbours keep what they learnt until another announces. */
  remove(vip: string): Promise<void> {
    return this.command(`del ${vip}`);
  }

  /** Gratuitous ARP or unsolicited neighbour advertisement, once. */
  announce(vip: string): Promise<void> {
    return this.command(`announce ${vip}`);
  }

  /** Ends the process, as a node that is lost would: silently. */
  stop(): void {
    this.child.kill('SIGKILL');
  }

  private async command(line: string): Promise<void> {
    const answer = this.next();
    this.child.stdin?.write(`${line}\n`);
    const said = await answer;
    if (said !== 'ok') throw this.error(`${line}: ${said ?? 'the announcer is gone'}`);
  }

  private next(): Promise<string | undefined> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return Promise.resolve(undefined);
    hold(this.child);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private async listen(): Promise<void> {
    const errors: string[] = [];
    this.child.stdin?.on('error', () => undefined);
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on('line', (line) => this.hear(line));
    this.child.once('close', () => {
      for (const resolve of this.waiting.splice(0)) resolve(undefined);
    });
    if ((await this.next()) !== 'ok') throw this.error(errors.join('').trim());
  }

  private hear(line: string): void {
    this.waiting.shift()?.(line);
    if (this.waiting.length === 0) letGo(this.child);
  }

  private error(text: string): SightlineError {
    return new SightlineError('lab-announcer', `announcer on ${this.host} ${this.dev}: ${text}`, {
      hint: 'See the text.',
    });
  }
}
