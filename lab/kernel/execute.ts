/*
 * Runs one command to its end and gives back what it said; never throws for a command that failed.
 */
import { spawn } from 'node:child_process';

export interface Ran {
  /** Undefined where a signal (a timeout, for example) or a failed start ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs argv; standard output and error as UTF-8 text. */
export function execute(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [command = 'false', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.env && { env: options.env }),
      ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
    });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    const end = (code: number | undefined) => resolve({ code, stdout: out.join(''), stderr: err.join('') });
    child.once('error', (error) => {
      err.push(error.message);
      end(undefined);
    });
    child.once('close', (code) => end(code ?? undefined));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
