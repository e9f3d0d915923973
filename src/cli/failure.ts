/* What a person sees when Sightline could not do its work: one line, the next step, and no stack unless asked for. */
import { SightlineError } from '#estate/error.ts';
import { plain } from '#report/plain.ts';
import type { Terminal } from './terminal.ts';

/**
 * Prints the failure; returns the exit code (2: wrong use, 3: could not finish). `stands` says what it leaves behind.
 */
export function reportFailure(terminal: Terminal, error: unknown, stands = 'Nothing was changed.'): number {
  const { bad, dim } = terminal.notePalette;
  if (error instanceof SightlineError) {
    terminal.note(`${bad('sightline:')} ${plain(error.message)}`);
    if (error.hint) terminal.note(dim(`  ${plain(error.hint)}`));
    if (terminal.env.SIGHTLINE_DEBUG) terminal.note(String(error.stack));
    return error.code === 'wrong-use' ? 2 : 3;
  }
  terminal.note(`${bad('sightline:')} stopped by a fault of its own: ${plain(String(error))}`);
  terminal.note(dim(`  ${stands} SIGHTLINE_DEBUG=1 shows where; please report it with that.`));
  if (terminal.env.SIGHTLINE_DEBUG && error instanceof Error) terminal.note(String(error.stack));
  return 3;
}
