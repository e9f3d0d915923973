/*
 * A search for planted secrets in all that a run leaves behind: files, what was on the screen, arguments of processes. It
 * counts what it looked at, so that a search which looked at nothing cannot pass.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Searched {
  /** Places and secrets, without the secret itself. */
  readonly found: readonly string[];
  readonly files: number;
  readonly screenBytes: number;
  readonly processes: number;
}

export class SecretSearch {
  readonly #secrets: ReadonlyMap<string, string>;
  readonly #found = new Set<string>();
  readonly #processes = new Set<string>();
  #files = 0;
  #screenBytes = 0;
  #watching: NodeJS.Timeout | undefined;

  /** Name → secret. More can be added while it goes on. */
  constructor(secrets: Readonly<Record<string, string>>) {
    this.#secrets = new Map(Object.entries(secrets));
  }

  add(name: string, secret: string): void {
    (this.#secrets as Map<string, string>).set(name, secret);
  }

  screen(text: string): void {
    this.#screenBytes += text.length;
    this.#look('the screen', text);
  }

  /** Every file below the folder; `leftOut` are systems themselves, and what an undo keeps of them. */
  folder(folder: string, leftOut: RegExp): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || leftOut.test(path)) continue;
      this.#files += 1;
      this.#look(path, readFileSync(path, 'utf8'));
    }
  }

  /** Looks at the arguments of all processes of this machine from now on. */
  watchProcesses(everyMs = 100): void {
    this.#watching = setInterval(() => this.#lookAtProcesses(), everyMs);
  }

  end(): Searched {
    clearInterval(this.#watching);
    return {
      found: [...this.#found],
      files: this.#files,
      screenBytes: this.#screenBytes,
      processes: this.#processes.size,
    };
  }

  #lookAtProcesses(): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const args = textOf(`/proc/${pid}/cmdline`);
      if (args === '') continue;
      this.#processes.add(`${pid} ${args}`);
      this.#look(`arguments of ${args.split('\0')[0]}`, args);
    }
  }

  #look(place: string, text: string): void {
    for (const [name, secret] of this.#secrets)
      if (text.includes(secret)) this.#found.add(`${name} in ${place}`);
  }
}

/** '' where the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What is wrong with a search; empty: it looked, and found nothing. */
export function complaints({ found, files, screenBytes, processes }: Searched): readonly string[] {
  const nothing = [
    files < 4 && `only ${files} files were searched`,
    screenBytes < 1000 && `only ${screenBytes} bytes of the screen were searched`,
    processes < 10 && `only ${processes} processes were looked at`,
  ].filter((c) => c !== false);
  return [...found.map((f) => `a secret: ${f}`), ...nothing];
}
