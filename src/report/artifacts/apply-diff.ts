/* How a diff of the artifacts folder is applied in a checkout. */
import { quote } from './blocks.ts';

/** Checks first. A diff without lines around it (they would show a secret) needs to be told so. */
export function applyDiff(path: string, diff: string): string {
  const zero = /^ /m.test(diff) || /^--- \/dev\/null/.test(diff) ? '' : ' --unidiff-zero';
  const file = `"$ARTIFACTS"/${quote(path)}`;
  return `git apply${zero} --check ${file} && git apply${zero} ${file}`;
}
