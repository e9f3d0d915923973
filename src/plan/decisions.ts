/* The decisions that a plan keeps: what was chosen, by whom, on which evidence; and exceptions from what the goal leaves alone. */
import type { Reader } from '#estate/estate.ts';
import type { Fact, FactKey } from '#estate/fact.ts';
import type { Ip } from '#net/ip.ts';
import { scopeOfMove } from './goal.ts';
import type { Decision, Style } from './plan.ts';
import type { PlannerInput } from './planner.ts';
import type { Move } from './repoint.ts';

const styles = [
  {
    name: 'additive',
    consequence: 'no window while clients move, one more Service: for good, or until a second window',
  },
  { name: 'in-place', consequence: 'few moving parts, a window as long as caches hold the old address' },
] as const;

/** Said where nobody chose: a design that wants few moving parts rather than no window chooses otherwise. */
const preference = '; no window is preferred to few moving parts';

function consequenceOf(style: Style): string {
  return styles.find((s) => s.name === style)?.consequence ?? '';
}

/** The style, and what the other one would mean. */
export function styleDecision(style: Style, by: Decision['by'], because?: string): Decision {
  return {
    question: 'Additive or in place?',
    chosen: style,
    options: styles,
    by,
    because: because ?? `${consequenceOf(style)}${by === 'default' ? preference : ''}`,
    evidence: [],
  };
}

/** Style, address and owner of the address: what was chosen, by whom, and what else there was. */
export function decisionsOf(
  input: PlannerInput,
  service: Fact<'service'>,
  style: Style,
  target: { readonly ip: Ip; readonly says: string },
  owner: Decision,
): readonly Decision[] {
  const asked: Decision[] = [
    styleDecision(style, input.style === 'auto' ? 'default' : 'user'),
    {
      question: 'Which address?',
      chosen: target.ip,
      options: [],
      by: input.goal.kind === 'move' && input.goal.to === 'auto' ? 'default' : 'user',
      because: target.says,
      evidence: [service.evidence],
    },
    ...(style === 'additive' ? [owner] : []),
  ];
  const given = input.decisions ?? [];
  return asked.map((d) => given.find((g) => g.question === d.question) ?? d);
}

/** What the goal leaves alone and the plan must touch all the same, asked for by name. */
export function exceptions(start: Reader, move: Move, written: ReadonlySet<FactKey>): readonly Decision[] {
  return scopeOfMove(start, move, new Set()).flatMap(({ what, keys }) => {
    const touched = keys.filter((k) => written.has(k));
    if (touched.length === 0) return [];
    return [
      {
        question: `May the plan touch ${what}?`,
        chosen: 'yes',
        options: [
          { name: 'yes', consequence: `${touched.length} settings are re-pointed: ${touched[0]}` },
          { name: 'no', consequence: `they stop working when ${move.from} is left` },
        ],
        by: 'forced' as const,
        because: `they point at ${move.from}`,
        evidence: [],
      },
    ];
  });
}
