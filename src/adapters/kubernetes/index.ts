/*
 * Reads the objects of clusters, as `kubectl get -o yaml` or `-o json` prints them, from cluster/<name>/**. Each object is
 * parsed by itself, so that a broken one costs only itself; conclusions about a cluster come after its last file.
 */
import {
  type Discovery,
  type SnapshotContext,
  type SnapshotFile,
  type Source,
  systemOf,
} from '#adapters/source.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { kindsOfHolds } from '#estate/holds.ts';
import { announcing } from './announcing.ts';
import { type Cluster, newCluster } from './cluster.ts';
import { convert, kindsLostWith } from './convert.ts';
import { coreDns } from './corefile.ts';
import { cutDocuments, type Piece } from './documents.ts';
import { helmReleases } from './helm.ts';
import { ingressPrograms } from './ingress-programs.ts';
import { leases } from './leases.ts';
import { toObject } from './object.ts';
import { podNetwork } from './pod-network.ts';
import { isMap, type Raw, WrongShape } from './raw.ts';
import { resolveMiddlewares } from './resolve.ts';
import { serviceProxy } from './service-proxy.ts';
import { endpoints } from './services.ts';
import { loadYamlParser, type Parsed, parseYamlNow } from './yaml.ts';

export const kubernetesSource = {
  name: 'kubernetes',
  matches: (path) => /^cluster\/[^/]+\/.+\.(ya?ml|json)$/.test(path),
  discover,
} satisfies Source;

async function discover(files: readonly SnapshotFile[], context: SnapshotContext): Promise<Discovery> {
  if (files.length === 0) return { facts: [], gaps: [] };
  await loadYamlParser();
  const clusters = new Map<string, SnapshotFile[]>();
  for (const f of files) {
    const name = f.path.split('/')[1] ?? '';
    clusters.set(name, [...(clusters.get(name) ?? []), f]);
  }
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  for (const [name, own] of clusters) {
    const cluster = await readCluster(name, own, context);
    for (const f of cluster.facts) facts.push(f);
    for (const g of cluster.gaps) gaps.push(g);
  }
  return { facts, gaps };
}

async function readCluster(
  name: string,
  files: readonly SnapshotFile[],
  context: SnapshotContext,
): Promise<Cluster> {
  const cluster = newCluster(name, (kind) => context.isComplete(`cluster/${name}`, kind));
  for (const file of files) await readFile(file, cluster);
  if (!context.isDeclared(`cluster/${name}`, 'EndpointSlice')) readOldEndpoints(cluster);
  await ingressPrograms(cluster);
  await serviceProxy(cluster);
  podNetwork(cluster);
  announcing(cluster);
  leases(cluster);
  coreDns(cluster);
  helmReleases(cluster);
  resolveMiddlewares(cluster);
  return cluster;
}

async function readFile(file: SnapshotFile, cluster: Cluster): Promise<void> {
  let text: string;
  try {
    text = await file.text();
  } catch (error) {
    if (!(error instanceof SightlineError)) throw error;
    cluster.gaps.push(fileGap(file, error.message, error.hint));
    return;
  }
  const pieces = cutDocuments(text);
  if (pieces.length === 0)
    cluster.gaps.push(fileGap(file, `${file.path} holds no object`, 'Kubernetes objects'));
  for (const piece of pieces) readPiece(piece, file, cluster);
}

function fileGap(file: SnapshotFile, what: string, expected: string | undefined): Gap {
  const system = systemOf(file.path);
  return {
    id: `unreadable:${file.path}`,
    ...(system !== undefined && { system }),
    kinds: kindsOfHolds(file.holds, 'cluster'),
    what,
    ...(expected !== undefined && { expected }),
    evidence: { file: file.path },
  };
}

