/* One change carried out on a state: its own write, then everything that acts by itself, each visible move apart. */
import { type Reader, readerOver, type Write } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { HelmRelease } from '#estate/repository.ts';
import type { PlannedChange } from './change.ts';
import { writesOf } from './patch.ts';
import { type Move, settle } from './settle.ts';
import type { World } from './world.ts';

export type Simulated =
  | { readonly ok: true; readonly moves: readonly Move[] }
  | { readonly ok: false; readonly says: string };

/** Moves that the change makes in this state; a wait makes none. Fails where the state is not as the change says. */
export function simulate(world: World, reader: Reader, planned: PlannedChange): Simulated {
  if (planned.change.kind === 'wait') return { ok: true, moves: [] };
  const patched = writesOf(reader, planned.change);
  if (!patched.ok) return { ok: false, says: patched.says };
  const first: Move = { writes: patched.writes, says: planned.title };
  const after = readerOver(reader, patched.writes);
  const moves = [first, ...settle(world, reader, after)];
  return { ok: true, moves: [...moves, ...helmTakesBack(world, reader, planned, moves)] };
}

/** Helm with --wait or --atomic counts a pending LoadBalancer address as failure; atomic takes the upgrade back. */
function helmTakesBack(
  world: World,
  before: Reader,
  planned: PlannedChange,
  moves: readonly Move[],
): readonly Move[] {
  const settled = readerOver(
    before,
    moves.flatMap((m) => m.writes),
  );
  const own = moves[0]?.writes ?? [];
  const pending = own.filter((w) => isPending(settled, w) && releaseOf(settled, w.after)?.atomic === true);
  if (planned.through.by !== 'repository' || pending.length === 0) return [];
  const back = [...own].reverse().map((w) => ({ key: w.key, before: w.after, after: w.before }));
  const live = back.map((w) => liveStatus(settled, w));
  const says = `Helm (atomic) takes the upgrade back: the address of ${pending[0]?.key.slice(8)} stays pending`;
  return [{ writes: live, says }, ...settle(world, settled, readerOver(settled, live))];
}

/** A Helm rollback restores what the chart says, not what the controller wrote into the status meanwhile. */
function liveStatus(settled: Reader, write: Write): Write {
  if (write.after?.kind !== 'service') return write;
  const now = settled.get('service', write.key.slice('service:'.length));
  const value = { ...write.after.value, vips: now === undefined ? [] : now.value.vips };
  return { ...write, before: now, after: { ...write.after, value } as Fact };
}

function isPending(reader: Reader, write: Write): boolean {
  if (write.after?.kind !== 'service') return false;
  const service = reader.get('service', write.key.slice('service:'.length))?.value;
  return service?.type === 'LoadBalancer' && service.vips.length === 0;
}

/** The release that owns the object, by its owner's name or, for Services, by the release of the same name. */
export function releaseOf(reader: Reader, fact: Fact | undefined): HelmRelease | undefined {
  if (fact === undefined) return undefined;
  const value = fact.value as {
    readonly cluster?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  const inNamespace = reader
    .all('helmRelease')
    .map((f) => f.value)
    .filter((r) => r.cluster === value.cluster && r.namespace === value.namespace);
  const named = inNamespace.find(
    (r) => r.name === fact.owner?.name || fact.owner?.name.endsWith(`/${r.name}`),
  );
  return named ?? (fact.owner?.kind === 'helm' ? inNamespace.find((r) => r.name === value.name) : undefined);
}
