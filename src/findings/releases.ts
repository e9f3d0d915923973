/* The Helm releases that ingress Services belong to. */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { type Frontend, frontendsOf } from './frontends.ts';

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
export function released(
  reader: Reader,
): readonly { readonly frontend: Frontend; readonly release: Fact<'helmRelease'> }[] {
  return frontendsOf(reader).flatMap((frontend) => {
    const release = releaseOf(reader, frontend);
    return release === undefined ? [] : [{ frontend, release }];
  });
}
