/*
 * A zone file → facts. Knows what Cloudflare's export adds: a header, TTL 1 for "automatic" (300 s on the wire), and
 * `cf_tags=cf-proxied:true` in the comment of a record that its edge answers itself.
 */
import { type DnsName, isUnder, parseName } from '#net/name.ts';
import { type Found, missing } from './context.ts';
import { dataText } from './record-data.ts';
import { type ReadRecord, zoneFacts } from './record-sets.ts';
import { absolute, type Include, type RawRecord, readZoneFile } from './zone-records.ts';

export interface ZoneFile {
  readonly server: string;
  readonly view: string | undefined;
  readonly file: string;
  readonly text: string;
  readonly isPublic: boolean;
  /** What the server's configuration says that the file is; else told from the file and its name. */
  readonly zone: DnsName | undefined;
  readonly include: Include;
}

const cloudflareAutomaticTtl = 300;

export function convertZoneFile(zoneFile: ZoneFile): Found {
  const { server, view, file, text, include } = zoneFile;
  const origin = zoneFile.zone ?? nameFromFile(file);
  const raw = readZoneFile(file, text, { origin, include });
  const found: Found = { facts: [], gaps: [] };
  for (const p of raw.problems)
    found.gaps.push(missing({ server, ...p, what: `a line of the zone is not read: ${p.what}` }));
  const soa = raw.records.find((r) => r.type === 'SOA');
  const name = soa?.name ?? zoneFile.zone ?? commonZone(raw.records, origin);
  if (raw.records.length === 0 || name === undefined) {
    const what = 'the file holds no zone: no record with a readable owner';
    found.gaps.push(missing({ server, file, line: 1, what, expected: 'a zone file as RFC 1035 has it' }));
    return found;
  }
  const isCloudflare = /^;;\s*Domain:|cf_tags=/m.test(text);
  const records = raw.records.flatMap((r) => readRecord(r, { found, server, zone: name, isCloudflare, soa }));
  const isPublic = zoneFile.isPublic || isCloudflare;
  const evidence = { file: soa?.file ?? file, line: soa?.line ?? 1, object: `zone ${name}` };
  const zone = { server, view, name, isPublic, minimumTtlSeconds: negativeTtl(soa), evidence };
  found.facts.push(...zoneFacts(zone, records));
  return found;
}

interface Around {
  readonly found: Found;
  readonly server: string;
  readonly zone: DnsName;
  readonly isCloudflare: boolean;
  readonly soa: RawRecord | undefined;
}

function readRecord(raw: RawRecord, around: Around): readonly ReadRecord[] {
  const { found, server, zone, isCloudflare, soa } = around;
  const { file, line, name, type } = raw;
  const value = dataText(
    type,
    raw.data.map((w) => w.text),
    (word) => absolute(word, raw.origin),
  );
  const stated = raw.ttlSeconds ?? soa?.ttlSeconds ?? negativeTtl(soa);
  const problem =
    value === undefined
      ? `the ${type} record of ${name} has data that are no ${type}`
      : !isUnder(name, zone)
        ? `${name} is outside the zone ${zone}`
        : stated === undefined
          ? `the ${type} record of ${name} has no TTL`
          : undefined;
  if (problem !== undefined) found.gaps.push(missing({ server, file, line, what: problem }));
  if (value === undefined || !isUnder(name, zone)) return [];
  const ttlSeconds = isCloudflare && stated === 1 ? cloudflareAutomaticTtl : (stated ?? 0);
  const isProxied = isCloudflare ? proxiedBy(raw) : undefined;
  return [{ name, type, ttlSeconds, value, isProxied, evidence: { file, line } }];
}

/** undefined where the export says nothing: older exports have no tags at all. */
function proxiedBy(raw: RawRecord): boolean | undefined {
  if (!['A', 'AAAA', 'CNAME'].includes(raw.type)) return undefined;
  const tag = /cf-proxied:(true|false)/.exec(raw.comment)?.[1];
  return tag === undefined ? undefined : tag === 'true';
}

/** How long "there is no such name" is remembered (RFC 2308, section 5). */
function negativeTtl(soa: RawRecord | undefined): number | undefined {
  const minimum = Number(soa?.data[6]?.text ?? Number.NaN);
  if (!Number.isInteger(minimum)) return undefined;
  return Math.min(minimum, soa?.ttlSeconds ?? minimum);
}

/** `example.org.zone`, `db.example.org` and `example.org` name the zone. */
export function nameFromFile(file: string): DnsName | undefined {
  const base = (file.split('/').at(-1) ?? '').replace(/\.(zone|db|hosts|txt)$/i, '').replace(/^db\./i, '');
  const name = parseName(base);
  return name === undefined || name === '' || !name.includes('.') ? undefined : name;
}

/** Without a SOA: the origin, if every owner is under it. */
function commonZone(records: readonly RawRecord[], origin: DnsName | undefined): DnsName | undefined {
  if (origin !== undefined && records.every((r) => isUnder(r.name, origin))) return origin;
  const shortest = records.map((r) => r.name).sort((a, b) => a.length - b.length)[0];
  return shortest !== undefined && records.every((r) => isUnder(r.name, shortest)) ? shortest : undefined;
}
