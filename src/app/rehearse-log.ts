/* What happens in a rehearsal as it goes: events, the times of every change, and the stills. */
import type { Entry } from '#apply/journal.ts';
import { nowMs } from '#lab/hosts/protocol.ts';
import type { ChangeTimes, RehearsalEvent, Still } from '#report/rehearsal.ts';
import type { Position } from './rehearse-expect.ts';

export interface PlacedStill extends Still {
  readonly position: Position;
}

export class RehearsalLog {
  startMs = nowMs();
  readonly events: RehearsalEvent[] = [];
  readonly changes: ChangeTimes[] = [];
  readonly stills: PlacedStill[] = [];
  firstWriteMs: number | undefined;
  lastWriteMs = 0;
  saying = '';
  private readonly begun = new Map<string, number>();

  /** Milliseconds since the traffic began. */
  get atMs(): number {
    return nowMs() - this.startMs;
  }

  /** The traffic runs from now on. */
  begin(): void {
    this.startMs = nowMs();
  }

  /** The run is over and everything has settled. */
  end(says: string): void {
    this.lastWriteMs = Math.max(this.lastWriteMs, nowMs());
    this.note('end', says);
  }

  note(kind: RehearsalEvent['kind'], says: string): void {
    this.saying = says;
    this.events.push({ atMs: this.atMs, kind, says });
  }

  /** Nothing changes while `during` lasts. */
  async still(says: string, position: Position, during: () => Promise<unknown>): Promise<void> {
    const fromMs = this.atMs;
    await during();
    this.stills.push({ fromMs, toMs: this.atMs, says, position });
  }

  hear(entry: Entry): void {
    if (entry.kind === 'outcome') {
      this.firstWriteMs ??= nowMs();
      this.lastWriteMs = nowMs();
    }
    if (entry.kind === 'turned') this.note('turn', `the run walks back: ${entry.because}`);
    if (entry.kind === 'gate') this.note('gate', entry.says);
    if (entry.kind === 'intent' || entry.kind === 'waiting') this.began(entry.change, entry.direction);
    if (entry.kind === 'verified') this.ended(entry.change, entry.direction);
  }

  private began(change: string, direction: ChangeTimes['direction']): void {
    const key = `${direction} ${change}`;
    if (!this.begun.has(key)) this.begun.set(key, this.atMs);
  }

  private ended(change: string, direction: ChangeTimes['direction']): void {
    const fromMs = this.begun.get(`${direction} ${change}`) ?? this.atMs;
    this.changes.push({ change, direction, fromMs, toMs: this.atMs });
  }
}
