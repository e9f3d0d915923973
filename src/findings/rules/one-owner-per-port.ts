/*
 * The additive style keeps two Services for a while. Both cannot hold the same port of the new address, so it must be
 * said which object owns the address for good: the second Service, or the chart's own.
 */
import { allocate } from '#dataplane/allocate.ts';
import { readerOver, writeOf } from '#estate/estate.ts';
import { at, claim, finding, idOf, list, serviceText } from '../compose.ts';
import { frontendsOf } from '../frontends.ts';
import { allotmentOfMove, movedService } from '../move.ts';
import type { Rule } from '../rule.ts';

export const oneOwnerPerPort: Rule = {
  code: 'one-owner-per-port',
  looksFor: 'which object owns the new address when the move is made beside the old Service',
  cases: [],
  needs: ['service', 'ingress', 'pool', 'announcing'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((f) => {
      if (
        f.service.value.externalPolicy !== 'cluster' ||
        !f.vips.some((v) => reader.by('service', 'vip', v).length > 1)
      )
        return [];
      const ip = allotmentOfMove(reader, f).ips[0];
      if (ip === undefined) return [];
      const moved = { ...movedService(f.service.value), requestedIps: ip };
      const second = {
        ...moved,
        name: `${moved.name}-direct`,
        vips: [{ ip, ipMode: 'VIP' as const }],
        clusterIps: [],
      };
      const beside = readerOver(reader, [writeOf(reader, 'service', second)]);
      const answer = allocate(beside, moved);
      if (answer.kind !== 'refused' && answer.kind !== 'cleared') return [];
      return [
        finding({
          code: 'one-owner-per-port',
          severity: 'notice',
          subject: serviceText(f.service.value),
          title: `Moved additively, ${serviceText(f.service.value)} and a second Service cannot both hold ${list(f.service.value.ports.map((p) => `${p.port}/${p.protocol}`))} on ${ip}`,
          cause:
            'A second Service beside the old one has no window, but it owns the new address then. The chart’s own Service can follow only in a short second window, or never: the two styles do not end alike.',
          claims: [
            claim(
              `with a second Service on ${ip}, the allocator says of the first: ${answer.says}`,
              ...answer.because,
            ),
            claim(
              `${serviceText(f.service.value)} is written by ${f.service.owner === undefined ? 'nobody known' : `${f.service.owner.kind} ${f.service.owner.name}`}`,
              at(f.service, 'metadata.managedFields'),
            ),
          ],
          refutedBy:
            'two Services with the same ports and no sharing key that both get the address in a test pool',
          affects: { services: [f.id, idOf(second)] },
          advice: [
            'Say in the plan which object keeps the address: a second Service kept beside the chart, the chart’s Service in a second window, or the chart’s own additionalServices.',
          ],
        }),
      ];
    }),
};
