/* SHA-256 as lower-case hex. */
import { createHash } from 'node:crypto';

/** Hash of the text's UTF-8 bytes. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
