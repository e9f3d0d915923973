/* Reads firewall/<name>/config.xml. */
import type { Discovery, SnapshotFile, Source } from '../source.ts';
import { convertConfig, unreadable } from './convert.ts';

const pattern = /^firewall\/([^/]+)\/config\.xml$/;

export const pfsense = {
  name: 'pfsense',
  matches: (path) => pattern.test(path),
  discover: async (files) => {
    const read = await Promise.all(files.map(readConfig));
    return { facts: read.flatMap((d) => d.facts), gaps: read.flatMap((d) => d.gaps) };
  },
} satisfies Source;

async function readConfig(file: SnapshotFile): Promise<Discovery> {
  const where = { firewall: pattern.exec(file.path)?.[1] ?? '', file: file.path };
  try {
    return convertConfig({ ...where, text: await file.text() });
  } catch (error) {
    return unreadable(where, error instanceof Error ? error.message : String(error));
  }
}
