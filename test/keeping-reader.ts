/* A reader that keeps every part of an answer by its key, as the prover does: two questions of one key get one answer. */
import { type Reader, recordingReader } from '#estate/estate.ts';

export function keepingReader(below: Reader): Reader {
  const known = new Map<string, unknown>();
  return recordingReader(
    below,
    () => {},
    <T>(key: string, compute: (reader: Reader) => T) => {
      if (!known.has(key)) known.set(key, compute(below));
      return known.get(key) as T;
    },
  );
}
