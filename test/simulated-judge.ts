/* How the random simulator judges a flow, written apart from proof/judge.ts. */
import type { Walk } from '#dataplane/trace.ts';

export function isGood(walk: Walk): boolean {
  return walk.traces.every(
    (t) => t.disposition === 'delivered' && (t.returnPath?.disposition ?? 'delivered') === 'delivered',
  );
}

export function endOf(walk: Walk): string {
  const failed = walk.traces.find((t) => t.disposition !== 'delivered') ?? walk.traces[0];
  return `ends ${failed?.disposition} at ${failed?.dialled}`;
}

export function otherBackend(was: Walk, is: Walk): string | undefined {
  const known = new Set(was.traces.map(backend));
  const other = is.traces.map(backend).find((b) => !known.has(b));
  return other === undefined ? undefined : `arrives at ${other}`;
}

function backend({ application, reached }: Walk['traces'][number]): string {
  return application?.service ?? (reached?.pod ?? '').replace(/-[^-]*$/, '');
}

/** Somebody who was seen as himself by all is seen as somebody else. */
export function worseClient(was: Walk, is: Walk): string | undefined {
  const before = was.traces.flatMap((t) => t.identities);
  for (const now of is.traces.flatMap((t) => t.identities)) {
    if (now.is === 'client' || now.is === 'unknown') continue;
    const same = before.filter((i) => i.consumer === now.consumer && i.who === now.who);
    if (same.length > 0 && same.every((i) => i.is === 'client')) return `is seen as ${now.is}: ${now.says}`;
  }
  return undefined;
}
