/* A rule looks for one thing. It sees the estate through the reader and walks flows through the walk it is handed. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Kind } from '#estate/kinds.ts';
import type { Finding } from './finding.ts';

export interface RuleContext {
  readonly reader: Reader;
  /** The walk of this state, memoised. */
  readonly walk: (flow: Flow) => Walk;
  /** Every flow worth looking at, in a stable order; one name stands for all that are walked alike. */
  readonly flows: readonly Flow[];
  /** The names that a name of the flows stands for, itself first. */
  readonly namesLike: (name: string) => readonly string[];
  /** The same estate with something changed ("what would a flip in place do"), with its own memoised walk. */
  readonly asIf: (changed: Reader) => RuleContext;
}

export interface Rule {
  readonly code: string;
  /** What it looks for, one sentence, for the list of rules. */
  readonly looksFor: string;
  /** Cases of docs/cases.md that it covers. */
  readonly cases: readonly string[];
  /** Kinds of facts that the answer rests on: a gap in one of them makes silence and approval unknown. */
  readonly needs: readonly Kind[];
  readonly check: (context: RuleContext) => readonly Finding[];
}
