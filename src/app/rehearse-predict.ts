/*
 * What the model says of the rehearsed application and what the kernel shows, at each vantage point that asks by name and
 * over each family in which it has an address and the name has one.
 */
import { type Reader, readerOf } from '#estate/estate.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { type StartPoint, sourceOf, startPointOf } from '#lab/estate/start-points.ts';
import type { Family } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import { type BeforeAfterCell, isSeenAsPredicted, sightText } from '#report/before-after.ts';
import type { PredictionLine } from '#report/rehearsal.ts';
import { askOne, type Question, whats } from './before-after.ts';
import type { Snapshot } from './load-snapshot.ts';
import { readerAfter } from './model-after.ts';

/** What is asked, before the plan and after it alike. */
export async function questionsAbout(
  lab: EstateLab,
  snapshot: Snapshot,
  name: string,
): Promise<readonly Question[]> {
  const start = readerOf(snapshot.estate);
  const asking = start
    .all('vantagePoint')
    .filter((v) => ['internet', 'lan', 'vpn'].includes(v.value.kind))
    .flatMap((v) => startPointOf(start, v.value.id) ?? [])
    .filter((point) => point.resolver !== undefined);
  const all = await Promise.all(
    asking.map(async (point) => {
      const families = await familiesOf(lab, point, name);
      return families.flatMap((family) => whats.map((what) => question(point, family, name, what)));
    }),
  );
  return all.flat();
}

function question(point: StartPoint, family: Family, name: string, what: PredictionLine['what']): Question {
  const to = { name: name as DnsName };
  return { what, flow: { from: point.vantage, family, to, port: 443, protocol: 'tcp' } };
}

/** IPv4 in any case; IPv6 where the vantage point has it and its name server gives the name an address. */
async function familiesOf(lab: EstateLab, point: StartPoint, name: string): Promise<readonly Family[]> {
  if (sourceOf(point, 6) === undefined || point.resolver === undefined) return [4];
  const agent = await lab.lab.agent(point.host);
  const { resolved = [] } = await agent.ask('attempt', {
    protocol: 'dns',
    address: point.resolver,
    port: 53,
    serverName: name,
    recordType: 'AAAA',
    timeoutMs: 2500,
  });
  return resolved.length > 0 ? [4, 6] : [4];
}

export async function predict(
  lab: EstateLab,
  snapshot: Snapshot,
  plan: Plan,
  asked: readonly Question[],
  when: 'before' | 'after',
): Promise<readonly BeforeAfterCell[]> {
  const start = readerOf(snapshot.estate);
  const reader: Reader = when === 'before' ? start : readerAfter(start, plan);
  return Promise.all(asked.map((q) => askOne(lab, reader, q, 2)));
}

export function beside(
  asked: readonly Question[],
  before: readonly BeforeAfterCell[],
  after: readonly BeforeAfterCell[],
): readonly PredictionLine[] {
  return asked.flatMap(({ what, flow }, at) => {
    const [was, is] = [before[at], after[at]];
    if (was === undefined || is === undefined) return [];
    return [
      {
        vantage: flow.from,
        family: flow.family,
        what,
        before: sightText(was.model),
        seenBefore: sightText(was.kernel),
        after: sightText(is.model),
        seenAfter: sightText(is.kernel),
        isAsPredicted: [was, is].every((cell) => isBeyondLab(cell) || isSeenAsPredicted(cell)),
        ...([was, is].some(isBeyondLab) && { note: smallDatagrams }),
      },
    ];
  });
}

const smallDatagrams =
  'the lab’s HTTP/3 server sends smaller datagrams than a real one, and fits where that does not';

function isBeyondLab({ model }: BeforeAfterCell): boolean {
  return model.says === 'too-big';
}
