/* The difference of two texts as a unified diff, as `git diff` and `patch` read it. */
import { createTwoFilesPatch } from 'diff';
import { redactSetting, redactText } from '#estate/secret.ts';

/** '' where nothing differs. `file` is the path that stands in the header, behind a/ and b/. */
export function unifiedDiff(file: string, before: string, after: string, context = 3): string {
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
      context,
    },
  );
  return text.replace(/^={3,}\n/, '').replace(/^(---|\+\+\+) (.*?)\t?$/gm, '$1 $2');
}

/** The same, with as few lines around it as keep secrets out; undefined where a changed line itself holds one. */
export function safeDiff(file: string, before: string, after: string): string | undefined {
  for (let context = 3; context >= 0; context--) {
    const diff = unifiedDiff(file, before, after, context);
    if (!showsSecret(diff)) return diff;
  }
  return undefined;
}

function showsSecret(diff: string): boolean {
  return diff.split('\n').some((line) => {
    if (redactText(line) !== line) return true;
    const [, name = '', sign, quoted, value = ''] =
      /^[ +-]\s*"?([\w.-]+)"?\s*([=:])\s*(["']?)([^"']*)/.exec(line) ?? [];
    const isReference = value === '' || value.startsWith('${') || (sign === '=' && quoted === '');
    return !isReference && redactSetting(name, value) !== value;
  });
}
