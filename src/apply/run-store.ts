/* Where runs are kept, and the lock that lets one run write at a time: a folder on this machine, or a cluster. */
import type { JournalStore } from './journal.ts';

/** What belongs to a run besides its journal, as it was when the run began. */
export interface RunFiles {
  readonly plan: string;
  readonly proof: string;
  readonly baseline: string;
}

export interface KeptRun {
  readonly id: string;
  /** Where it is kept, in words or as a folder. */
  readonly path: string;
  readonly journal: JournalStore;
  plan(): Promise<string>;
  proof(): Promise<string>;
  /** '' where there is none. */
  baseline(): Promise<string>;
}

export interface RunLock {
  /** Run whose holder is gone; undefined: it was free. */
  readonly tookOverFrom?: string | undefined;
  release(): Promise<void>;
}

export interface RunStore {
  create(id: string, files: RunFiles): Promise<KeptRun>;
  /** Throws SightlineError `no-run` with the known ones in the hint. */
  open(id: string): Promise<KeptRun>;
  /** Oldest first. */
  ids(): Promise<readonly string[]>;
  /** Throws SightlineError `locked` while another holds it; `waiting` is told where that takes time to find out. */
  lock(run: string, waiting: (says: string) => void): Promise<RunLock>;
}
