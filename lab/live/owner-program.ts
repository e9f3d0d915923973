/*
 * `terragrunt`, `terraform` and `tofu` as the owner's command finds them in the lab: small programs in a folder that stands
 * first in PATH, which hand their arguments over a socket to the lab and end as it says.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import type { ProgramEnd } from './terraform.ts';

export interface OwnerPrograms {
  /** What a command needs to find them. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface Asked {
  readonly cwd: string;
  readonly argv: readonly string[];
}

const socketName = 'SIGHTLINE_LAB_OWNER';

/** `folder` is the lab's own. */
export async function startOwnerPrograms(
  folder: string,
  run: (asked: Asked) => Promise<ProgramEnd>,
): Promise<OwnerPrograms> {
  const bin = join(folder, 'bin');
  const path = join(folder, 'owner.sock');
  mkdirSync(bin, { recursive: true, mode: 0o700 });
  const program = `#!/bin/sh\nexec '${process.execPath}' '${import.meta.filename.replace('owner-program', 'owner-client')}' "$@"\n`;
  for (const name of ['terragrunt', 'terraform', 'tofu']) {
    writeFileSync(join(bin, name), program);
    chmodSync(join(bin, name), 0o755);
  }
  const server = createServer((socket) => serve(socket, run));
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(path, done);
  });
  return {
    environment: { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, [socketName]: path },
    stop: () => new Promise((done) => server.close(() => done())),
  };
}

function serve(socket: Socket, run: (asked: Asked) => Promise<ProgramEnd>): void {
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    if (!text.endsWith('\n')) return;
    void run(JSON.parse(text) as Asked).then((end) => socket.end(JSON.stringify(end)));
  });
  socket.on('error', () => socket.destroy());
}
