/* Frames and varints against RFC 9000's own examples, and in pieces. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFrames, decodeVarint, encodeFrame, encodeVarint } from './wire.ts';

describe('variable-length integers', () => {
  // RFC 9000 appendix A.1.
  test.each([
    ['9d7f3e7d', 494_878_333],
    ['7bbd', 15_293],
    ['25', 37],
  ])('%s is %i', (hex, value) => {
    expect(decodeVarint(Buffer.from(hex, 'hex'), 0)?.value).toBe(value);
    expect(encodeVarint(value).toString('hex')).toBe(hex);
  });

  test('eight bytes are read', () => {
    const bytes = Buffer.from('c2197c5eff14e88c', 'hex');
    expect(decodeVarint(bytes, 0)?.value).toBe(Number(151_288_809_941_952_652n));
  });

  test('a number that is cut off is no number', () => {
    expect(decodeVarint(Buffer.from('9d7f', 'hex'), 0)).toBeUndefined();
    expect(decodeVarint(Buffer.alloc(0), 0)).toBeUndefined();
  });
});

test('frames come out whole, however the bytes are cut', () => {
  const anyFrame = fc.record({
    type: fc.integer({ min: 0, max: 0x3fff }),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 5 }), fc.nat(2000), (frames, cut) => {
      const all = Buffer.concat(frames.map((one) => encodeFrame(one.type, Buffer.from(one.payload))));
      const first = decodeFrames(all.subarray(0, cut));
      const second = decodeFrames(Buffer.concat([first.rest, all.subarray(cut)]));
      const got = [...first.frames, ...second.frames].map((one) => [one.type, one.payload.toString('hex')]);
      expect(got).toEqual(frames.map((one) => [one.type, Buffer.from(one.payload).toString('hex')]));
      expect(second.rest.length).toBe(0);
    }),
  );
});
