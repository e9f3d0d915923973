/*
 * A change: settings written together through one owner, or a wait. Data only; its inverse is the same data turned
 * round. Every kind of fact that a plan may write stands in WritableKind, and nothing else can be written.
 */
import type { Evidence } from '#estate/evidence.ts';
import type { FactKey } from '#estate/fact.ts';
import type { Kinds } from '#estate/kinds.ts';
import type { Ip } from '#net/ip.ts';

/** Facts that a plan can write. Documents and repository texts are `mention` and `statedSetting`. */
export type WritableKind =
  | 'service'
  | 'pool'
  | 'recordSet'
  | 'translation'
  | 'nameRule'
  | 'alias'
  | 'portForward'
  | 'filterRule'
  | 'firewall'
  | 'tunnelRule'
  | 'workload'
  | 'ingress'
  | 'middleware'
  | 'helmRelease'
  | 'banAllowlist'
  | 'monitor'
  | 'unmanagedHop'
  | 'mention'
  | 'statedSetting'
  | 'repository'
  | 'systemAccess';

/**
 * One fact as it is before and after. null: absent (the write creates or deletes it, and the other side is the whole
 * value). Otherwise both sides hold just the fields that change.
 */
export interface SettingOf<K extends WritableKind> {
  readonly of: K;
  /** Fact id within the kind. */
  readonly id: string;
  readonly before: Partial<Kinds[K]> | null;
  readonly after: Partial<Kinds[K]> | null;
}
export type Setting = { readonly [K in WritableKind]: SettingOf<K> }[WritableKind];

/** Written in one move of the real system (one API call, one apply, one save on the firewall). */
export interface SetChange {
  readonly kind: 'set';
  readonly settings: readonly Setting[];
}

/**
 * Time or a condition that lets earlier answers and flows end. Its inverse is the same wait. `seconds` is the least
 * time that passes for answers and stragglers (nobody was seen for that long), and the most for a condition.
 */
export interface WaitChange {
  readonly kind: 'wait';
  /** Waited only on the way forward, or only when rolling back past it; undefined: both. */
  readonly direction?: 'forward' | 'back';
  readonly for:
    | { readonly kind: 'answers'; readonly record: FactKey; readonly seconds: number }
    | { readonly kind: 'stragglers'; readonly ip: Ip; readonly seconds: number; readonly seenBy: string }
    | { readonly kind: 'condition'; readonly says: string; readonly seconds: number };
}

export type Change = SetChange | WaitChange;

/** Who carries it out: an interface of the system, its owner's repository and apply, a person, or nobody (time). */
export interface Through {
  readonly by: 'api' | 'repository' | 'operator' | 'time';
  /** `cluster/home`, `dns/technitium`, `firewall/pfsense`, `source/infra` … */
  readonly system: string;
  /** Repository id, when by its owner's apply. */
  readonly repository?: string;
}

/** Why a change is in the plan: what breaks, or stays unreached, without it. */
export interface Because {
  readonly says: string;
  /** Code of the invariant or goal condition that it serves. */
  readonly serves: string;
  readonly evidence: readonly Evidence[];
}

export interface PlannedChange {
  /** Unique in the plan, readable: `record-apex`, `alias-traefik-lb`. */
  readonly id: string;
  readonly title: string;
  readonly change: Change;
  readonly through: Through;
  readonly because: Because;
}

/** The change that takes this one back. */
export function inverseOf(change: Change): Change {
  if (change.kind === 'wait') return change;
  const settings = [...change.settings].reverse().map(turnRound);
  return { kind: 'set', settings };
}

function turnRound(setting: Setting): Setting {
  return { ...setting, before: setting.after, after: setting.before } as Setting;
}
