/* Files that own settings or state addresses: repositories, node files, documents. References point into them. */
import type { Ip } from '#net/ip.ts';

/** One place in a text that states an address, a name or a Service. */
export interface Mention {
  /** System it lies in: `source/infra`, `node/k8s-node2` … */
  readonly system: string;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** UTF-16 offsets of the mention in the file, for edits by position. */
  readonly start: number;
  readonly end: number;
  readonly ip?: Ip;
  readonly text: string;
  /** Prose only: the line that it stands in, shortened; it tells what the address is said to be. */
  readonly context?: string;
  /** What kind of text: a Terraform attribute, YAML value, TOML value, hosts line, comment or prose. */
  readonly syntax: 'hcl' | 'yaml' | 'json' | 'toml' | 'hosts' | 'markdown' | 'comment' | 'text';
  /** Path of the setting where the syntax has one: `helm_release.traefik.values.service.spec.loadBalancerIP`. */
  readonly path?: string;
}

/** A setting that a repository states, so that its next apply would write it again. */
export interface StatedSetting {
  readonly repository: string;
  readonly file: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** `helm_release.traefik`, `kubernetes_service.x` … */
  readonly resource: string;
  readonly path: string;
  readonly value: string;
}

/** A Helm release as a repository or the cluster states it. */
export interface HelmRelease {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly chart: string;
  /** undefined: not pinned. */
  readonly chartVersion?: string;
  readonly deployedChartVersion?: string;
  readonly waits: boolean | undefined;
  readonly atomic: boolean | undefined;
  readonly repository?: string;
}
