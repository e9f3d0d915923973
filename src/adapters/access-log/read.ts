/*
 * A log as a stream of bytes → pieces that end at a line's end. Holds one piece at a time, whatever the size of the log;
 * a line longer than the limit is counted and thrown away.
 */
import { Counter } from './counter.ts';
import { scanLines } from './scan.ts';
import type { Tally } from './tally.ts';

export const longestLine = 64 * 1024;
export const mostCounters = 100_000;
const pieceSize = 256 * 1024;
const newline = 10;

export async function readLog(stream: AsyncIterable<Uint8Array>, limit = mostCounters): Promise<Tally> {
  const tally: Tally = {
    counter: new Counter(limit),
    lines: 0,
    unreadable: 0,
    json: 0,
    clf: 0,
    first: undefined,
    last: undefined,
  };
  const lines = new LineCutter(
    (bytes) => scanLines(bytes, tally),
    () => {
      tally.lines++;
      tally.unreadable++;
    },
  );
  for await (const chunk of stream) lines.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  lines.end();
  return tally;
}

/** Gives on whole lines, many at once; tells of each line that is too long. */
class LineCutter {
  readonly #give: (bytes: Buffer) => void;
  readonly #tooLong: () => void;
  #rest: Buffer = Buffer.alloc(0);
  #isSkipping = false;

  constructor(give: (bytes: Buffer) => void, tooLong: () => void) {
    this.#give = give;
    this.#tooLong = tooLong;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += pieceSize) this.#piece(chunk.subarray(at, at + pieceSize));
  }

  end(): void {
    if (!this.#isSkipping && this.#rest.length > 0) this.#give(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  #piece(piece: Buffer): void {
    const from = this.#isSkipping ? piece.indexOf(newline) + 1 : 0;
    if (this.#isSkipping && from === 0) return;
    this.#isSkipping = false;
    const last = piece.lastIndexOf(newline);
    if (last < from) {
      this.#keep(piece.subarray(from));
      return;
    }
    const first = piece.indexOf(newline, from);
    if (this.#rest.length > 0) {
      this.#line(Buffer.concat([this.#rest, piece.subarray(from, first + 1)]));
      this.#rest = Buffer.alloc(0);
      this.#lines(piece.subarray(first + 1, last + 1));
    } else this.#lines(piece.subarray(from, last + 1));
    this.#keep(piece.subarray(last + 1));
  }

  #line(line: Buffer): void {
    if (line.length > longestLine) this.#tooLong();
    else this.#give(line);
  }

  /** Whole lines; one above the limit can only stand between two newlines that far apart. */
  #lines(bytes: Buffer): void {
    let start = 0;
    for (let at = longestLine; at < bytes.length; at += longestLine) {
      const end = bytes.indexOf(newline, at);
      const before = bytes.lastIndexOf(newline, at - 1) + 1;
      if (end - before <= longestLine) continue;
      if (before > start) this.#give(bytes.subarray(start, before));
      this.#tooLong();
      start = end + 1;
      at = end;
    }
    if (start < bytes.length) this.#give(bytes.subarray(start));
  }

  #keep(bytes: Buffer): void {
    const rest = this.#rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#rest, bytes]);
    if (rest.length <= longestLine) {
      this.#rest = rest;
      return;
    }
    this.#tooLong();
    this.#rest = Buffer.alloc(0);
    this.#isSkipping = true;
  }
}
