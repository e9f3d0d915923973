/*
 * How Helm itself can turn the change round: --wait and --atomic take a pending address for a failure, an unpinned chart
 * brings another version along, and followers of the published Service copy whatever address it has.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { at, claim, finding, serviceText } from '../compose.ts';
import { type Frontend, frontendsOf } from '../frontends.ts';
import type { Rule } from '../rule.ts';

function releaseOf(reader: Reader, frontend: Frontend): Fact<'helmRelease'> | undefined {
  const { cluster, namespace } = frontend.service.value;
  const { owner } = frontend.service;
  const named = owner?.kind === 'helm' ? owner.name.split('/').at(-1) : undefined;
  return reader
    .by('helmRelease', 'cluster', cluster)
    .find(
      (r) =>
        r.value.namespace === namespace &&
        (r.value.name === named || r.value.name === frontend.ingress.value.name),
    );
}

/** Every ingress Service of a release, with it. */
function released(
  reader: Reader,
): readonly { readonly frontend: Frontend; readonly release: Fact<'helmRelease'> }[] {
  return frontendsOf(reader).flatMap((frontend) => {
    const release = releaseOf(reader, frontend);
    return release === undefined ? [] : [{ frontend, release }];
  });
}

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

export const chartUnpinned: Rule = {
  code: 'chart-unpinned',
  looksFor: 'a chart whose version is not pinned, so that the change brings another one along',
  cases: [],
  needs: ['helmRelease', 'service', 'ingress', 'statedSetting'],
  check: ({ reader }) =>
    released(reader).flatMap(({ frontend, release }) => {
      const { chartVersion, deployedChartVersion, repository, name, namespace, chart } = release.value;
      const isRange = chartVersion !== undefined && !/^v?\d+\.\d+\.\d+/.test(chartVersion);
      const isStated =
        repository !== undefined || reader.by('statedSetting', 'resource', `helm_release.${name}`).length > 0;
      if (!isStated || (chartVersion !== undefined && !isRange)) return [];
      const places = reader
        .by('statedSetting', 'resource', `helm_release.${name}`)
        .filter((s) => s.value.path === 'chart' || s.value.path === 'version');
      return [
        finding({
          code: 'chart-unpinned',
          severity: 'warning',
          subject: `release ${namespace}/${name}`,
          title: `The apply that moves the address takes whatever version of chart ${chart} is newest with it`,
          cause: `${isRange ? `The version is a range (${chartVersion})` : 'No version is pinned'}; deployed is ${deployedChartVersion ?? 'a version that is not known'}. A new chart may rename ports, change defaults and roll the pods in the same step, and the undo does not bring the old one back.`,
          claims: [
            claim(
              `the release states ${isRange ? chartVersion : 'no version'}${deployedChartVersion === undefined ? '' : `, and ${deployedChartVersion} is deployed`}`,
              release,
            ),
            ...places.map((s) => claim(`${s.value.path} = ${s.value.value}`, s)),
          ],
          refutedBy: `a plan of the owner that shows no change of the chart's version`,
          affects: { services: [frontend.id] },
          advice: [
            `Pin the version to ${deployedChartVersion ?? 'the deployed one'} in a step of its own before the move.`,
          ],
        }),
      ];
    }),
};

export const publishedService: Rule = {
  code: 'published-service',
  looksFor: 'followers that copy the address of the ingress Service',
  cases: [],
  needs: ['ingress', 'service', 'workload', 'route'],
  check: ({ reader }) =>
    frontendsOf(reader).flatMap((frontend) => {
      const { namespace, name, cluster } = frontend.service.value;
      if (frontend.ingress.value.publishedService !== `${namespace}/${name}`) return [];
      const ingresses = reader.by('route', 'cluster', cluster).filter((r) => r.value.from === 'Ingress');
      const followers = reader
        .all('workload')
        .filter((w) => w.value.containers.some((c) => /external-dns(:|@|$)/.test(c.image)));
      return [
        finding({
          code: 'published-service',
          severity: followers.length > 0 ? 'warning' : 'notice',
          subject: serviceText(frontend.service.value),
          title: `The status of every Ingress follows ${serviceText(frontend.service.value)}${followers.length > 0 ? `, and ${followers.map((w) => w.value.name).join(', ')} writes DNS from it` : ''}`,
          cause:
            'The ingress program copies the address of its published Service into the status of Ingress objects. Whatever reads that status (external-dns, dashboards, certificate solvers) changes its mind at the moment of the move, and again while the address is pending.',
          claims: [
            claim(`publishedService is ${namespace}/${name}`, at(frontend.ingress, 'publishedService')),
            ...(ingresses.length > 0
              ? [claim(`${ingresses.length} Ingress objects get it`, ...ingresses.slice(0, 2))]
              : []),
            ...followers.map((w) => claim(`${w.value.name} reads such status`, w)),
          ],
          refutedBy: 'kubectl get ingress -A showing addresses of another Service',
          affects: { services: [frontend.id] },
          advice: [
            followers.length > 0
              ? 'Hold external-dns (scale it to zero, or fence deletes) until the new address stands.'
              : 'Check afterwards that the status shows the new address.',
          ],
        }),
      ];
    }),
};

/** external-dns with policy sync removes what it no longer sees. */
export const externalDnsSync: Rule = {
  code: 'external-dns-sync',
  looksFor: 'external-dns that deletes records whose sources vanish for a moment',
  cases: ['S61'],
  needs: ['workload'],
  check: ({ reader }) =>
    reader.all('workload').flatMap((w) => {
      const container = w.value.containers.find((c) => /external-dns(:|@|$)/.test(c.image));
      if (container === undefined) return [];
      const policy =
        container.args.find((a) => a.startsWith('--policy='))?.slice('--policy='.length) ?? 'sync';
      if (policy !== 'sync') return [];
      return [
        finding({
          code: 'external-dns-sync',
          severity: 'warning',
          subject: `${w.value.type} ${w.value.namespace}/${w.value.name}`,
          title: `${w.value.name} deletes records of Services and Ingresses that have no address for a moment`,
          cause:
            'With policy sync (its default) external-dns makes the zone equal to what it sees. A pending address or an API timeout looks like a source that is gone.',
          claims: [claim(`policy ${policy}`, at(w, `containers.${container.name}.args`))],
          refutedBy: 'its arguments with --policy=upsert-only',
          advice: ['Use upsert-only, or scale it to zero during the move.'],
        }),
      ];
    }),
};
