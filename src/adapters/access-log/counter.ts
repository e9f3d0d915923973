/*
 * Hits by router, peer, client and protocol. A small cache in front compares bytes of the line with bytes seen before, so
 * that a repeated combination costs no text at all; behind it is a plain map. Bounded, since whoever sends requests
 * writes the log: a full map only counts what it turned away, and a cache without chains cannot be slowed by collisions.
 */

export interface Count {
  readonly router: string;
  /** Address of the socket without its port; '' where the format has none. */
  readonly peer: string;
  readonly client: string;
  readonly protocol: string;
  hits: number;
  readonly firstLine: number;
}

/** Where the four texts stand in a line: starts and ends. An empty range is an empty text. */
export interface Spans {
  routerStart: number;
  routerEnd: number;
  peerStart: number;
  peerEnd: number;
  clientStart: number;
  clientEnd: number;
  protocolStart: number;
  protocolEnd: number;
}

interface Slot {
  /** The four texts in a row, each closed by a zero byte, which no printable text holds. */
  readonly bytes: Uint8Array;
  readonly count: Count;
}

const slots = 1 << 17;

export class Counter {
  readonly #limit: number;
  readonly #known = new Map<string, Count>();
  readonly #cache: (Slot | undefined)[] = new Array(slots).fill(undefined);
  /** Lines that were readable and found no room. */
  overflow = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get counts(): readonly Count[] {
    return [...this.#known.values()];
  }

  /** For texts that have been read one by one. */
  hit(texts: Omit<Count, 'hits' | 'firstLine'>, line: number): Count | undefined {
    const key = `${texts.router}\0${texts.peer}\0${texts.client}\0${texts.protocol}`;
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.hits++;
      return known;
    }
    if (this.#known.size >= this.#limit) {
      this.overflow++;
      return undefined;
    }
    const count = { ...texts, hits: 1, firstLine: line };
    this.#known.set(key, count);
    return count;
  }

  /** For printable ASCII in place. */
  hitBytes(bytes: Buffer, at: Spans, line: number): void {
    const index = hash(bytes, at) & (slots - 1);
    const slot = this.#cache[index];
    if (slot !== undefined && isSame(slot.bytes, bytes, at)) {
      slot.count.hits++;
      return;
    }
    const text = (start: number, end: number) => bytes.toString('latin1', start, end);
    const texts = {
      router: text(at.routerStart, at.routerEnd),
      peer: text(at.peerStart, at.peerEnd),
      client: text(at.clientStart, at.clientEnd),
      protocol: text(at.protocolStart, at.protocolEnd),
    };
    const count = this.hit(texts, line);
    const { router, peer, client, protocol } = texts;
    const row = Buffer.from(`${router}\0${peer}\0${client}\0${protocol}\0`, 'latin1');
    if (count !== undefined) this.#cache[index] = { bytes: row, count };
  }
}

function hash(bytes: Uint8Array, at: Spans): number {
  let h = 0x811c9dc5;
  h = mix(h, bytes, at.routerStart, at.routerEnd);
  h = mix(h, bytes, at.peerStart, at.peerEnd);
  h = mix(h, bytes, at.clientStart, at.clientEnd);
  h = mix(h, bytes, at.protocolStart, at.protocolEnd);
  return h ^ (h >>> 15);
}

function mix(from: number, bytes: Uint8Array, start: number, end: number): number {
  let h = from;
  for (let i = start; i < end; i++) h = Math.imul(h ^ (bytes[i] ?? 0), 0x01000193);
  return Math.imul(h ^ (end - start), 0x01000193);
}

function isSame(row: Uint8Array, bytes: Uint8Array, at: Spans): boolean {
  let next = follow(row, 0, bytes, at.routerStart, at.routerEnd);
  if (next >= 0) next = follow(row, next, bytes, at.peerStart, at.peerEnd);
  if (next >= 0) next = follow(row, next, bytes, at.clientStart, at.clientEnd);
  if (next >= 0) next = follow(row, next, bytes, at.protocolStart, at.protocolEnd);
  return next === row.length;
}

/** Position after the text in the row if it stands there and is closed; else -1. */
function follow(row: Uint8Array, from: number, bytes: Uint8Array, start: number, end: number): number {
  let at = from;
  for (let i = start; i < end; i++) if (row[at++] !== bytes[i]) return -1;
  return row[at] === 0 ? at + 1 : -1;
}
