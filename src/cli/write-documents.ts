/* `--html FILE` and `--markdown FILE`: the same for every command that has them. */
import { writeFile } from 'node:fs/promises';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { Terminal } from './terminal.ts';

/** How to make each document; made only when asked for. */
export interface Documents {
  readonly html: () => Promise<string>;
  readonly markdown: () => Promise<string>;
}

export async function writeDocuments(
  documents: Documents,
  options: Record<string, unknown>,
  terminal: Terminal,
): Promise<void> {
  for (const kind of ['html', 'markdown'] as const) {
    const file = options[kind];
    if (typeof file !== 'string') continue;
    await writeTo(file, await documents[kind]());
    terminal.note(`wrote ${file}`);
  }
}

async function writeTo(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new SightlineError('cannot-write', `${file} cannot be written: ${messageOf(cause)}`, {
      hint: 'give another file',
      cause,
    });
  }
}
