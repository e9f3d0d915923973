/* --wait and --atomic take a LoadBalancer Service without an address for a failure: Helm then turns the change round by itself. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { at, claim, finding, serviceText } from '../compose.ts';
import type { Frontend } from '../frontends.ts';
import { released } from '../releases.ts';
import type { Rule } from '../rule.ts';

export const helmWaits: Rule = {
  code: 'helm-waits',
  looksFor: 'a Helm release that rolls the change back by itself while the address is pending',
  cases: [],
  needs: ['helmRelease', 'service', 'ingress', 'statedSetting'],
  check: ({ reader }) =>
    released(reader).flatMap(({ frontend, release }) => {
      const { waits, atomic, name, namespace } = release.value;
      if (waits === undefined && atomic === undefined) return [flagsUnknown(frontend, release)];
      if (waits !== true && atomic !== true) return [];
      const stated = statedFlags(reader, release);
      return [
        finding({
          code: 'helm-waits',
          severity: 'warning',
          subject: `release ${namespace}/${name}`,
          title:
            `Helm ${atomic ? 'rolls release' : 'fails release'} ${namespace}/${name} ${atomic ? 'back by itself' : ''} when ${serviceText(frontend.service.value)} has no address in time`.replaceAll(
              '  ',
              ' ',
            ),
          cause: `With ${atomic ? '--atomic' : '--wait'} Helm counts a LoadBalancer Service without an address as not ready. In a change that passes through a pending address it gives up at its timeout${atomic ? ' and puts the old values back, at a moment that nobody chose' : ''}.`,
          claims: [
            claim(`release ${name}: ${atomic ? 'atomic' : 'wait'}`, release),
            ...stated.map((s) => claim(`${s.value.path} = ${s.value.value}`, s)),
            claim('the Service that it waits for', at(frontend.service, 'status.loadBalancer')),
          ],
          refutedBy: `helm history ${name} -n ${namespace} and the flags of the last upgrade without --wait and --atomic`,
          affects: { services: [frontend.id] },
          advice: [
            'Make sure by allocator and sharing key that no state has a pending address, or apply this one change without --atomic and --wait.',
          ],
        }),
      ];
    }),
};

/** Nobody wrote the flags down: the next upgrade may be run with them. */
function flagsUnknown(frontend: Frontend, release: Fact<'helmRelease'>) {
  const { namespace, name } = release.value;
  return finding({
    code: 'helm-waits',
    severity: 'notice',
    certainty: 'unknown',
    subject: `release ${namespace}/${name}`,
    title: `Whether release ${namespace}/${name} is upgraded with --wait or --atomic is not known`,
    cause:
      'No repository in the snapshot states how the release is applied; with these flags Helm takes a pending address for a failure.',
    claims: [claim('the release', release), claim('its Service', frontend.service)],
    refutedBy: `the command or pipeline that runs helm upgrade ${name}`,
    affects: { services: [frontend.id] },
    advice: ['Look at how it is applied before the move.'],
  });
}

function statedFlags(reader: Reader, release: Fact<'helmRelease'>): readonly Fact<'statedSetting'>[] {
  return reader
    .by('statedSetting', 'resource', `helm_release.${release.value.name}`)
    .filter((s) => ['atomic', 'wait', 'timeout'].includes(s.value.path));
}
