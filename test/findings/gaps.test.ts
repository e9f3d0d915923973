/**
 * A file that snapshot.json lists and that is missing makes no new fact, and none that says something else without a gap.
 * Nor does it make an answer better: findings stay, or become unknown with the gap named; nothing is approved of that was
 * not before; no flow ends in a way that it did not end before.
 * Sources whose files are all there are read once and kept, and a sample of the flows is walked, so that it stays quick.
 */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Discovery, Source } from '#adapters/source.ts';
import { loadSnapshot, type Snapshot } from '#app/load-snapshot.ts';
import { snapshotSources } from '#app/wire.ts';
import { type Flow, flowText } from '#dataplane/flow.ts';
import { flowsOf } from '#dataplane/flows.ts';
import type { Trace } from '#dataplane/trace.ts';
import { memoWalker } from '#dataplane/walk.ts';
import { type Estate, type Reader, readerOf } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { canonical } from '#estate/fingerprint.ts';
import type { Finding } from '#findings/finding.ts';
import { rules } from '#findings/registry.ts';
import { contextOf, runRules } from '#findings/run-rules.ts';
import { root } from '../architecture/project.ts';

const example = 'examples/home-lab';
const listed = (JSON.parse(readText(`${example}/snapshot.json`)) as { files: { path: string }[] }).files.map(
  (f) => f.path,
);
const copy = mkdtempSync(join(tmpdir(), 'sightline-gaps-'));

interface Answers {
  readonly snapshot: Snapshot;
  readonly findings: readonly Finding[];
  readonly ends: ReadonlyMap<string, readonly Trace[]>;
}

let sources: readonly Source[] = [];
let base: Answers;
let sample: readonly Flow[] = [];

beforeAll(async () => {
  cpSync(join(root, example), copy, { recursive: true });
  sources = (await snapshotSources()).map(kept);
  const snapshot = await loadSnapshot(copy, { sources });
  sample = sampleOf(readerOf(snapshot.estate));
  base = answersOf(snapshot);
}, 60_000);

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe.each(listed)('without %s', (path) => {
  it('no answer is better, and the gap is named', async () => {
    const without = await answersWithout(path);
    expect(gapsAbout(without, path), 'a gap that names the file').not.toEqual([]);
    expect(without.snapshot.estate.gaps.map((g) => g.id)).toContain(`missing:${path}`);
    expect(surprises(base.snapshot, without.snapshot)).toEqual([]);
    expect(betterFindings(base.findings, without.findings)).toEqual([]);
    expect(betterEnds(base.ends, without.ends)).toEqual([]);
  }, 60_000);
});

it('every file of the snapshot is listed', () => {
  const own = (path: string) => path !== 'README.md' && !path.startsWith('plan-');
  expect(base.snapshot.files.map((f) => f.path).filter(own)).toEqual(listed.toSorted());
});

it('the comparison can fail', () => {
  const [worst] = base.findings.filter((f) => f.severity === 'critical');
  const rest = base.findings.filter((f) => f !== worst);
  expect(betterFindings(base.findings, rest)).not.toEqual([]);
  const approved = rest.map((f) => (f.code === 'flip-in-place' ? { ...f, severity: 'ok' as const } : f));
  expect(betterFindings(base.findings, approved)).not.toEqual([]);
  const [[flow, traces] = ['', []]] = base.ends;
  const denied = traces.map((t) => ({ ...t, disposition: 'loop' as const }));
  expect(betterEnds(base.ends, new Map([[flow, denied]]))).not.toEqual([]);
  const { estate } = base.snapshot;
  const [key, fact] = [...estate.facts].find(([, f]) => f.kind === 'service') ?? [];
  if (key === undefined || fact === undefined) throw new Error('no service');
  const saying = (facts: Estate['facts']): Snapshot => ({ ...base.snapshot, estate: { ...estate, facts } });
  const renamed = { ...fact, value: { ...fact.value, name: 'other' } } as Fact;
  expect(surprises(base.snapshot, saying(new Map([[key, renamed]])))).toEqual([`${key} changed in name`]);
  expect(surprises(saying(new Map()), saying(new Map([[key, fact]])))).toEqual([`${key} is new`]);
});

async function answersWithout(path: string): Promise<Answers> {
  const from = join(copy, path);
  const away = `${copy}-away`;
  renameSync(from, away);
  try {
    return answersOf(await loadSnapshot(copy, { sources }));
  } finally {
    renameSync(away, from);
  }
}

