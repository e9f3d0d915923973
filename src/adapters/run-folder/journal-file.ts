/* The journal of a run as a file: a line is on the disk (fsync) before the next action begins. */
import { open, readFile, stat, truncate } from 'node:fs/promises';
import type { JournalStore } from '#apply/journal.ts';
import { messageOf, SightlineError } from '#estate/error.ts';

/** Store over the file, which need not be there yet. */
export function journalFile(path: string): JournalStore {
  return {
    read: () => readIfThere(path),
    drop: async (tail) => {
      const { size } = await stat(path);
      await truncate(path, size - Buffer.byteLength(tail));
    },
    append: async (line) => {
      try {
        const file = await open(path, 'a', 0o600);
        try {
          await file.writeFile(line);
          await file.sync();
        } finally {
          await file.close();
        }
      } catch (cause) {
        throw new SightlineError(
          'journal-unwritable',
          `the journal ${path} cannot be written: ${messageOf(cause)}`,
          {
            hint: 'nothing goes on without its journal: make room or mend the folder, then run sightline resume',
            cause,
          },
        );
      }
    },
  };
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new SightlineError(
      'journal-unreadable',
      `the journal ${path} cannot be read: ${messageOf(cause)}`,
      { cause },
    );
  }
}
