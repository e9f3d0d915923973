/* The difference of two texts as a unified diff, as `git diff` and `patch` read it. */
import { createTwoFilesPatch } from 'diff';

/** '' where nothing differs. `file` is the path that stands in the header, behind a/ and b/. */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return '';
  const isNew = before === '';
  const text = createTwoFilesPatch(
    isNew ? '/dev/null' : `a/${file}`,
    after === '' ? '/dev/null' : `b/${file}`,
    before,
    after,
    '',
    '',
    {
      context: 3,
    },
  );
  return text.replace(/^={3,}\n/, '').replace(/^(---|\+\+\+) (.*?)\t?$/gm, '$1 $2');
}
