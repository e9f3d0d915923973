/* Reads log/<name>/*.log as streams. */
import type { Discovery, SnapshotFile, Source } from '../source.ts';
import { convertTally, logGap } from './convert.ts';
import { readLog } from './read.ts';

const pattern = /^log\/[^/]+\/.*\.(log|json|jsonl|txt|gz|zst|xz|bz2)(\.\d+)?$/;
const compressed = /\.(gz|zst|xz|bz2)(\.\d+)?$/;

export const accessLog = {
  name: 'access-log',
  matches: (path) => pattern.test(path),
  discover: async (files) => {
    const read: Discovery[] = [];
    for (const file of files) read.push(await readFile(file)); // one at a time: each is bounded in memory, all are not
    return { facts: read.flatMap((d) => d.facts), gaps: read.flatMap((d) => d.gaps) };
  },
} satisfies Source;

async function readFile(file: SnapshotFile): Promise<Discovery> {
  if (compressed.test(file.path)) {
    const gap = {
      about: 'compressed',
      what: 'the log is compressed, which is not read',
      expected: 'the log unpacked',
    };
    return { facts: [], gaps: [logGap(file.path, gap)] };
  }
  try {
    return convertTally(file.path, await readLog(file.stream()));
  } catch (error) {
    const what = `the log cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { facts: [], gaps: [logGap(file.path, { about: 'file', what })] };
  }
}
