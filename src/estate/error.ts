/* Sightline could not do its work. What is wrong with the estate is a finding or a gap instead, never thrown. */

export class SightlineError extends Error {
  override readonly name = 'SightlineError';
  /** Stable name of what went wrong, such as `no-snapshot`. */
  readonly code: string;
  /** What the reader can do about it. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** One line about any thrown value, for gaps and messages. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0] ?? '';
}
