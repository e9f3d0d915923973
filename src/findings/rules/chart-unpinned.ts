/* A chart without a pinned version: the apply that moves the address brings another version along. */
import { claim, finding } from '../compose.ts';
import { released } from '../releases.ts';
import type { Rule } from '../rule.ts';

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
