/* Disagreements between model and kernel that are understood. One that is no longer met must go, or the run fails. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { flowText } from '#dataplane/flow.ts';
import type { FlowResult } from './differential.ts';
import type { EstateResult } from './differential-run.ts';

const schema = z.array(
  z.strictObject({
    id: z.string(),
    /** Part of the estate's name. */
    estate: z.string(),
    /** Regular expression over the flow's text. */
    flow: z.string(),
    about: z.string(),
    /** What the model says. */
    model: z.string(),
    reason: z.string().min(40),
  }),
);

export type Disagreement = z.infer<typeof schema>[number];

export interface Judged {
  /** No entry explains them. */
  readonly unexplained: readonly { readonly estate: string; readonly result: FlowResult }[];
  readonly explained: number;
  /** Entries that explained nothing although their estate was run. */
  readonly stale: readonly Disagreement[];
}

export async function readDisagreements(path: string | URL): Promise<readonly Disagreement[]> {
  return schema.parse(JSON.parse(await readFile(path, 'utf8')));
}

export function judge(estates: readonly EstateResult[], known: readonly Disagreement[]): Judged {
  const used = new Set<string>();
  const unexplained: { estate: string; result: FlowResult }[] = [];
  let explained = 0;
  for (const { name, results } of estates) {
    for (const result of results.filter((r) => r.result === 'disagrees')) {
      const found = known.find((d) => fits(d, name, result));
      if (found) {
        used.add(found.id);
        explained += 1;
      } else unexplained.push({ estate: name, result });
    }
  }
  const stale = known.filter((d) => !used.has(d.id) && estates.some((e) => e.name.includes(d.estate)));
  return { unexplained, explained, stale };
}

function fits(d: Disagreement, estate: string, { flow, differs }: FlowResult): boolean {
  const isOfIt = estate.includes(d.estate) && new RegExp(d.flow).test(flowText(flow));
  return isOfIt && differs.every((one) => one.about === d.about && one.model === d.model);
}
