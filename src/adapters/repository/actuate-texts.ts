/* What the repository's actuator shows and says: diffs without secrets, commands as they are typed, how commands ended. */
import type { WriteOutcome } from '#apply/actuator.ts';
import type { PlannedChange } from '#plan/change.ts';
import { safeDiff } from './edit-diff.ts';
import type { CommandEnd } from './run-command.ts';

/** Files of one side: undefined where the side has no file. */
export interface Side {
  readonly file: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** A line for a shell as it is, anything else word by word. */
export function commandText(argv: readonly string[]): string {
  const [a, b, line] = argv;
  return a === 'sh' && b === '-c' && line !== undefined ? line : argv.join(' ');
}

/** What a plan means that does not end with 0; it may have failed as well. */
export const notEmpty = "the owner's own plan is not known to be empty: it";

export function fileNameOf({ id }: PlannedChange): string {
  return id.replace(/[^\w.-]/g, '-');
}

/** A changed line that holds a secret is told, not shown. */
export function shownDiff({ file, from = '', to = '' }: Side): string {
  return safeDiff(file, from, to) ?? `${file}: a changed line holds a secret, so the change is not shown\n`;
}

export function refused(says: string, hint: string): WriteOutcome {
  return { kind: 'refused', says, hint };
}

export function endText(what: string, end: CommandEnd): string {
  const ended = end.code === undefined ? 'could not be run to its end' : `ended with ${end.code}`;
  return `${what} ${end.isTimeout ? 'was interrupted after its time' : ended}: ${end.tail}`;
}

/** A file that holds neither side of the change; undefined: there is none. */
export function otherText(file: string, now: string | undefined): string {
  return now === undefined
    ? `${file} is not in the checkout`
    : `${file} is not as it was in the snapshot, or as this run left it`;
}
