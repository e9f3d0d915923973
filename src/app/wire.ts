/* The only file that names adapters: which sources read a snapshot, which actuators write a system. */
import type { BindSettings } from '#adapters/bind/index.ts';
import type { CloudflareSettings } from '#adapters/cloudflare/index.ts';
import type { ClusterPlace } from '#adapters/kubernetes-api/cluster-runs.ts';
import type { KubernetesSettings } from '#adapters/kubernetes-api/index.ts';
import type { Source } from '#adapters/source.ts';
import type { TechnitiumSettings } from '#adapters/technitium/index.ts';
import type { Actuator } from '#apply/actuator.ts';
import type { RunStore } from '#apply/run-store.ts';

export type { CheckoutEdit } from '#adapters/repository/actuate.ts';
export type { FileChange } from '#adapters/repository/plan-edits.ts';

export { completenessGaps, isAbsent } from '#adapters/snapshot/completeness.ts';
export type { HashedFile } from '#adapters/snapshot/folder.ts';
export { type OpenSnapshot, openSnapshot } from '#adapters/snapshot/open.ts';

/** Every source, each loaded when it is first needed. */
export async function snapshotSources(): Promise<readonly Source[]> {
  const modules = await Promise.all([
    import('#adapters/kubernetes/index.ts').then((m) => m.kubernetesSource),
    import('#adapters/settings/index.ts').then((m) => m.settingsSource),
    import('#adapters/repository/index.ts').then((m) => m.repositorySource),
    import('#adapters/node-files/index.ts').then((m) => m.nodeFilesSource),
    import('#adapters/pfsense/index.ts').then((m) => m.pfsense),
    import('#adapters/dns/index.ts').then((m) => m.dns),
    import('#adapters/tunnel/index.ts').then((m) => m.tunnel),
    import('#adapters/crowdsec/index.ts').then((m) => m.crowdsec),
    import('#adapters/access-log/index.ts').then((m) => m.accessLog),
  ]);
  return modules;
}

/** The editors of files that a plan's artifacts are made with. */
export async function fileEditing() {
  const [edits, diff, xml, documents, entry] = await Promise.all([
    import('#adapters/repository/plan-edits.ts'),
    import('#adapters/repository/edit-diff.ts'),
    import('#adapters/repository/edit-xml.ts'),
    import('#adapters/documents/edit-documents.ts'),
    import('#adapters/documents/runbook-entry.ts'),
  ]);
  return {
    fileChangesOf: edits.fileChangesOf,
    safeDiff: diff.safeDiff,
    unifiedDiff: diff.unifiedDiff,
    editConfigXml: xml.editConfigXml,
    documentAfter: documents.documentAfter,
    runbookEntry: entry.runbookEntry,
  };
}

/** The files of a snapshot folder, a variant's own before its base's. */
export async function openSnapshotFiles(folder: string) {
  return (await import('#adapters/snapshot/open.ts')).openSnapshot(folder);
}

export { RunFolders } from '#adapters/run-folder/run-folder.ts';

/** Runs that are kept in a cluster. */
export async function clusterRuns(place: ClusterPlace): Promise<RunStore> {
  return (await import('#adapters/kubernetes-api/cluster-runs.ts')).clusterRuns(place);
}

/** Probers of this machine, each loaded when something is probed. */
export async function machineProbers(): Promise<{
  readonly http: typeof import('#adapters/prober-http/index.ts');
  readonly dns: typeof import('#adapters/prober-dns/index.ts');
  readonly postgres: typeof import('#adapters/prober-postgres/index.ts');
  readonly http3: typeof import('#adapters/prober-http3/index.ts');
}> {
  const [http, dns, postgres, http3] = await Promise.all([
    import('#adapters/prober-http/index.ts'),
    import('#adapters/prober-dns/index.ts'),
    import('#adapters/prober-postgres/index.ts'),
    import('#adapters/prober-http3/index.ts'),
  ]);
  return { http, dns, postgres, http3 };
}

export type { LoggedClient } from '#adapters/access-log/live.ts';

/** What reads live logs, and what files hold now. */
export async function liveLogs() {
  const [live, pods, present] = await Promise.all([
    import('#adapters/access-log/live.ts'),
    import('#adapters/kubernetes-api/pod-logs.ts'),
    import('#adapters/present.ts'),
  ]);
  return { clientsIn: live.clientsIn, podLogs: pods.podLogs, presentBytes: present.presentBytes };
}

/** Makers of actuators, each loaded when a system needs it: a read-only run loads none. */
export const actuatorMakers = {
  kubernetes: async (s: KubernetesSettings): Promise<Actuator> =>
    (await import('#adapters/kubernetes-api/index.ts')).kubernetesActuator(s),
  technitium: async (s: TechnitiumSettings): Promise<Actuator> =>
    (await import('#adapters/technitium/index.ts')).technitiumActuator(s),
  bind: async (s: BindSettings): Promise<Actuator> =>
    (await import('#adapters/bind/index.ts')).bindActuator(s),
  tunnel: async (
    s: CloudflareSettings & { name: string; account: string; tunnel: string },
  ): Promise<Actuator> => (await import('#adapters/cloudflare/index.ts')).tunnelActuator(s),
  cloudflareDns: async (s: CloudflareSettings & { system: string }): Promise<Actuator> =>
    (await import('#adapters/cloudflare/index.ts')).cloudflareDnsActuator(s),
};

/** Actuators that need a person: edits of checkouts, and changes by hand. */
export async function handActuators() {
  const [repository, operator] = await Promise.all([
    import('#adapters/repository/actuate.ts'),
    import('#adapters/operator/actuate.ts'),
  ]);
  return { repositoryActuator: repository.repositoryActuator, operatorActuator: operator.operatorActuator };
}

/** Files that are in memory, as the sources of a snapshot read them. */
export async function inMemory() {
  return import('#adapters/memory-files.ts');
}
