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
}

export function processTerminal(): Terminal {
  const { env } = process;
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    palette: paletteFor(hasColour(process.stdout.isTTY, env)),
    notePalette: paletteFor(hasColour(process.stderr.isTTY, env)),
    width: Math.min(Math.max(process.stdout.columns ?? 100, 40), 120),
    isInteractive: Boolean(process.stdin.isTTY && process.stdout.isTTY),
    env,
  };
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
