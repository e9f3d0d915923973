/* The only file that names adapters: which sources read a snapshot. */
import type { Source } from '#adapters/source.ts';

/** Every source, each loaded when it is first needed. */
export async function snapshotSources(): Promise<readonly Source[]> {
  const [kubernetes, settings, repository, nodeFiles] = await Promise.all([
    import('#adapters/kubernetes/index.ts'),
    import('#adapters/settings/index.ts'),
    import('#adapters/repository/index.ts'),
    import('#adapters/node-files/index.ts'),
  ]);
  return [
    kubernetes.kubernetesSource,
    settings.settingsSource,
    repository.repositorySource,
    nodeFiles.nodeFilesSource,
  ];
}
