/*
 * HTTP/3 framing (RFC 9114 section 7, RFC 9000 section 16): variable-length integers and length-prefixed frames.
 */

export const frameTypes = { data: 0x00, headers: 0x01, settings: 0x04, goaway: 0x07 } as const;

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

/** A number below 2^30 in its shortest form. */
export function encodeVarint(value: number): Buffer {
  if (value < 0x40) return Buffer.from([value]);
  if (value < 0x4000) return Buffer.from([0x40 | (value >> 8), value & 0xff]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((0x80000000 | value) >>> 0);
  return bytes;
}

/** The number at an offset and where it ends; undefined where the bytes end within it. */
export function decodeVarint(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  const length = 1 << (first >> 6);
  if (at + length > bytes.length) return undefined;
  let value = first & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return { value, end: at + length };
}

export function encodeFrame(type: number, payload: Buffer): Buffer {
  return Buffer.concat([encodeVarint(type), encodeVarint(payload.length), payload]);
}

/** The whole frames at the start of `bytes`, and what is left over for later. */
export function decodeFrames(bytes: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  for (;;) {
    const type = decodeVarint(bytes, at);
    const length = type && decodeVarint(bytes, type.end);
    if (!type || !length || length.end + length.value > bytes.length)
      return { frames, rest: bytes.subarray(at) };
    at = length.end + length.value;
    frames.push({ type: type.value, payload: bytes.subarray(length.end, at) });
  }
}
