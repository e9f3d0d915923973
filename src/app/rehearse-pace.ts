/*
 * Keeps a rehearsal's traffic at a pace that leaves about half of the machine idle, so that gaps measure the change and
 * not the load. Looks at all processors, other programs of the machine included.
 */
import { cpuTimes, idleSince } from './rehearse-scale.ts';

/** Share of the processors that traffic, lab and everything else may take together. */
const wantedBusy = 0.46;
/** Factor on the planned rates. */
export const firstPace = 0.8;
const leastPace = 0.3;
const mostPace = 3;
/** A step at a time, or the pace would swing. */
const biggestStep = 1.2;
const everyMs = 500;

/** The next pace, from how busy the machine was at this one. */
export function nextPace(pace: number, busy: number): number {
  const step = Math.min(biggestStep, Math.max(1 / biggestStep, wantedBusy / Math.max(0.01, busy)));
  return Math.min(mostPace, Math.max(leastPace, pace * step));
}

/** Calls `set` with a new pace about twice a second; gives what stops it. */
export function keepPace(set: (pace: number) => void): () => void {
  let pace = firstPace;
  let before = cpuTimes();
  const timer = setInterval(() => {
    const busy = 1 - idleSince(before);
    before = cpuTimes();
    pace = nextPace(pace, busy);
    set(pace);
  }, everyMs);
  return () => clearInterval(timer);
}
