/*
 * Reads repositories from source/<name>/**: where they state addresses, what their next apply would write, and the Helm
 * releases of Terraform. Nothing is evaluated; variables and functions stay expressions.
 */
import { lineOf, lineStarts } from '#adapters/addresses.ts';
import {
  type Discovery,
  type SnapshotContext,
  type SnapshotFile,
  type Source,
  systemOf,
} from '#adapters/source.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { Gap } from '#estate/evidence.ts';
import { type Fact, fact } from '#estate/fact.ts';
import { kindsOfHold } from '#estate/holds.ts';
import type { Mention } from '#estate/repository.ts';
import { isSecretName, redactText } from '#estate/secret.ts';
import type { Leaf, Parsed } from './leaf.ts';
import { mentionsIn } from './mentions.ts';
import { releasesIn } from './releases.ts';

export const repositorySource = {
  name: 'repository',
  matches: (path) => /^source\/[^/]+\/.+/.test(path) && !binary.test(path),
  discover,
} satisfies Source;

const binary = /\.(png|jpe?g|gif|svg|ico|pdf|zip|t?gz|xz|bz2|7z|jar|wasm|woff2?|mp4|db|sqlite|lockb?)$/i;
const maxFile = 4 * 1024 * 1024;

interface Read {
  readonly file: SnapshotFile;
  readonly text: string;
  readonly syntax: Mention['syntax'];
  readonly parsed: Parsed | undefined;
}

async function discover(files: readonly SnapshotFile[], context: SnapshotContext): Promise<Discovery> {
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  const byFolder = new Map<string, Read[]>();
  for (const file of files) {
    const read = await readOne(file);
    if ('gap' in read) gaps.push(read.gap);
    else {
      const folder = file.path.slice(0, file.path.lastIndexOf('/'));
      byFolder.set(folder, [...(byFolder.get(folder) ?? []), read]);
    }
  }
  for (const reads of byFolder.values()) {
    const around = reads.flatMap((r) => (r.syntax === 'hcl' ? (r.parsed?.leaves ?? []) : []));
    for (const r of reads) {
      facts.push(...mentions(r), ...settings(r));
      const found = releases(r, around, context);
      facts.push(...found.facts);
      gaps.push(...found.gaps);
      if (r.parsed?.problem !== undefined) gaps.push(problemGap(r, r.parsed.problem));
    }
  }
  return { facts, gaps };
}

async function readOne(file: SnapshotFile): Promise<Read | { readonly gap: Gap }> {
  if (file.bytes > maxFile)
    return {
      gap: fileGap(file, `${file.path} has ${file.bytes} bytes, more than the ${maxFile} that are searched`),
    };
  try {
    const text = await file.text();
    const syntax = syntaxOf(file.path);
    return { file, text, syntax, parsed: await parse(text, syntax, file.path) };
  } catch (error) {
    if (!(error instanceof SightlineError)) throw error;
    return { gap: fileGap(file, messageOf(error)) };
  }
}

function syntaxOf(path: string): Mention['syntax'] {
  if (/\.(tf|hcl|tfvars|tofu)$/.test(path)) return 'hcl';
  if (/\.ya?ml$/.test(path)) return 'yaml';
  if (/\.json$/.test(path)) return 'json';
  if (/\.toml$/.test(path)) return 'toml';
  return /\.(md|markdown|rst|adoc)$/i.test(path) ? 'markdown' : 'text';
}

/** undefined: the syntax has no values with paths, or the file is too large for it. */
async function parse(text: string, syntax: Mention['syntax'], path: string): Promise<Parsed | undefined> {
  if (syntax === 'hcl') return (await import('./hcl.ts')).parseHcl(text);
  if (syntax !== 'yaml' && syntax !== 'json') return undefined;
  const { maxYaml, yamlLeaves } = await import('./yaml.ts');
  if (text.length > maxYaml || /\{\{-? /.test(text)) return undefined;
  return yamlLeaves(text, path.split('/').slice(2).join('/'));
}

function mentions(r: Read): readonly Fact[] {
  const of = { system: systemOf(r.file.path) ?? '', file: r.file.path, text: r.text, syntax: r.syntax };
  return mentionsIn(of, r.parsed).map((m) =>
    fact('mention', m, { file: m.file, line: m.line, ...(m.path !== undefined && { field: m.path }) }),
  );
}

/** Leaves of Terraform's blocks, of Kubernetes objects, and of files of chart values. */
function settings(r: Read): readonly Fact[] {
  const isSettings = (l: Leaf) =>
    r.syntax === 'hcl'
      ? !/^(variable|output|terraform|provider)\b/.test(l.resource)
      : / /.test(l.resource) || isValues(r);
  const starts = lineStarts(r.text);
  return (r.parsed?.leaves ?? [])
    .filter((l) => l.resource !== '' && isSettings(l))
    .map((l) => {
      const line = lineOf(starts, l.start);
      const value = {
        repository: systemOf(r.file.path) ?? '',
        file: r.file.path,
        line,
        start: l.start,
        end: l.end,
        resource: l.resource,
        path: l.path,
        value: isSecret(l) ? '[secret]' : redactText(l.value.slice(0, 2_000)),
      };
      return fact('statedSetting', value, { file: r.file.path, line, object: l.resource, field: l.path });
    });
}

/** By its own name, or because all of the resource is secret (kubernetes_secret, random_password, kind: Secret). */
function isSecret(l: Leaf): boolean {
  return isSecretName(l.path) || isSecretName(l.resource.split(/[. ]/, 1)[0] ?? '');
}

function isValues(r: Read): boolean {
  return r.syntax === 'yaml' && /values[^/]*\.ya?ml$/.test(r.file.path);
}

function releases(r: Read, around: readonly Leaf[], context: SnapshotContext): Discovery {
  if (r.syntax !== 'hcl' || r.parsed === undefined) return { facts: [], gaps: [] };
  const clusters = context.systems.filter((s) => s.startsWith('cluster/'));
  const cluster = clusters.length === 1 ? clusters[0]?.slice(8) : undefined;
  const repository = systemOf(r.file.path)?.slice(7) ?? '';
  const starts = lineStarts(r.text);
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  for (const release of releasesIn(r.parsed.leaves, around)) {
    const line = lineOf(starts, release.start);
    const evidence = { file: r.file.path, line, object: release.resource };
    const why =
      'unknown' in release ? release.unknown : `which cluster ${release.resource} is for is not known`;
    if ('unknown' in release || cluster === undefined)
      gaps.push({ id: `release:${r.file.path}:${line}`, kinds: ['helmRelease'], what: why, evidence });
    else facts.push(fact('helmRelease', { cluster, repository, ...release.value }, evidence));
  }
  return { facts, gaps };
}

function fileGap(file: SnapshotFile, what: string): Gap {
  return {
    id: `unreadable:${file.path}`,
    kinds: kindsOfHold('Repository') ?? [],
    what,
    expected: 'a text file in UTF-8',
    evidence: { file: file.path },
  };
}

/** Addresses are found in the text anyway; only what is stated where may be incomplete. */
function problemGap(r: Read, problem: { readonly what: string; readonly start: number }): Gap {
  const line = lineOf(lineStarts(r.text), problem.start);
  return {
    id: `unreadable:${r.file.path}:${line}`,
    kinds: ['statedSetting', 'helmRelease'],
    what: `${r.file.path}:${line}: ${problem.what}`,
    expected: `${r.syntax.toUpperCase()} that parses`,
    evidence: { file: r.file.path, line },
  };
}
