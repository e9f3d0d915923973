/* The stages of a plan as a Mermaid picture. Labels are text only: nothing of a name can end them. */
import type { Plan } from '#plan/plan.ts';
import { unboundedSeconds } from '#plan/stages.ts';
import { plain } from '../plain.ts';

export function stagesToMermaid(plan: Plan): string {
  const lines = plan.stages.flatMap((stage, i) => {
    const seconds = stage.window?.seconds;
    const length = seconds === undefined || seconds >= unboundedSeconds ? '' : ` ${minutes(seconds)} min`;
    const window = seconds === undefined ? '' : ` · window${length}`;
    const changes = stage.changes.map(
      (c, j) => `    s${i}c${j}["${label(c.title)}<br/>${label(c.through.by)}: ${label(c.through.system)}"]`,
    );
    const chain = stage.changes.slice(1).map((_, j) => `    s${i}c${j} --> s${i}c${j + 1}`);
    return [
      `  subgraph s${i}["${i + 1}. ${label(stage.title)}${window}"]`,
      '    direction TB',
      ...changes,
      ...chain,
      '  end',
    ];
  });
  const arrows = plan.stages.slice(1).map((_, i) => {
    const gates = plan.stages[i]?.gates ?? [];
    const asks = gates.map((g) => (g.kind === 'probes' ? 'checks' : 'your yes')).join(', ');
    return `  s${i} -->${asks === '' ? '' : `|${label(asks)}|`} s${i + 1}`;
  });
  return `${['flowchart TB', ...lines, ...arrows].join('\n')}\n`;
}

export function minutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}

/** Entities for everything that Mermaid or HTML could read. */
function label(text: string): string {
  return plain(text, 120).replace(/[^\w .,:/()-]/g, (c) => `#${c.codePointAt(0)};`);
}
