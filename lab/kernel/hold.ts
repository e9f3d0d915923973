/*
 * A long-lived child keeps its parent's process alive only while the parent waits for something from it.
 */
import type { ChildProcess } from 'node:child_process';

/** The parent waits for this child. */
export function hold(child: ChildProcess): void {
  child.ref();
  for (const stream of child.stdio) call(stream, 'ref');
}

/** The parent may end although this child runs. */
export function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) call(stream, 'unref');
}

/** The streams of a child are sockets, which their type does not say. */
function call(stream: object | null | undefined, method: 'ref' | 'unref'): void {
  const found = (stream as Partial<Record<typeof method, () => void>> | null | undefined)?.[method];
  if (found) found.call(stream);
}
