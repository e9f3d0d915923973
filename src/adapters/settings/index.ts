/* To come. */
import type { Source } from '#adapters/source.ts';

export const settingsSource = {
  name: 'settings',
  matches: () => false,
  discover: async () => ({ facts: [], gaps: [] }),
} satisfies Source;
