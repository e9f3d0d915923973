/* Several statuses for one Service: an announcer that flaps, or objects that only churn (metallb#2626, #2705). */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { claim, finding, list, serviceText } from '../compose.ts';
import type { Rule } from '../rule.ts';

export const l2Status: Rule = {
  code: 'announcer-disagrees',
  looksFor: 'statuses that name other announcers than the election',
  cases: ['S10', 'S27'],
  needs: ['l2Status', 'service', 'announcing', 'node', 'endpointSlice', 'pool', 'l2Advertisement'],
  check: ({ reader }) => disagreements(reader),
};

function disagreements(reader: Reader) {
  const byService = new Map<string, Fact<'l2Status'>[]>();
  for (const s of reader.all('l2Status'))
    byService.set(`${s.value.cluster}/${s.value.service}`, [
      ...(byService.get(`${s.value.cluster}/${s.value.service}`) ?? []),
      s,
    ]);
  return [...byService].flatMap(([id, statuses]) => {
    const nodes = [...new Set(statuses.map((s) => s.value.node))];
    const service = reader.get('service', id);
    if (service === undefined || nodes.length < 2) return [];
    return [
      finding({
        code: 'announcer-disagrees',
        severity: 'warning',
        certainty: 'unknown',
        subject: serviceText(service.value),
        title: `${list(nodes)} all say that they announce ${serviceText(service.value)}`,
        cause:
          'Two statuses for one Service are either a stale object that the speaker may not change (status.node is immutable in some releases), with an announcer that flaps and connections that are reset, or only churn of the objects. The files do not tell which.',
        claims: statuses.map((s) => claim(`status: ${s.value.node}`, s)),
        refutedBy: `arping -c 20 ${service.value.vips[0]?.ip ?? 'ADDRESS'}: one MAC address all the time means churn only; two mean that the address flaps`,
        affects: { services: [id] },
        advice: [
          'Look for "status.node: Value is immutable" in the speakers’ logs; delete the stale ServiceL2Status, and upgrade MetalLB.',
        ],
      }),
    ];
  });
}
