/* Where a command writes. Text goes through here so that colour, width and --json are decided once. */
import { type Palette, paletteFor } from '#report/style.ts';

export interface Terminal {
  /** Results. Ends the line. */
  readonly out: (text: string) => void;
  /** Progress and errors. Ends the line. */
  readonly note: (text: string) => void;
  readonly palette: Palette;
  /** Palette for note(), which may go elsewhere than out(). */
  readonly notePalette: Palette;
  /** Columns to fill; 100 where it is no terminal. */
  readonly width: number;
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Replaces the line that is being shown; '' clears it. Undefined: notes go to no terminal. */
  readonly live?: (line: string) => void;
  /** One line that a person types. Undefined: nobody is there. Rejects when the signal is aborted. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>;
}

export function processTerminal(): Terminal {
  const { env } = process;
  // a reader that left early, or a terminal that is gone, must not end a run in the middle
  for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => undefined);
  const isInteractive = Boolean(process.stdin.isTTY && process.stdout.isTTY);
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    palette: paletteFor(hasColour(process.stdout.isTTY, env)),
    notePalette: paletteFor(hasColour(process.stderr.isTTY, env)),
    width: Math.min(Math.max(process.stdout.columns ?? 100, 40), 120),
    isInteractive,
    env,
    ...(process.stderr.isTTY && env.TERM !== 'dumb' && { live: showLine }),
    ...(isInteractive && { ask: askLine }),
  };
}

function showLine(line: string): void {
  process.stderr.write(`\r\u001b[2K${line}`);
}

/** Line by line, so that Ctrl-C stays a signal. Where nobody can answer any more (Ctrl-D, a terminal that is gone) it rejects. */
export async function askLine(question: string, signal: AbortSignal): Promise<string> {
  // after Ctrl-D there is no further line, and nothing would say so
  if (process.stdin.readableEnded || process.stdin.destroyed) throw new Error('nobody can answer any more');
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  const closed = new AbortController();
  lines.once('close', () => closed.abort());
  try {
    return await lines.question(question, { signal: AbortSignal.any([signal, closed.signal]) });
  } finally {
    lines.close();
  }
}

/** https://no-color.org: any non-empty NO_COLOR turns colour off; FORCE_COLOR turns it on. */
export function hasColour(
  isTty: boolean | undefined,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return Boolean(isTty) && env.TERM !== 'dumb';
}
