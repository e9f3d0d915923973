/* One question of `sightline trace`: the flows that it means, walked. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import { walk } from '#dataplane/walk.ts';
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import type { VantagePoint } from '#estate/settings.ts';
import { type Family, familyOf, type Ip, parseIp } from '#net/ip.ts';
import { loadSnapshot } from './load-snapshot.ts';
import { parseTarget, type Target } from './parse-target.ts';

export interface TraceQuestion {
  readonly snapshot: string;
  readonly from: string;
  readonly to: string;
  readonly source?: string;
  readonly family?: Family;
  readonly path?: string;
  /** `name: value`, as a client would send it. */
  readonly headers?: readonly string[];
}

export interface TraceReport {
  readonly format: 1;
  readonly walks: readonly Walk[];
}

/** Walks the flow once for each family that the vantage point has (or that was asked for). */
export async function traceFlow(question: TraceQuestion): Promise<TraceReport> {
  const { estate } = await loadSnapshot(question.snapshot);
  const reader = readerOf(estate);
  const vantage = vantageOf(reader, question.from);
  const target = parseTarget(question.to);
  const flows = familiesOf(question, vantage, target).map((family) => flowOf(question, target, family));
  return { format: 1, walks: flows.map((flow) => walk(reader, flow)) };
}

function vantageOf(reader: Reader, id: string): VantagePoint {
  const found = reader.get('vantagePoint', id);
  if (found !== undefined) return found.value;
  const known = reader.all('vantagePoint').map((v) => v.value.id);
  throw new SightlineError('wrong-use', `no vantage point ${JSON.stringify(id)} in sightline.yaml`, {
    hint: known.length > 0 ? `known: ${known.join(', ')}` : 'sightline.yaml of the snapshot states none',
  });
}

function familiesOf(question: TraceQuestion, vantage: VantagePoint, { to }: Target): readonly Family[] {
  if (question.family !== undefined) return [question.family];
  if ('ip' in to) return [familyOf(to.ip)];
  const has = new Set(vantage.clients.map(familyOf));
  return has.size === 0 ? [4] : [...has].sort();
}

function flowOf(question: TraceQuestion, target: Target, family: Family): Flow {
  const source = question.source === undefined ? undefined : sourceOf(question.source);
  return {
    from: question.from,
    family,
    ...target,
    ...(source !== undefined && { source }),
    ...(question.path !== undefined && question.path !== '/' && { path: question.path }),
    ...(question.headers !== undefined && { headers: headersOf(question.headers) }),
  };
}

function sourceOf(text: string): Ip {
  const source = parseIp(text);
  if (source === undefined)
    throw new SightlineError('wrong-use', `--source ${JSON.stringify(text)} is no IP address`);
  return source;
}

function headersOf(list: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.map((h) => {
      const colon = h.indexOf(':');
      if (colon < 1)
        throw new SightlineError('wrong-use', `--header ${JSON.stringify(h)} is not "name: value"`);
      return [h.slice(0, colon).trim().toLowerCase(), h.slice(colon + 1).trim()];
    }),
  );
}
