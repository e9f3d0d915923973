/* Who points at an address, a name or a Service. */
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import { type Reference, type ReferenceTarget, referencesTo } from '#estate/reference.ts';
import { parseIp } from '#net/ip.ts';
import { parseName } from '#net/name.ts';
import { loadSnapshot } from './load-snapshot.ts';

export interface WhoReport {
  readonly format: 1;
  readonly snapshot: string;
  readonly target: ReferenceTarget;
  readonly references: readonly Reference[];
}

/** Lists every reference in the snapshot. `what`: an address, `ns/name` of a Service, or a DNS name. */
export async function who(dir: string, what: string): Promise<WhoReport> {
  const { estate } = await loadSnapshot(dir);
  const reader = readerOf(estate);
  const target = targetOf(reader, what);
  return { format: 1, snapshot: dir, target, references: referencesTo(reader, target) };
}

function targetOf(reader: Reader, what: string): ReferenceTarget {
  const ip = parseIp(what);
  if (ip !== undefined) return { kind: 'ip', ip };
  if (what.includes('/')) return { kind: 'service', service: serviceId(reader, what) };
  const name = parseName(what);
  if (name !== undefined && name !== '') return { kind: 'name', name };
  throw new SightlineError('wrong-use', `${JSON.stringify(what)} is no address, name or NAMESPACE/SERVICE`, {
    hint: 'for example: sightline who examples/home-lab 10.0.20.200',
  });
}

/** `ns/name` (or `cluster/ns/name`) as a fact id; refuses what the snapshot does not hold. */
export function serviceId(reader: Reader, text: string): string {
  const found = reader.all('service').filter(({ value: s }) => {
    const short = `${s.namespace}/${s.name}`;
    return text === short || text === `${s.cluster}/${short}`;
  });
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.key.slice('service:'.length);
  const known = reader.all('service').map(({ value: s }) => `${s.namespace}/${s.name}`);
  const near = known.filter((k) => k.split('/').some((part) => text.includes(part))).slice(0, 5);
  throw new SightlineError(
    'wrong-use',
    found.length > 1 ? `Service ${text} is in several clusters` : `no Service ${text} in this snapshot`,
    {
      hint:
        found.length > 1
          ? 'write CLUSTER/NAMESPACE/NAME'
          : near.length > 0
            ? `did you mean ${near.join(', ')}?`
            : `write NAMESPACE/NAME; ${withAddress(reader)}`,
    },
  );
}

function withAddress(reader: Reader): string {
  const names = reader
    .all('service')
    .filter((f) => f.value.vips.length > 0)
    .map(({ value: s }) => `${s.namespace}/${s.name}`);
  const shown = names.slice(0, 6).join(', ');
  return names.length === 0
    ? 'no Service of the snapshot has an address'
    : `Services with an address: ${shown}${names.length > 6 ? ` and ${names.length - 6} more` : ''}`;
}
