/* Answers that leave by another way than the request came: a stateful firewall drops them, or reverse path filters do. */

import { claim, finding } from '../compose.ts';
import { distinct, groupBy } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import type { Rule } from '../rule.ts';

export const asymmetricReturn: Rule = {
  code: 'asymmetric-return',
  looksFor: 'flows whose answers do not come back, or come back another way',
  cases: ['S45'],
  needs: walkKinds,
  check: (context) => {
    const ways = context.flows.flatMap((flow) =>
      context.walk(flow).traces.flatMap((trace) => {
        const back = trace.returnPath;
        if (back === undefined || back.disposition === 'unknown') return [];
        const isOutside = !['node', 'pod', 'tunnel-edge'].includes(
          context.reader.get('vantagePoint', flow.from)?.value.kind ?? '',
        );
        return (back.isAsymmetric && isOutside) || back.disposition !== 'delivered'
          ? [{ flow, trace, back }]
          : [];
      }),
    );
    const groups = groupBy(
      ways,
      (w) => `${w.flow.from} ${w.trace.reached?.service ?? w.trace.dialled ?? ''} ${w.back.disposition}`,
    );
    return [...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const last = first.back.hops.at(-1);
      const isLost = first.back.disposition !== 'delivered';
      return [
        finding({
          code: 'asymmetric-return',
          severity: isLost ? 'critical' : 'warning',
          subject: `${first.trace.reached?.service ?? first.trace.dialled ?? '?'} from ${first.flow.from}`,
          title: isLost
            ? `Answers from ${first.trace.reached?.service ?? first.trace.dialled} to ${first.flow.from} are lost: ${first.back.disposition}`
            : `Answers from ${first.trace.reached?.service ?? first.trace.dialled} to ${first.flow.from} come back another way`,
          cause: `${last?.steps.at(-1)?.says ?? 'The way back is another.'}`,
          claims: [
            claim(
              `way in: ${first.trace.hops.map((h) => h.host).join(' → ')}`,
              ...(first.trace.hops.at(-1)?.steps.at(-1)?.because ?? []).slice(0, 2),
            ),
            claim(
              `way back: ${first.back.hops.map((h) => h.host).join(' → ')}`,
              ...(last?.steps.at(-1)?.because ?? []),
            ),
          ],
          refutedBy: `tcpdump on both sides during a request from ${first.flow.from}: the answer passes the firewall that the request passed`,
          affects: {
            services: distinct(group.map((g) => g.trace.reached?.service)),
            flows: [first.flow.from],
            names: distinct(group.map((g) => ('name' in g.flow.to ? g.flow.to.name : undefined))).flatMap(
              context.namesLike,
            ),
          },
          advice: [
            'Route the answer back the way the request came (policy route on the node, or one network for both), before policy Local uncovers it: under Cluster the announcing node’s own address hides it from clients of the same network.',
          ],
        }),
      ];
    });
  },
};
