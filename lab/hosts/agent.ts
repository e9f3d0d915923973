/*
 * Runs inside one host of the lab for as long as the lab lives: opens that host's sockets when it is asked to.
 * One process serves all pods of a node, or all clients at a vantage point. It ends when its input closes.
 */
import { flushCompileCache } from 'node:module';
import { createInterface } from 'node:readline';
import type { Answer, CommandName, Request } from './protocol.ts';

type Handler = (takes: never) => Promise<unknown>;

/** Each command's part is loaded when it is first asked for: an echo server needs no HTTP/3. */
const parts: Readonly<Record<string, () => Promise<Readonly<Record<string, Handler>>>>> = {
  agent: async () => ({ 'agent.usage': usage }),
  ingress: async () => (await import('./ingress.ts')).ingressCommands,
  bridge: async () => (await import('./bridge.ts')).bridgeCommands,
  echo: async () => (await import('./echo.ts')).echoCommands,
  server: async () => (await import('./servers.ts')).serverCommands,
  attempt: async () => (await import('../traffic/attempt.ts')).attemptCommands,
  load: async () => (await import('../traffic/load.ts')).loadCommands,
  flow: async () => (await import('../traffic/flows.ts')).flowCommands,
};

const kept = new Set<string>();
process.stdout.on('error', () => process.exit(0));
createInterface({ input: process.stdin })
  .on('line', (line) => void answer(JSON.parse(line) as Request))
  .on('close', () => process.exit(0));
say({ kind: 'ready' });

async function answer(request: Request): Promise<void> {
  try {
    say({ kind: 'done', id: request.id, value: (await carryOut(request.do, request.with)) ?? {} });
  } catch (error) {
    const { code = 'lab-agent', message } = error as NodeJS.ErrnoException;
    say({ kind: 'failed', id: request.id, code, message });
  }
}

async function carryOut(name: CommandName, takes: unknown): Promise<unknown> {
  const handlers = await parts[name.split('.')[0] ?? '']?.();
  keepCompiled(name.split('.')[0] ?? '');
  const handler = handlers?.[name];
  if (!handler) throw new Error(`an agent knows no command ${name}`);
  return handler(takes as never);
}

/** An agent is killed and never ends by itself, when Node would keep what it compiled; the next one starts faster. */
function keepCompiled(part: string): void {
  if (kept.has(part)) return;
  kept.add(part);
  setTimeout(flushCompileCache, 500).unref();
}

async function usage(): Promise<unknown> {
  const { user, system } = process.cpuUsage();
  return { pid: process.pid, rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 };
}

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
