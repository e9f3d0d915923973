/* A Technitium server of the lab behind its HTTP API: the records of the snapshot's zones, and zone files of what it holds. */
import type { Reader } from '#estate/estate.ts';
import { startTechnitium, type TechnitiumRecord, type TechnitiumStandIn } from '../stand-ins/technitium.ts';
import type { NativeFiles } from './follower.ts';

export interface LiveTechnitium {
  readonly system: string;
  readonly server: TechnitiumStandIn;
  files(): NativeFiles;
  stop(): Promise<void>;
}

/** Field of Technitium's rData that holds the value, by type. Other types are not held. */
const fields: Readonly<Record<string, string>> = {
  A: 'ipAddress',
  AAAA: 'ipAddress',
  CNAME: 'cname',
  PTR: 'ptrName',
  NS: 'nameServer',
  TXT: 'text',
};

export async function startTechnitiumOf(
  system: string,
  reader: Reader,
  splitHorizon: unknown,
  changed: () => void,
): Promise<LiveTechnitium> {
  const server = await startTechnitium({
    records: recordsOf(system, reader),
    ...(splitHorizon !== undefined && { apps: { 'Split Horizon': splitHorizon } }),
  });
  server.onChange(changed);
  return { system, server, files: () => zoneFiles(system, server.records()), stop: () => server.stop() };
}

type Seed = Pick<TechnitiumRecord, 'zone' | 'name' | 'type' | 'rData' | 'ttl'>;

function recordsOf(system: string, reader: Reader): readonly Seed[] {
  const sets = reader.all('recordSet').filter((r) => r.value.server === system);
  return sets.flatMap(({ value: { zone, name, type, ttlSeconds, values } }) => {
    const field = fields[type];
    if (field === undefined) return [];
    return values.map((value) => ({ zone, name, type, ttl: ttlSeconds, rData: { [field]: value } }));
  });
}

function zoneFiles(system: string, records: readonly TechnitiumRecord[]): NativeFiles {
  const zones = [...new Set(records.map((r) => r.zone))];
  return Object.fromEntries(
    zones.map((zone) => {
      const lines = records.filter((r) => r.zone === zone && !r.disabled).flatMap(lineOf);
      return [`${system}/${zone}.zone`, [`$ORIGIN ${zone}.`, ...lines, ''].join('\n')];
    }),
  );
}

function lineOf({ name, ttl, type, rData }: TechnitiumRecord): readonly string[] {
  const value = rData[fields[type] ?? ''];
  if (typeof value !== 'string') return [];
  const isName = type === 'CNAME' || type === 'PTR' || type === 'NS';
  const text = type === 'TXT' ? JSON.stringify(value) : isName ? `${value.replace(/\.$/, '')}.` : value;
  return [`${name}. ${ttl} IN ${type} ${text}`];
}
