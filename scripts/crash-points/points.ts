/* Where a process can die in a run, given what an undisturbed one does. */

/** What an undisturbed run does, in numbers. */
export interface Counted {
  readonly records: number;
  readonly requests: number;
  readonly files: number;
  readonly commands: number;
}

export interface Point {
  readonly kind: 'record' | 'request' | 'file' | 'command';
  /** From 0. */
  readonly n: number;
  /** `cut`: half of a record's line is on the disk. */
  readonly when: 'before' | 'cut' | 'after';
}

export function pointsOf({ records, requests, files, commands }: Counted): readonly Point[] {
  const each = (count: number, kind: Point['kind'], whens: readonly Point['when'][]) =>
    Array.from({ length: count }, (_, n) => whens.map((when) => ({ kind, n, when }))).flat();
  return [
    ...each(records, 'record', ['before', 'cut', 'after']),
    ...each(requests, 'request', ['before', 'after']),
    ...each(files, 'file', ['before', 'after']),
    ...each(commands, 'command', ['before', 'after']),
  ];
}

export function textOf({ kind, n, when }: Point): string {
  return `${when} ${kind} ${n}`;
}
