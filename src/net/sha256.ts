/* SHA-256 as lower-case hex: fingerprints, and the order of MetalLB's layer 2 election. */
import { createHash } from 'node:crypto';

/** Digest of the text's UTF-8 bytes; ordering the hex texts orders the digests as bytes. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