function answersOf(snapshot: Snapshot): Answers {
  const reader = readerOf(snapshot.estate);
  const walk = memoWalker(reader).walk;
  const context = contextOf(reader, {
    walkerOf: (r) => (r === reader ? walk : memoWalker(r).walk),
    flowsOf: () => sample,
  });
  const ends = new Map(sample.map((f) => [flowText(f), walk(f).traces]));
  return { snapshot, findings: runRules(context, rules), ends };
}

/** Every vantage point and port for three names, and every tenth of the others. */
function sampleOf(reader: Reader): readonly Flow[] {
  const wanted = new Set([
    'immich.viktorbarzin.me',
    'k8s-portal.viktorbarzin.me',
    'privatebin.viktorbarzin.me',
  ]);
  return flowsOf(reader).filter((f, i) => ('name' in f.to ? wanted.has(f.to.name) : i % 10 === 0));
}

const severities: readonly Finding['severity'][] = ['ok', 'notice', 'warning', 'critical'];

/** What became better: gone, milder, or approved of, without a gap that says so. */
function betterFindings(before: readonly Finding[], after: readonly Finding[]): readonly string[] {
  const out: string[] = [];
  for (const f of before) {
    if (f.severity === 'ok') continue;
    const same = after.filter((a) => a.code === f.code);
    const kept = same.some((a) => a.subject === f.subject && rank(a) >= rank(f));
    const isOpen = same.some((a) => a.gaps.length > 0 && a.severity !== 'ok');
    if (!kept && !isOpen) out.push(`lost: ${f.code} ${f.subject}`);
  }
  for (const a of after) {
    if (a.severity !== 'ok' || a.certainty === 'unknown') continue;
    const was = before.some((f) => f.code === a.code && f.severity === 'ok' && f.certainty === 'established');
    if (!was) out.push(`approved: ${a.code} ${a.subject}`);
  }
  return out;
}

function rank(f: Finding): number {
  return severities.indexOf(f.severity);
}

/** Ends and seen addresses that were not possible before; `unknown` with its gap always is. */
function betterEnds(before: Answers['ends'], after: Answers['ends']): readonly string[] {
  return [...after].flatMap(([flow, traces]) => {
    const was = before.get(flow) ?? [];
    return traces.flatMap((t) => {
      if (t.disposition === 'unknown') return t.gaps.length > 0 ? [] : [`${flow}: unknown without a gap`];
      const isOld = was.some(
        (w) => w.disposition === t.disposition && (t.seenAs === undefined || w.seenAs === t.seenAs),
      );
      return isOld ? [] : [`${flow}: ${t.disposition} as ${t.seenAs ?? '-'} at ${t.hops.at(-1)?.host ?? ''}`];
    });
  });
}

/** Facts that only the smaller snapshot has, or that state something else there without a gap that would explain it. */
function surprises(whole: Snapshot, less: Snapshot): readonly string[] {
  const reader = readerOf(less.estate);
  return [...less.estate.facts].flatMap(([key, f]) => {
    const before = whole.estate.facts.get(key);
    if (before === undefined) return [`${key} is new`];
    if (before.value === f.value) return [];
    const was = before.value as unknown as Readonly<Record<string, unknown>>;
    const others = Object.entries(f.value).filter(
      ([k, v]) => v !== undefined && canonical(v) !== canonical(was[k]),
    );
    return others.length === 0 || reader.gap(f.kind) !== undefined
      ? []
      : [`${key} changed in ${others[0]?.[0]}`];
  });
}

function gapsAbout(answers: Answers, path: string): readonly string[] {
  return answers.snapshot.estate.gaps
    .filter((g) => `${g.id} ${g.what} ${g.evidence?.file ?? ''}`.includes(path))
    .map((g) => g.id);
}

/** A source that reads its files again only when one of them is missing. */
function kept(source: Source): Source {
  const known = new Map<string, Promise<Discovery>>();
  return {
    ...source,
    matches: (path) => source.matches(path),
    discover: (files, context) => {
      const key = files.map((f) => f.path).join('\n');
      const answer = known.get(key) ?? source.discover(files, context);
      if (known.size === 0) known.set(key, answer);
      return answer;
    },
  };
}

function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
