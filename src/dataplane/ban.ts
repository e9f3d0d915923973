/*
 * What CrowdSec makes of a client that misbehaves: which address its parser takes from the access log (hub
 * traefik-logs: ClientAddr before 2023-08, ClientHost since, its last element since 2026-01-29), and whether a list
 * stops the decision (parser whitelists drop the line; LAPI allowlists from 1.6.6 refuse the decision).
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Ingress } from '#estate/ingress.ts';
import { type Ip, parseIp } from '#net/ip.ts';
import { contains, type IpRange, type Prefix, rangeHas } from '#net/prefix.ts';
import { type Headers, lastEntry } from './headers.ts';
import type { Identity } from './trace.ts';
import { missing } from './way.ts';

/** One belief for each deciding engine. */
export function banIdentities(reader: Reader, ingress: Ingress, headers: Headers): readonly Identity[] {
  const engines = reader.all('banEngine');
  const gap = reader.gap('banEngine');
  if (engines.length === 0 && gap)
    return [{ consumer: 'ban-list', is: 'unknown', verdict: 'unknown', says: gap.what, because: [], gap }];
  return engines.map((e) => ofEngine(reader, e, ingress, headers));
}

function ofEngine(reader: Reader, engine: Fact<'banEngine'>, ingress: Ingress, headers: Headers): Identity {
  const base = { consumer: 'ban-list' as const, who: engine.value.system };
  const read = addressRead(engine, ingress, headers);
  if ('gap' in read)
    return {
      ...base,
      is: 'unknown',
      verdict: 'unknown',
      says: read.gap.what,
      because: [engine.evidence],
      gap: read.gap,
    };
  const client = parseIp(read.text.trim());
  if (!client) {
    const says =
      read.text === ''
        ? 'The ingress writes no access log, so the ban list never sees this client.'
        : `The log shows "${read.text}", which is no single address.`;
    return { ...base, is: 'none', verdict: 'ignores', says, because: [engine.evidence] };
  }
  return { ...base, client, is: headers.isOf(client), ...judge(reader, engine, client) };
}

function judge(
  reader: Reader,
  engine: Fact<'banEngine'>,
  client: Ip,
): Pick<Identity, 'verdict' | 'says' | 'because' | 'gap'> {
  const lists = reader.all('banAllowlist').filter((l) => l.value.system === engine.value.system);
  const list = lists.find((l) => l.value.ranges.some((r) => has(r, client)));
  if (list) {
    const how = {
      parser: 'drops its lines before any scenario',
      postoverflow: 'drops its alerts',
      lapi: 'refuses decisions about it',
    }[list.value.layer];
    return {
      verdict: 'ignores',
      says: `Takes ${client} for the client; ${list.value.name} (${list.value.layer}) ${how}.`,
      because: [list.evidence, engine.evidence],
    };
  }
  const gap = reader.gap('banAllowlist', engine.value.system);
  if (gap)
    return {
      verdict: 'unknown',
      says: `Takes ${client} for the client; ${gap.what}`,
      because: [engine.evidence],
      gap,
    };
  return {
    verdict: 'bans',
    says: `Takes ${client} for the client, and no allowlist holds it: it would ban that address.`,
    because: [engine.evidence],
  };
}

function has(range: Prefix | IpRange, address: Ip): boolean {
  return typeof range === 'string' ? contains(range, address) : rangeHas(range, address);
}

/** The text that the parser takes as the client; '' where nothing is logged. */
function addressRead(
  engine: Fact<'banEngine'>,
  ingress: Ingress,
  headers: Headers,
): { readonly text: string } | { readonly gap: ReturnType<typeof missing> } {
  const log = ingress.accessLog;
  if (!log) return { text: '' };
  const peer = headers.remote;
  if (peer === undefined)
    return { gap: missing('identity/peer', 'podNetwork', 'the address that the ingress sees is not known') };
  if (log.format === 'clf') return { text: lastEntry(headers.logged) };
  if (log.format === 'unknown')
    return {
      gap: missing(
        `ingress/${ingress.cluster}/${ingress.namespace}/${ingress.name}/log`,
        'ingress',
        'the format of the access log is not known',
      ),
    };
  switch (engine.value.readsAddressFrom) {
    case 'ClientAddr':
      return { text: peer };
    case 'ClientHost':
      return { text: headers.logged };
    case 'ClientHost-last':
      return { text: lastEntry(headers.logged) };
    case 'unknown':
      return {
        gap: missing(
          `${engine.value.system}/parser`,
          'banEngine',
          `which address the parser of ${engine.value.system} reads is not known`,
          engine.value.system,
        ),
      };
    default:
      return engine.value.readsAddressFrom satisfies never;
  }
}