function readPiece(piece: Piece, file: SnapshotFile, cluster: Cluster): void {
  const parsed = piece.syntax === 'json' ? parseJson(piece.text) : parseYamlNow(piece.text);
  if (!parsed.ok) {
    const line = piece.line + parsed.line - 1;
    const syntax = piece.syntax.toUpperCase();
    cluster.gaps.push({
      ...pieceGap(file, line, `${file.path}:${line}: ${parsed.reason}`, `one Kubernetes object in ${syntax}`),
      kinds: kindsOfPiece(piece, file),
    });
  } else readValue(parsed.value, piece.line, file, cluster);
}

/** The kind is often still to be seen in the text of a broken object; every word that may be it counts. */
function kindsOfPiece(piece: Piece, file: SnapshotFile): Gap['kinds'] {
  const pattern =
    piece.syntax === 'json' ? /"kind"\s*:\s*"(\w+)"/g : /^\s*(?:- )?["']?kind["']?:\s*["']?(\w+)/gm;
  const kinds = [...piece.text.matchAll(pattern)].map((m) => m[1] ?? '');
  if (kinds.length === 0 || kinds.some((k) => k.endsWith('List'))) return kindsOfHolds(file.holds, 'cluster');
  return [...new Set(kinds.flatMap(kindsLostWith))];
}

function pieceGap(file: SnapshotFile, line: number, what: string, expected: string): Gap {
  const system = systemOf(file.path);
  return {
    id: `unreadable:${file.path}:${line}`,
    ...(system !== undefined && { system }),
    kinds: [],
    what,
    expected,
    evidence: { file: file.path, line },
  };
}

function parseJson(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const reason = messageOf(error);
    const position = Number(/position (\d+)/.exec(reason)?.[1] ?? 0);
    return { ok: false, reason, line: text.slice(0, position).split('\n').length };
  }
}

/** One object, or a List that could not be cut before it was parsed. */
function readValue(value: unknown, line: number, file: SnapshotFile, cluster: Cluster): void {
  if (value === null || value === undefined) return;
  if (isMap(value) && Array.isArray(value.items) && String(value.kind).endsWith('List')) {
    for (const item of value.items) readValue(item, line, file, cluster);
  } else if (isMap(value)) readObject(value, line, file, cluster);
  else
    cluster.gaps.push({
      ...pieceGap(
        file,
        line,
        `${file.path}:${line} is no object`,
        'a Kubernetes object with apiVersion and kind',
      ),
      kinds: kindsOfHolds(file.holds, 'cluster'),
    });
}

function readObject(raw: Raw, line: number, file: SnapshotFile, cluster: Cluster): void {
  try {
    const object = toObject(raw, cluster.name, file.path, line);
    for (const f of convert(object, cluster)) cluster.facts.push(f);
  } catch (error) {
    if (!(error instanceof WrongShape)) throw error;
    const kind = typeof raw.kind === 'string' ? raw.kind : 'object';
    const what = `${file.path}:${line}: ${kind} ${nameOf(raw)}: ${error.message}`;
    cluster.gaps.push({
      ...pieceGap(file, line, what, error.expected),
      kinds: kindsLostWith(kind),
      evidence: { file: file.path, line, object: `${kind} ${nameOf(raw)}`, field: error.path },
    });
  }
}

/** The name as far as it can be printed. */
function nameOf(raw: Raw): string {
  const metadata = isMap(raw.metadata) ? raw.metadata : {};
  const parts = [metadata.namespace, metadata.name].filter((p) => typeof p === 'string');
  return parts.length === 0 ? 'without a name' : JSON.stringify(parts.join('/').slice(0, 120)).slice(1, -1);
}

function readOldEndpoints(cluster: Cluster): void {
  for (const o of cluster.oldEndpoints) {
    try {
      cluster.facts.push(...endpoints(o));
    } catch (error) {
      if (!(error instanceof WrongShape)) throw error;
      cluster.gaps.push({
        id: `unreadable:${o.evidence.file}:${o.evidence.line}`,
        system: `cluster/${cluster.name}`,
        kinds: ['endpointSlice'],
        what: `${o.evidence.object}: ${error.message}`,
        expected: error.expected,
        evidence: o.evidence,
      });
    }
  }
}
