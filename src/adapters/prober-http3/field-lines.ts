/*
 * As much of QPACK (RFC 9204) as one GET needs: writes a request's field lines without Huffman or dynamic table, and
 * reads the status of an answer, which always comes first (RFC 9114 section 4.3).
 */

export interface RequestFields {
  readonly authority: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Static table (RFC 9204 appendix A): entries of :status. */
const statuses: Readonly<Record<number, number>> = {
  24: 103,
  25: 200,
  26: 304,
  27: 404,
  28: 503,
  63: 100,
  64: 204,
  65: 206,
  66: 302,
  67: 400,
  68: 403,
  69: 421,
  70: 425,
  71: 500,
};
const staticIndex = { authority: 0, path: 1, methodGet: 17, schemeHttps: 23 } as const;

/** The field section of a GET over https. */
export function encodeRequest(request: RequestFields): Buffer {
  const noDynamicTable = Buffer.from([0, 0]);
  return Buffer.concat([
    noDynamicTable,
    prefixed(staticIndex.methodGet, 6, 0xc0),
    prefixed(staticIndex.schemeHttps, 6, 0xc0),
    withStaticName(staticIndex.authority, request.authority),
    withStaticName(staticIndex.path, request.path),
    ...Object.entries(request.headers ?? {}).map(([name, value]) => withOwnName(name.toLowerCase(), value)),
  ]);
}

/** The status of an answer's field section; undefined where it cannot be read. */
export function decodeStatus(section: Buffer): number | undefined {
  const first = section[2];
  if (first === undefined) return undefined;
  if ((first & 0xc0) === 0xc0) return statuses[readPrefixed(section, 2, 6).value];
  if ((first & 0xf0) === 0x50 || (first & 0xf0) === 0x70) return readStatusText(section);
  return undefined;
}

function readStatusText(section: Buffer): number | undefined {
  const { end } = readPrefixed(section, 2, 4);
  const isHuffman = ((section[end] ?? 0) & 0x80) !== 0;
  const { value: length, end: start } = readPrefixed(section, end, 7);
  const bytes = section.subarray(start, start + length);
  const status = Number(isHuffman ? decodeDigits(bytes) : bytes.toString('latin1'));
  return Number.isInteger(status) ? status : undefined;
}

/** RFC 7541 appendix B for digits: 0-2 are five bits 00000-00010, 3-9 are six bits 011001-011111. */
function decodeDigits(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let digits = '';
  for (let at = 0; digits.length < 3 && at + 5 <= bits.length; ) {
    const five = Number.parseInt(bits.slice(at, at + 5), 2);
    const isShort = five < 3;
    digits += isShort ? five : Number.parseInt(bits.slice(at, at + 6), 2) - 0b011001 + 3;
    at += isShort ? 5 : 6;
  }
  return digits;
}

function withStaticName(index: number, value: string): Buffer {
  return Buffer.concat([prefixed(index, 4, 0x50), text(value, 7, 0)]);
}

function withOwnName(name: string, value: string): Buffer {
  return Buffer.concat([text(name, 3, 0x20), text(value, 7, 0)]);
}

function text(value: string, bits: number, flags: number): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([prefixed(bytes.length, bits, flags), bytes]);
}

/** RFC 7541 section 5.1: an integer in the low bits of its first byte, continued in sevens. */
function prefixed(value: number, bits: number, flags: number): Buffer {
  const most = (1 << bits) - 1;
  if (value < most) return Buffer.from([flags | value]);
  const bytes = [flags | most];
  let rest = value - most;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function readPrefixed(bytes: Buffer, at: number, bits: number): { value: number; end: number } {
  const most = (1 << bits) - 1;
  let value = (bytes[at] ?? 0) & most;
  if (value < most) return { value, end: at + 1 };
  for (let end = at + 1, shift = 0; ; end++, shift += 7) {
    const byte = bytes[end] ?? 0;
    value += (byte & 0x7f) << shift;
    if (byte < 0x80 || shift > 21) return { value, end: end + 1 };
  }
}
