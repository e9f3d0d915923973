/* Reads dns/<server>/: zone files, views, and the exports of Technitium and Cloudflare. What a file is, its content says. */
import { posix } from 'node:path';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import type { DnsName } from '#net/name.ts';
import { asObject, isJsonProblem, parseJsonLines } from '../json-lines.ts';
import type { Discovery, SnapshotContext, SnapshotFile, Source } from '../source.ts';
import { convertCloudflare, isCloudflareRecords } from './cloudflare.ts';
import { type Found, missing, zoneKinds } from './context.ts';
import { convertDnsmasq, isDnsmasq } from './dnsmasq.ts';
import { convertSplitHorizon, isSplitHorizon } from './split-horizon.ts';
import { type ApiFile, convertRecords, convertSettings, missingZones } from './technitium.ts';
import { convertNamedConf, convertViewsJson, type NamedConf } from './views.ts';
import { convertZoneFile } from './zone-file.ts';
import type { Include } from './zone-records.ts';

const pattern = /^dns\/([^/]+)\/.+/;
const notData = /(^|\/)(README[^/]*|\.[^/]+|[^/]+\.md)$/i;
const publicServers = /^(public|cloudflare|route53|external|internet|gandi|ovh|hetzner|google)(-|$)/i;

export const dns = {
  name: 'dns',
  matches: (path) => pattern.test(path) && !notData.test(path),
  discover: async (files, context) => {
    const servers = Map.groupBy(files, (f) => pattern.exec(f.path)?.[1] ?? '');
    const read = await Promise.all(
      [...servers].map(([name, its]) => readServer(`dns/${name}`, its, context)),
    );
    return { facts: read.flatMap((d) => d.facts), gaps: read.flatMap((d) => d.gaps) };
  },
} satisfies Source;

interface Text {
  readonly file: string;
  readonly text: string;
}

async function readServer(
  server: string,
  files: readonly SnapshotFile[],
  context: SnapshotContext,
): Promise<Discovery> {
  const found: Found = { facts: [], gaps: [] };
  const texts = await readTexts(server, files, found.gaps);
  const included = await readIncludes(texts, context);
  const isPublic = publicServers.test(server.slice('dns/'.length));
  const conf = texts.find((t) => /(^|\/)named\.conf$/.test(t.file));
  const named = conf && convertNamedConf({ server, ...conf });
  if (named) keep(found, named);
  for (const t of texts.filter(
    (f) => f.file.endsWith('.conf') && f.file !== conf?.file && isDnsmasq(f.file, f.text),
  ))
    keep(found, convertDnsmasq({ server, ...t }));
  for (const t of texts.filter((f) => f.file.endsWith('/views.json')))
    keep(found, convertViewsJson({ server, ...t }));
  const json = texts.filter((t) => !t.file.endsWith('/views.json') && isJson(t));
  for (const t of json) keep(found, convertSafely({ server, isPublic, ...t }));
  const includedFiles = new Set(included.values().flatMap((i) => ('file' in i ? [i.file] : [])));
  const zones = texts.filter(
    (t) => !isJson(t) && !/\.(conf|json)$/.test(t.file) && !includedFiles.has(t.file),
  );
  for (const t of zones) {
    const include: Include = (path, from) =>
      included.get(`${from}|${path}`) ?? { why: 'the file is not in the snapshot' };
    const view = /^dns\/[^/]+\/views\/([^/]+)\//.exec(t.file)?.[1];
    keep(
      found,
      convertZoneFile({ server, view, ...t, isPublic, zone: zoneByConf(named, view, t.file), include }),
    );
  }
  keep(found, listedZones(json, { server, isPublic, facts: found.facts }));
  keep(found, checkTwice(server, found.facts));
  keep(found, checkViews(server, found.facts));
  return {
    facts: [...resolverOf(server, { found, named, isPublic, texts }), ...found.facts],
    gaps: found.gaps,
  };
}

