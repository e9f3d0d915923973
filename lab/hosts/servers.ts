/*
 * The servers an agent has running, by id, so that each can be stopped alone as a pod that goes away.
 */

export interface RunningServer {
  /** Takes nothing new from now on, and cuts what is open after the grace. */
  readonly stop: (graceMs: number) => Promise<void>;
}

const running = new Map<string, RunningServer>();
let count = 0;

/** Keeps a server and gives the id to stop it by. */
export function keepServer(server: RunningServer): string {
  const id = `s${++count}`;
  running.set(id, server);
  return id;
}

export const serverCommands = {
  'server.stop': async (takes: { readonly id: string; readonly graceMs?: number }) => {
    const server = running.get(takes.id);
    if (!server) throw new Error(`no server ${takes.id} is running`);
    running.delete(takes.id);
    await server.stop(takes.graceMs ?? 0);
  },
};
