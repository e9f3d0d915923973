/*
 * How long one change takes, by who carries it out: upper bounds that windows are summed from. Not measurements of the
 * user's estate; operatorMinutes and maxStale come from sightline.yaml.
 */
import type { Reader } from '#estate/estate.ts';
import type { PlannedChange } from './change.ts';

export interface Duration {
  readonly says: string;
  readonly seconds: number;
  readonly source: string;
}

const table = {
  api: { seconds: 10, source: 'one call and its read-back, with retries' },
  'repository-helm': { seconds: 300, source: "Helm's own default timeout of an upgrade (5 minutes)" },
  repository: { seconds: 120, source: 'one plan and apply of one stack' },
  announcement: {
    seconds: 10,
    source: 'MetalLB: gratuitous ARP is sent for 5 s after a change; neighbours follow within 10 s',
  },
} as const;

/** Upper bound of the time that the change takes; a wait takes as long as it says. */
export function durationOf(reader: Reader, planned: PlannedChange): Duration {
  const { change, through, title } = planned;
  if (change.kind === 'wait') {
    return {
      says: title,
      seconds: change.direction === 'back' ? 0 : change.for.seconds,
      source: 'the wait itself',
    };
  }
  if (through.by === 'operator') return { says: `${title} (by hand)`, ...operatorTime(reader) };
  if (through.by === 'api') return { says: title, ...table.api };
  const isHelm = change.settings.some((s) => s.of === 'service' || s.of === 'workload');
  return { says: title, ...(isHelm ? table['repository-helm'] : table.repository) };
}

/** From the moment that a VIP's announcer changes until neighbours follow. */
export function announcementTime(): Duration {
  return { says: 'neighbours learn the new announcer', ...table.announcement };
}

function operatorTime(reader: Reader): Pick<Duration, 'seconds' | 'source'> {
  const minutes = reader.get('durations', 'durations')?.value.operatorMinutes ?? 10;
  return { seconds: minutes * 60, source: 'operatorMinutes in sightline.yaml' };
}