function keep(found: Found, more: Found): void {
  for (const f of more.facts) found.facts.push(f);
  for (const g of more.gaps) found.gaps.push(g);
}

async function readTexts(
  server: string,
  files: readonly SnapshotFile[],
  gaps: Gap[],
): Promise<readonly Text[]> {
  const texts: Text[] = [];
  for (const file of files) {
    try {
      texts.push({ file: file.path, text: await file.text() });
    } catch (error) {
      const what = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      gaps.push(missing({ server, file: file.path, what, kinds: [...zoneKinds, 'translation', 'dnsView'] }));
    }
  }
  return texts;
}

/** Texts of $INCLUDE by `from|path`, read before parsing since parsing does not wait. Only below the server's folder. */
async function readIncludes(texts: readonly Text[], context: SnapshotContext) {
  const found = new Map<string, ReturnType<Include>>();
  const open = [...texts];
  for (let t = open.pop(); t !== undefined; t = open.pop()) {
    for (const [, quoted, bare] of t.text.matchAll(/^\$INCLUDE[ \t]+(?:"([^"\n]+)"|([^\s;]+))/gim)) {
      const path = quoted ?? bare ?? '';
      const key = `${t.file}|${path}`;
      if (found.has(key) || found.size > 1000) continue;
      const target = posix.normalize(posix.join(posix.dirname(t.file), path));
      const root = t.file.split('/').slice(0, 2).join('/');
      const isInside = !posix.isAbsolute(path) && target.startsWith(`${root}/`);
      const file = isInside ? context.file(target) : undefined;
      const text = await file?.text().catch(() => undefined);
      if (!isInside) found.set(key, { why: 'the path leads outside the folder of the server' });
      else if (text === undefined) found.set(key, { why: 'the file is not in the snapshot' });
      else {
        found.set(key, { file: target, text });
        open.push({ file: target, text });
      }
    }
  }
  return found;
}

