/* SHA-256 of a text: MetalLB's layer 2 election sorts its candidates by it. */
import { createHash } from 'node:crypto';

/** Lower-case hex digest; ordering the hex texts orders the digests as bytes. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
