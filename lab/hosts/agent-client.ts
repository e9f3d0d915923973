/*
 * The builder's end of an agent: starts the Node process inside a host, asks it things, waits for the answers.
 */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SightlineError } from '#estate/error.ts';
import { hold, letGo } from '../kernel/hold.ts';
import type { Answer, CommandName, Commands } from './protocol.ts';

export interface AgentOptions {
  /** Added to this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
}

type Spawn = (argv: readonly string[], options: SpawnOptions) => ChildProcess;

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (error: SightlineError) => void;
}

export class Agent {
  readonly host: string;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, Waiting>();
  private readonly errors: string[] = [];
  private next = 1;
  /** Whether the process has ended; every later question is refused. */
  isGone = false;
  private lastWords = '';

  private constructor(host: string, child: ChildProcess) {
    this.host = host;
    this.child = child;
  }

  /** Starts an agent and waits until it listens (about 60 ms). */
  static async start(host: string, spawn: Spawn, options: AgentOptions): Promise<Agent> {
    const main = join(import.meta.dirname, 'agent.ts');
    const argv = [process.execPath, '--max-semi-space-size=4', main];
    const child = spawn(argv, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
    const agent = new Agent(host, child);
    await agent.listen();
    return agent;
  }

  /** Asks for one command. Rejects with SightlineError where the agent could not do it, or is gone. */
  ask<Name extends CommandName>(
    name: Name,
    takes: Commands[Name]['takes'],
  ): Promise<Commands[Name]['gives']> {
    const id = this.next++;
    if (this.isGone)
      return Promise.reject(
        new SightlineError('lab-agent', this.lastWords, { hint: 'Ask the lab for a new agent.' }),
      );
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { done: (value) => resolve(value as Commands[Name]['gives']), failed: reject });
      hold(this.child);
      this.child.stdin?.write(`${JSON.stringify({ id, do: name, with: takes })}\n`);
    });
  }

  /** Ends the process at once, as a crash would. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private listen(): Promise<void> {
    const { stdin, stdout, stderr } = this.child;
    stdin?.on('error', () => undefined);
    stderr?.setEncoding('utf8').on('data', (text: string) => this.errors.push(text));
    return new Promise((resolve, reject) => {
      this.waiting.set(0, { done: () => resolve(), failed: reject });
      if (stdout) createInterface({ input: stdout }).on('line', (line) => this.hear(line));
      this.child.once('error', (error) => this.lose(error.message));
      this.child.once('close', (code, signal) => this.lose(`it ended (${signal ?? code})`));
    });
  }

  private hear(line: string): void {
    const answer = JSON.parse(line) as Answer;
    const id = answer.kind === 'ready' ? 0 : answer.id;
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) letGo(this.child);
    if (answer.kind === 'failed')
      waiting?.failed(
        new SightlineError(answer.code, `${this.host}: ${answer.message}`, { hint: 'See the message.' }),
      );
    else waiting?.done(answer.kind === 'done' ? answer.value : undefined);
  }

  private lose(why: string): void {
    const said = this.errors.join('').trim().split('\n').slice(-8).join('; ');
    const message = `the agent of ${this.host} is gone: ${why}${said === '' ? '' : `: ${said}`}`;
    for (const one of this.waiting.values())
      one.failed(new SightlineError('lab-agent', message, { hint: 'See what it said last.' }));
    this.waiting.clear();
    this.isGone = true;
    this.lastWords = message;
  }
}
