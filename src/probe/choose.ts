/*
 * Which probes a gate after a stage needs: all protected endpoints, all probes of which the model says something else than
 * before the stage, and of the others one for each class, since they go the same way to the same end.
 */
import type { Prediction } from './predict.ts';
import { attemptKind, type Probe } from './prober.ts';

export type Predicting = (probe: Probe) => Prediction;

/** In the order of the probes. `before` undefined: not known, so nothing can be left out. */
export function probesForGate(
  probes: readonly Probe[],
  before: Predicting | undefined,
  after: Predicting,
): readonly Probe[] {
  if (before === undefined) return probes;
  const seen = new Set<string>();
  return probes.filter((probe) => {
    if (probe.why === 'protected') return true;
    const now = after(probe);
    if (textOf(before(probe)) !== textOf(now)) return true;
    const key = classOf(probe, now);
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  });
}

/** Names so that of every way in which they are answered one is there, in their order; the first ones fill up. */
export function namesByClass<Name>(
  names: readonly Name[],
  most: number,
  classOfName: (name: Name) => string,
): readonly Name[] {
  if (names.length <= most) return names;
  const seen = new Set<string>();
  const firsts = names.filter((name) => {
    const key = classOfName(name);
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst;
  });
  const kept = [...new Set([...firsts, ...names])].slice(0, Math.max(most, firsts.length));
  return names.filter((name) => kept.includes(name));
}

function textOf({ outcome, says, addresses, seenAs }: Prediction): string {
  return JSON.stringify([outcome, says, addresses, seenAs]);
}

/** From one place, by one protocol, to one place, with one end. */
function classOf({ from, attempt }: Probe, prediction: Prediction): string {
  const to = attempt.kind === 'dns' ? [attempt.resolver, attempt.type] : [attempt.port];
  return JSON.stringify([from, attemptKind(attempt), attempt.ip, ...to, textOf(prediction)]);
}