function isJson({ file, text }: Text): boolean {
  return /\.(json|config)$/.test(file) || /^\s*[{[]/.test(text);
}

/** Values of unforeseen shapes cost their own file. */
function convertSafely(file: Text & { server: string; isPublic: boolean }): Found {
  try {
    return convertJson(file);
  } catch {
    return unknownFile(file);
  }
}

function convertJson({ server, isPublic, file, text }: Text & { server: string; isPublic: boolean }): Found {
  const document = parseJsonLines(text);
  if (isJsonProblem(document)) {
    const kinds = [...zoneKinds, 'translation'] as const;
    return { facts: [], gaps: [missing({ server, file, ...document, kinds })] };
  }
  const where: ApiFile = { server, file, document, isPublic };
  const top = asObject(document.value);
  if (isSplitHorizon(top)) return convertSplitHorizon(top, where);
  if (isCloudflareRecords(top)) return convertCloudflare(top, where);
  if (top?.status !== undefined && top.status !== 'ok') {
    const what = `the server answered ${JSON.stringify(top.status)} instead of data`;
    return { facts: [], gaps: [missing({ server, file, line: 1, what })] };
  }
  return convertResponse(asObject(top?.response), where);
}

function convertResponse(response: Readonly<Record<string, unknown>> | undefined, where: ApiFile): Found {
  if (response === undefined) return unknownFile(where);
  if (Array.isArray(response.records)) return convertRecords(response, where);
  if (Array.isArray(response.zones)) return { facts: [], gaps: [] }; // compared at the end
  if ('serveStale' in response || 'dnsServerDomain' in response) return convertSettings(response, where);
  if (typeof response.config === 'string') {
    const inner = parseJsonLines(response.config);
    if (!isJsonProblem(inner) && isSplitHorizon(inner.value)) {
      return convertSplitHorizon(inner.value, {
        ...where,
        document: { value: inner.value, lineOf: () => undefined },
      });
    }
  }
  return unknownFile(where);
}

function unknownFile({ server, file }: { server: string; file: string }): Found {
  const what = 'the file is JSON of no kind that is known here';
  const expected =
    'an answer of zones/records/get, zones/list, settings/get, apps/config/get, or dns_records';
  return {
    facts: [],
    gaps: [missing({ server, file, line: 1, what, kinds: [...zoneKinds, 'translation'], expected })],
  };
}

function listedZones(
  json: readonly Text[],
  { server, isPublic, facts }: { server: string; isPublic: boolean; facts: readonly Fact[] },
): Found {
  const known = new Set(
    facts.flatMap((f) => (f.kind === 'zone' && 'minimumTtlSeconds' in f.value ? [f.value.name] : [])),
  );
  for (const f of facts) if (f.kind === 'zone') known.add(f.key.split('|')[2] as DnsName);
  const found: Found = { facts: [], gaps: [] };
  for (const { file, text } of json) {
    const document = parseJsonLines(text);
    if (isJsonProblem(document)) continue;
    const response = asObject(asObject(document.value)?.response);
    if (response !== undefined)
      keep(found, missingZones(response, { server, file, document, isPublic }, known));
  }
  return found;
}

function zoneByConf(
  named: NamedConf | undefined,
  view: string | undefined,
  file: string,
): DnsName | undefined {
  return named?.zones.find(
    (z) => z.view === view && (file === z.file || posix.basename(file) === posix.basename(z.file)),
  )?.zone;
}

/** One zone from two files: records of the later file would silently replace sets of the earlier one. */
function checkTwice(server: string, facts: readonly Fact[]): Found {
  const zones = Map.groupBy(
    facts.filter((f) => f.kind === 'zone'),
    (f) => f.key,
  );
  const twice = [...zones.values()].filter((fs) => new Set(fs.map((f) => f.evidence.file)).size > 1);
  const gaps = twice.flatMap(([first, second]) => {
    if (first === undefined || second === undefined) return [];
    const what = `the zone is in ${first.evidence.file} too; where both have a name, one of them is not seen`;
    return [missing({ server, file: second.evidence.file, line: second.evidence.line, what })];
  });
  return { facts: [], gaps };
}

/** Records in a view whose clients nothing tells. */
function checkViews(server: string, facts: readonly Fact[]): Found {
  const told = new Set(facts.flatMap((f) => (f.kind === 'dnsView' ? [f.key.split('|')[1]] : [])));
  const zones = facts.filter((f) => f.kind === 'zone' && 'view' in f.value);
  const untold = zones.filter((f) => !told.has(f.key.split('|')[1]));
  const gaps = untold.slice(0, 1).map((f) => {
    const what = `no file says which clients see the view ${f.key.split('|')[1]}`;
    const expected = 'views.json or named.conf with match-clients';
    return missing({ server, file: f.evidence.file, what, kinds: ['dnsView'], expected });
  });
  return { facts: [], gaps };
}

interface About {
  readonly found: Found;
  readonly named: NamedConf | undefined;
  readonly isPublic: boolean;
  readonly texts: readonly Text[];
}

/** The server as a resolver, unless its settings already made one. Name servers of public zones are nobody's resolver. */
function resolverOf(server: string, { found, named, isPublic, texts }: About): readonly Fact[] {
  const first = found.facts.find((f) => f.kind === 'zone');
  const isKnown = found.facts.some((f) => f.kind === 'resolver');
  if (first === undefined || isKnown || isPublic || first.value === undefined) return [];
  if ('isPublic' in first.value && first.value.isPublic) return [];
  const isTechnitium = texts.some(
    (t) => /technitium/i.test(t.text.slice(0, 2000)) || t.file.endsWith('dnsApp.config'),
  );
  const program = isTechnitium ? 'technitium' : named ? 'bind' : 'unknown';
  return [
    fact(
      'resolver',
      { id: server, program, serves: [server] },
      { file: first.evidence.file, object: server },
    ),
  ];
}
