/* Every name keeps working from every vantage point that had it: same backend, with a way back; wanted refusals aside. */
import type { Trace } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import { type FlowCheck, type FlowInvariant, holds } from '../invariant.ts';
import { arrives, judgeArrival } from '../judge.ts';

export const keepsWorking: FlowInvariant = {
  code: 'keeps-working',
  isWindowed: true,
  appliesTo: (role) => role.kind === 'name',
  check: (input) => {
    const judged = judgeArrival(input.before.reader, input.before.walk, input.after.reader, input.after.walk);
    return judged.kind === 'broken' && isWanted(input) ? holds : judged;
  },
};

/** Every way that fails is refused by a middleware of which sightline.yaml says that it should refuse there. */
function isWanted({ after, flow }: FlowCheck): boolean {
  const failing = after.walk.traces.filter((t) => !arrives(t));
  return failing.every((t) => refusers(t).some((who) => isIntended(after.reader, who, flow.from)));
}

function refusers(trace: Trace): readonly string[] {
  if (trace.disposition !== 'denied' && trace.disposition !== 'rejected') return [];
  return trace.identities.flatMap((i) => (i.verdict === 'refuse' && i.who !== undefined ? [i.who] : []));
}

function isIntended(reader: Reader, who: string, from: string): boolean {
  return reader.all('intendedRefusal').some(({ value }) => {
    const isThatOne = who === value.middleware || who.endsWith(`/${value.middleware}`);
    return isThatOne && value.from.includes(from);
  });
}
