/* What the model says of the rehearsed application and what the kernel shows, at each vantage point that asks by name. */
import { readerOf } from '#estate/estate.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { startPointOf } from '#lab/estate/start-points.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import { sightText } from '#report/before-after.ts';
import type { PredictionLine } from '#report/rehearsal.ts';
import { askOne, whats } from './before-after.ts';
import type { Snapshot } from './load-snapshot.ts';
import { readerAfter } from './model-after.ts';

export interface Sighted {
  readonly vantage: string;
  readonly what: PredictionLine['what'];
  readonly model: string;
  readonly kernel: string;
}

export async function predict(
  lab: EstateLab,
  snapshot: Snapshot,
  plan: Plan,
  name: string,
  when: 'before' | 'after',
): Promise<readonly Sighted[]> {
  const start = readerOf(snapshot.estate);
  const reader = when === 'before' ? start : readerAfter(start, plan);
  const points = start.all('vantagePoint').map((v) => v.value);
  const asking = points.filter(
    (v) => ['internet', 'lan', 'vpn'].includes(v.kind) && startPointOf(start, v.id)?.resolver,
  );
  const questions = asking.flatMap((v) =>
    whats.map((what) => ({
      what,
      flow: {
        from: v.id,
        family: 4 as const,
        to: { name: name as DnsName },
        port: 443,
        protocol: 'tcp' as const,
      },
    })),
  );
  const cells = await Promise.all(questions.map((q) => askOne(lab, reader, q, 2)));
  return questions.map((q, at) => ({
    vantage: q.flow.from,
    what: q.what,
    model: cells[at] ? sightText(cells[at].model) : '',
    kernel: cells[at] ? sightText(cells[at].kernel) : '',
  }));
}

export function beside(before: readonly Sighted[], after: readonly Sighted[]): readonly PredictionLine[] {
  return before.map((b, at) => ({
    vantage: b.vantage,
    what: b.what,
    before: b.model,
    seenBefore: b.kernel,
    after: after[at]?.model ?? '',
    seenAfter: after[at]?.kernel ?? '',
  }));
}
