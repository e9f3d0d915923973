/* Where exactly a fact was read, and what could not be read. Every answer of Sightline ends in one of the two. */
import type { Kind } from './kinds.ts';

/** The place of one fact: `file` is relative to the snapshot's root. */
export interface Evidence {
  readonly file: string;
  /** 1-based; absent when the format has no lines or nobody needed it yet. */
  readonly line?: number;
  /** What in the file, such as `Service traefik/traefik` or `nat/rule[3]`. */
  readonly object?: string;
  /** Path inside the object, such as `spec.externalTrafficPolicy`. */
  readonly field?: string;
  /** The text found there, redacted where it is secret. */
  readonly value?: string;
}

/** Something that could not be read, and the kinds of facts of a system that may therefore be missing. */
export interface Gap {
  /** Stable within a snapshot, so that sightline.yaml can accept it by name. */
  readonly id: string;
  /** `cluster/home`, `firewall/pfsense`, `dns/technitium` … ; undefined: every system. */
  readonly system?: string;
  /** Kinds that may be incomplete because of it. */
  readonly kinds: readonly Kind[];
  /** One sentence: what is missing or wrong. */
  readonly what: string;
  /** What was expected there, or what would close the gap. */
  readonly expected?: string;
  readonly evidence?: Evidence;
}

/** Who writes a setting, and would write it again. */
export interface Owner {
  readonly kind: 'helm' | 'terraform' | 'argo-cd' | 'flux' | 'live' | 'operator' | 'controller' | 'script';
  /** Release, application, repository id or field manager. */
  readonly name: string;
  readonly evidence?: Evidence;
}
