/*
 * Which object owns the new address for good, where two Services answer for a while: the chart's second Service, one that
 * is kept beside the chart, or the chart's own Service, which takes the address over in a second window.
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { HelmRelease } from '#estate/repository.ts';
import type { Decision } from './plan.ts';
import { releaseOf } from './simulate.ts';

export const addressOwners = ['additional-services', 'second-service', 'chart-service-later'] as const;
export type AddressOwner = (typeof addressOwners)[number];

export const ownerQuestion = 'Which object owns the new address for good?';

const consequences: Readonly<Record<AddressOwner, string>> = {
  'additional-services':
    "the chart's additionalServices makes the Service: upgrades keep both alike, and no window is needed",
  'second-service':
    'a Service that no chart knows is kept beside the first one: its ports must be kept equal by hand, and no window is needed',
  'chart-service-later':
    "the second Service goes again and the chart's own one takes the address over: nothing more to keep, for a second window as long as one removal and one apply",
};

export type OwnerChosen =
  | { readonly ok: true; readonly owner: AddressOwner; readonly decision: Decision }
  | { readonly ok: false; readonly says: string; readonly nearest: string };

/** The owner that is asked for, or the default: the chart where it can, else a Service beside it. */
export function chooseOwner(
  reader: Reader,
  service: Fact<'service'>,
  asked: AddressOwner | undefined,
): OwnerChosen {
  const cannot = whyNoAdditional(releaseOf(reader, service));
  const possible = addressOwners.filter((o) => o !== 'additional-services' || cannot === undefined);
  const owner = asked ?? possible[0] ?? 'second-service';
  if (owner === 'additional-services' && cannot !== undefined) {
    return { ok: false, says: cannot, nearest: '--owner second-service or --owner chart-service-later' };
  }
  return {
    ok: true,
    owner,
    decision: {
      question: ownerQuestion,
      chosen: owner,
      options: possible.map((name) => ({ name, consequence: consequences[name] })),
      by: asked === undefined ? 'default' : 'user',
      because:
        asked === undefined
          ? (cannot ?? 'the chart can make the second Service itself')
          : consequences[owner],
      evidence: [service.evidence],
    },
  };
}

/** Traefik's chart has additionalServices from 27 on; undefined: this one can make the second Service. */
function whyNoAdditional(release: HelmRelease | undefined): string | undefined {
  if (release === undefined) return 'no chart that can make a second Service is known';
  if (!release.chart.endsWith('traefik')) return `the chart ${release.chart} cannot make a second Service`;
  const version = release.chartVersion ?? release.deployedChartVersion;
  const major = Number(version?.replace(/^v/, '').split('.')[0]);
  return version !== undefined && major < 27
    ? `chart ${release.chart} ${version} has no additionalServices (27 and later have)`
    : undefined;
}
