/* What a mutation run says, and whether it holds: every survivor has a reason, and no reason is out of date. */
import type { Mutant } from './mutants.ts';
import type { Outcome } from './rounds.ts';

export interface Findings {
  readonly mutants: readonly Mutant[];
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly known: Readonly<Record<string, string>>;
  /** Every mutant was asked for, so an entry of the list without one is out of date. */
  readonly isWhole: boolean;
}

/** Prints the findings; the exit code is 0 only if they hold. */
export function report(findings: Findings): number {
  const { mutants, outcomes, known } = findings;
  const survivors = mutants.filter((m) => outcomes.get(m.id)?.noticedBy === undefined);
  const open = survivors.filter((m) => known[m.id] === undefined);
  const noticed = mutants.filter((m) => known[m.id] !== undefined && !survivors.includes(m));
  const gone = findings.isWhole ? Object.keys(known).filter((id) => !mutants.some((m) => m.id === id)) : [];
  for (const m of open) {
    const where = outcomes.get(m.id)?.isReached === false ? 'SURVIVED, no test comes by it' : 'SURVIVED';
    console.log(`${where} ${m.file}:${m.line}\n  ${m.id}`);
  }
  for (const { id } of noticed) console.log(`NOTICED by now, take it out of mutants-known.json:\n  ${id}`);
  for (const id of gone) console.log(`GONE, take it out of mutants-known.json:\n  ${id}`);
  printParts(mutants, survivors, known);
  return open.length + noticed.length + gone.length === 0 ? 0 : 1;
}

/** One line for each file and one for all: mutants, noticed, listed with a reason, open. */
function printParts(
  mutants: readonly Mutant[],
  survivors: readonly Mutant[],
  known: Readonly<Record<string, string>>,
): void {
  const files = [...new Set(mutants.map((m) => m.file))];
  for (const part of [...files, '']) {
    const all = mutants.filter((m) => m.file.startsWith(part));
    const left = survivors.filter((m) => m.file.startsWith(part));
    const open = left.filter((m) => known[m.id] === undefined).length;
    const text = `${all.length} mutants, ${all.length - left.length} noticed, ${left.length - open} listed, ${open} open`;
    console.log(`${part || 'all'}: ${text}`);
  }
}
