/* To come. */
import type { Source } from '#adapters/source.ts';

export const nodeFilesSource = {
  name: 'node-files',
  matches: () => false,
  discover: async () => ({ facts: [], gaps: [] }),
} satisfies Source;
