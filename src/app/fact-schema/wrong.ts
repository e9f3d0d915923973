/* What a schema finds wrong, place by place, in words for a person. */
import type { z } from 'zod';

export type Place = readonly PropertyKey[];

export interface Wrong {
  readonly place: Place;
  readonly says: string;
}

/** What is wrong there, of a value that was parsed with `reportInput`; a field that nobody knows is at its own place. */
export function wrongPlaces(error: z.ZodError | undefined): readonly Wrong[] {
  return (error?.issues ?? []).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ place: [...issue.path, key], says: 'there is no such field' }));
    const says = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received undefined$/, '');
    const isMissing = issue.code !== 'custom' && issue.input === undefined;
    return [{ place: issue.path, says: isMissing ? `is missing: ${says}` : says }];
  });
}
