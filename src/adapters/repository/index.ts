/* To come. */
import type { Source } from '#adapters/source.ts';

export const repositorySource = {
  name: 'repository',
  matches: () => false,
  discover: async () => ({ facts: [], gaps: [] }),
} satisfies Source;
