/* A change that goes through a release whose chart is not pinned may bring another chart with it: its effect is not known. */
import type { PlannedChange } from '#plan/change.ts';
import { keyOfSetting } from '#plan/patch.ts';
import { releaseOf } from '#plan/simulate.ts';
import { broken, holds, type StateInvariant } from '../invariant.ts';

export const chartPinned: StateInvariant = {
  code: 'chart-pinned',
  check: ({ point }) => {
    const last = point.done.at(-1);
    if (last === undefined || last.through.by !== 'repository' || point.point.direction === 'back')
      return holds;
    const release = releases(last, point).find((r) => r.chartVersion === undefined);
    if (release === undefined) return holds;
    const deployed = release.deployedChartVersion ?? 'the deployed version';
    return broken(
      `the release ${release.name} is not pinned: its apply may bring another chart than ${deployed}`,
    );
  },
};

function releases(planned: PlannedChange, point: Parameters<StateInvariant['check']>[0]['point']) {
  const { change } = planned;
  if (change.kind === 'wait') return [];
  const { reader } = point.view;
  return change.settings.flatMap((s) => {
    if (s.of === 'helmRelease' || s.of === 'statedSetting' || s.of === 'mention') return [];
    const fact = point.view.overlay.get(keyOfSetting(s)) ?? reader.get(s.of, s.id);
    return releaseOf(reader, fact) ?? [];
  });
}
