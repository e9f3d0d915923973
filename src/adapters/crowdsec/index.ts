/* Reads crowdsec/<name>/: allowlists, decisions, bouncers, parser list and version as JSON, whitelists and parsers as YAML. */
import type { Gap } from '#estate/evidence.ts';
import type { Fact } from '#estate/fact.ts';
import { parseJsonLines } from '../json-lines.ts';
import type { Discovery, SnapshotFile, Source } from '../source.ts';
import { parseYamlLines } from '../yaml-lines.ts';
import { type Converted, convertJson, convertWhitelist, type EnginePart, engineFact } from './convert.ts';
import { addressFieldOfParser } from './parser-version.ts';

const pattern = /^crowdsec\/([^/]+)\/.+\.(json|ya?ml|txt)$/;

export const crowdsec = {
  name: 'crowdsec',
  matches: (path) => pattern.test(path),
  discover: async (files) => {
    const systems = Map.groupBy(files, (f) => `crowdsec/${pattern.exec(f.path)?.[1] ?? ''}`);
    const read = await Promise.all([...systems].map(([system, its]) => readSystem(system, its)));
    return { facts: read.flatMap((d) => d.facts), gaps: read.flatMap((d) => d.gaps) };
  },
} satisfies Source;

async function readSystem(system: string, files: readonly SnapshotFile[]): Promise<Discovery> {
  const facts: Fact[] = [];
  const gaps: Gap[] = [];
  const engine: EnginePart[] = [];
  for (const file of files) {
    const read = await readFile(system, file);
    facts.push(...read.facts);
    gaps.push(...read.gaps);
    if (read.engine) engine.push(read.engine);
  }
  return { facts: [...facts, ...engineFact(system, engine)], gaps };
}

async function readFile(system: string, file: SnapshotFile): Promise<Converted> {
  try {
    return convertText(system, file.path, await file.text());
  } catch (error) {
    return unreadable(system, file.path, {
      what: error instanceof Error ? error.message : String(error),
      line: 1,
    });
  }
}

function convertText(system: string, file: string, text: string): Converted {
  if (file.endsWith('.txt')) return convertVersion(file, text);
  if (file.endsWith('.json')) {
    const document = parseJsonLines(text);
    return 'what' in document ? unreadable(system, file, document) : convertJson({ system, file, document });
  }
  const documents = parseYamlLines(text);
  if ('what' in documents) return unreadable(system, file, documents);
  const field = addressFieldOfParser(text);
  const read = documents.map((document) => convertWhitelist({ system, file, document }));
  const all = { facts: read.flatMap((r) => r.facts), gaps: read.flatMap((r) => r.gaps) };
  return field === undefined
    ? all
    : { ...all, engine: { readsAddressFrom: field, evidence: { file, line: 1 } } };
}

/** What `cscli version` prints: `version: v1.6.3-…`. */
function convertVersion(file: string, text: string): Converted {
  const version = /^version:\s*v?(\d+\.\d+\.\d+)/m.exec(text)?.[1];
  if (version === undefined) return { facts: [], gaps: [] };
  return { facts: [], gaps: [], engine: { version, evidence: { file, line: 1 } } };
}

function unreadable(system: string, file: string, problem: { what: string; line: number }): Converted {
  const gap: Gap = {
    id: `${system}/${file.split('/').slice(2).join('/')}`,
    system,
    kinds: ['banAllowlist', 'banDecision', 'bouncer', 'banEngine'],
    what: `the file cannot be read: ${problem.what}`,
    evidence: { file, line: problem.line },
  };
  return { facts: [], gaps: [gap] };
}
