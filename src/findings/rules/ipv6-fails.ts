/* Names that work over IPv4 and are refused or lost over IPv6: "the host is up" says nothing about a port of the other family. */

import type { Flow } from '#dataplane/flow.ts';
import type { Trace } from '#dataplane/trace.ts';
import { claim, count, finding, list } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { distinct, groupBy } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import type { Rule, RuleContext } from '../rule.ts';

interface Failing {
  readonly flow: Flow;
  readonly trace: Trace;
  readonly four: Trace;
}

export const ipv6Fails: Rule = {
  code: 'ipv6-fails',
  looksFor: 'names that arrive over IPv4 and not over IPv6',
  cases: ['S12'],
  needs: walkKinds,
  check: (context) => {
    const failing = context.flows.flatMap((flow) => judge(context, flow) ?? []);
    const groups = groupBy(
      failing,
      (f) => `${f.flow.from} ${f.trace.dialled ?? ''} ${f.flow.port} ${f.trace.disposition}`,
    );
    return [...groups.values()].map((group) => findingOf(context, group));
  },
};

function judge(context: RuleContext, flow: Flow): Failing | undefined {
  if (flow.family !== 6 || flow.protocol !== 'tcp' || !('name' in flow.to)) return undefined;
  const traces = context.walk(flow).traces;
  const bad = traces.find((t) => !['delivered', 'no-name', 'unknown'].includes(t.disposition));
  const four = context.walk({ ...flow, family: 4 }).traces[0];
  return bad && four?.disposition === 'delivered' ? { flow, trace: bad, four } : undefined;
}

function findingOf(context: RuleContext, group: readonly Failing[]): Finding {
  const [first] = group;
  if (first === undefined) throw new RangeError('a group has at least one flow');
  const last = first.trace.hops.at(-1);
  const names = distinct(group.map((f) => ('name' in f.flow.to ? f.flow.to.name : undefined))).flatMap(
    context.namesLike,
  );
  const { from, port } = first.flow;
  return finding({
    code: 'ipv6-fails',
    severity: 'critical',
    subject: `${first.trace.dialled ?? 'IPv6'} port ${port} from ${from}`,
    title: `${count(names.length, 'name')} on port ${port} work from ${from} over IPv4 and end as ${first.trace.disposition} over IPv6`,
    cause: `${last?.steps.at(-1)?.says ?? 'The IPv6 path ends on the way.'} Clients that prefer IPv6 are refused or wait, while IPv4 and ping look fine.`,
    claims: [
      claim(
        `IPv6: ${first.trace.disposition} at ${last?.host ?? '?'}`,
        ...(last?.steps.at(-1)?.because ?? []),
      ),
      claim(
        `IPv4: ${first.four.disposition}`,
        ...(first.four.hops.at(-1)?.steps.at(-1)?.because ?? []).slice(0, 2),
      ),
      claim(
        `the name has an IPv6 address: ${first.trace.dialled ?? '?'}`,
        ...(first.trace.hops[0]?.steps.at(-1)?.because ?? []),
      ),
    ],
    refutedBy: `curl -6 https://${names[0] ?? 'NAME'}/ from ${from} with an answer`,
    affects: { names, flows: [from] },
    advice: [
      `Open port ${port} on the IPv6 path (look for another program that holds it, such as a web interface), or take the AAAA records of ${list(names, 3)} away.`,
    ],
  });
}
