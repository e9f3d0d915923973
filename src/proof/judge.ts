/*
 * One flow, before and after: whether it still arrives, at the same backend, with a way back, as the same client. What
 * was not good before cannot be broken; what is not known is said to be so.
 */
import type { Identity, Trace, Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Gap } from '#estate/evidence.ts';

/** How well a walk goes: every way arrives, some do, none does; or it is not known. */
export type Health = 'good' | 'partly' | 'bad' | 'unknown';

export type Judgement =
  | { readonly kind: 'fine' }
  | { readonly kind: 'broken'; readonly says: string }
  | { readonly kind: 'unknown'; readonly says: string; readonly gap?: Gap };

const fine: Judgement = { kind: 'fine' };

export function healthOf(walk: Walk): Health {
  const known = healths.get(walk);
  if (known !== undefined) return known;
  const health = freshHealth(walk);
  healths.set(walk, health);
  return health;
}

const healths = new WeakMap<Walk, Health>();

function freshHealth(walk: Walk): Health {
  const arrived = walk.traces.filter(arrives).length;
  if (arrived === walk.traces.length) return 'good';
  if (walk.traces.some((t) => !arrives(t) && unknownOf(t))) return 'unknown';
  return arrived > 0 ? 'partly' : 'bad';
}

/** Delivered, and so is the answer. */
export function arrives(trace: Trace): boolean {
  return trace.disposition === 'delivered' && (trace.returnPath?.disposition ?? 'delivered') === 'delivered';
}

function unknownOf(trace: Trace): boolean {
  return trace.disposition === 'unknown' || trace.returnPath?.disposition === 'unknown';
}

/** Keeps working: not worse than before, and where it arrived it arrives at the same application. */
export function judgeArrival(before: Reader, was: Walk, after: Reader, is: Walk): Judgement {
  if (was === is) return fine;
  const [old, now] = [healthOf(was), healthOf(is)];
  if (old === 'bad') return fine;
  if (old === 'unknown') return judgeUnknown(was, is);
  if (now === 'unknown') return unknown(is, 'it is not known whether it still arrives');
  if (now === 'bad' || (old === 'good' && now === 'partly')) return { kind: 'broken', says: failureText(is) };
  if (hasSameBackends(was, is)) return fine;
  const elsewhere = otherBackend(backendsOf(before, was), backendsOf(after, is));
  return elsewhere === undefined ? fine : { kind: 'broken', says: elsewhere };
}

/** No client that was seen rightly is seen as somebody else. */
export function judgeIdentity(was: Walk, is: Walk): Judgement {
  if (was === is) return fine;
  const known = consumersOf(was);
  for (const { identities } of is.traces) {
    if (was.traces.some((t) => t.identities === identities)) continue;
    const consumers = namesOf(identities);
    for (const [i, identity] of identities.entries()) {
      const consumer = consumers[i] ?? '';
      if (identity.is === 'client' || known.get(consumer) !== 'right') continue;
      if (identity.is === 'unknown')
        return unknown(is, `it is not known whom ${consumer} takes the client for`);
      return { kind: 'broken', says: identity.says };
    }
  }
  return fine;
}

const consumersIn = new WeakMap<Walk, ReadonlyMap<string, 'right' | 'wrong'>>();

/** A consumer is right in a walk when it is so in every trace. */
function consumersOf(walk: Walk): ReadonlyMap<string, 'right' | 'wrong'> {
  const known = consumersIn.get(walk);
  if (known !== undefined) return known;
  const out = new Map<string, 'right' | 'wrong'>();
  for (const { identities } of walk.traces) {
    const consumers = namesOf(identities);
    for (const [i, identity] of identities.entries()) {
      const consumer = consumers[i] ?? '';
      if (identity.is !== 'client') out.set(consumer, 'wrong');
      else if (!out.has(consumer)) out.set(consumer, 'right');
    }
  }
  consumersIn.set(walk, out);
  return out;
}

const names = new WeakMap<readonly Identity[], readonly string[]>();

/** Consumers of the identities, made once for each list: walks that meet the same ingress share theirs. */
function namesOf(identities: readonly Identity[]): readonly string[] {
  const known = names.get(identities);
  if (known !== undefined) return known;
  const made = identities.map(consumerOf);
  names.set(identities, made);
  return made;
}

export function identitiesOf(walk: Walk): readonly Identity[] {
  return walk.traces.flatMap((t) => t.identities);
}

function consumerOf(identity: Identity): string {
  return identity.who === undefined ? identity.consumer : `${identity.consumer} ${identity.who}`;
}

/** Not known before: fine where exactly the same is not known after, and nothing else changed. */
function judgeUnknown(was: Walk, is: Walk): Judgement {
  const sameGaps = gapIds(was) === gapIds(is) && healthOf(is) === 'unknown';
  const sameEnds = endsOf(was) === endsOf(is);
  return sameGaps && sameEnds ? fine : unknown(was, 'it was not known whether it arrived before the change');
}

function gapIds(walk: Walk): string {
  return [...new Set(walk.traces.flatMap((t) => t.gaps.map((g) => g.id)))].sort().join();
}

function endsOf(walk: Walk): string {
  return walk.traces
    .map((t) => `${t.disposition} ${t.dialled ?? ''} ${t.reached?.ingress ?? t.reached?.ip ?? ''}`)
    .join();
}

function unknown(walk: Walk, says: string): Judgement {
  const gap = walk.traces.flatMap((t) => t.gaps)[0];
  return gap === undefined ? { kind: 'unknown', says } : { kind: 'unknown', says, gap };
}

/** Applications, or pods' owners where no ingress stands before them: what the client means to reach. */
function backendsOf(reader: Reader, walk: Walk): ReadonlySet<string> {
  return new Set(walk.traces.filter(arrives).map((t) => backendOf(reader, t)));
}

function backendOf(reader: Reader, trace: Trace): string {
  if (trace.application !== undefined) return `application ${trace.application.service}`;
  const { reached } = trace;
  if (reached === undefined) return 'nothing';
  if (reached.ingress !== undefined) return `${reached.ingress} port ${reached.port}`;
  const pod = reached.pod === undefined ? undefined : podOf(reader, reached.cluster, reached.pod);
  if (pod === undefined) return `${reached.pod ?? reached.ip} port ${reached.port}`;
  return `${pod.namespace}/${ownerText(pod)} port ${reached.port}`;
}

function podOf(reader: Reader, cluster: string | undefined, pod: string) {
  return (reader.get('pod', pod) ?? reader.get('pod', `${cluster ?? ''}/${pod}`))?.value;
}

function ownerText(pod: {
  readonly ownedBy?: string;
  readonly labels: Readonly<Record<string, string>>;
}): string {
  return pod.ownedBy ?? JSON.stringify(Object.entries(pod.labels).sort());
}

/** Every way that arrives does so at an application that a way before arrived at: no reader is needed to tell. */
function hasSameBackends(was: Walk, is: Walk): boolean {
  return is.traces.every(
    (t) =>
      !arrives(t) ||
      (t.application !== undefined &&
        was.traces.some((w) => arrives(w) && w.application?.service === t.application?.service)),
  );
}

function otherBackend(was: ReadonlySet<string>, is: ReadonlySet<string>): string | undefined {
  for (const backend of is) {
    if (!was.has(backend)) return `it arrives at ${backend} instead of ${[...was].join(' or ')}`;
  }
  return undefined;
}

/** One sentence about the first way that fails: how it ended, and the step that ended it. */
export function failureText(walk: Walk): string {
  const failed = walk.traces.find((t) => !arrives(t));
  if (failed === undefined) return 'it arrives';
  const isBack = failed.disposition === 'delivered';
  const hops = isBack ? (failed.returnPath?.hops ?? []) : failed.hops;
  const last = hops.at(-1)?.steps.at(-1)?.says;
  const end = isBack
    ? `the answer ends ${failed.returnPath?.disposition ?? ''}`
    : `it ends ${failed.disposition}`;
  const dialled = failed.dialled === undefined ? '' : ` after dialling ${failed.dialled}`;
  return last === undefined ? `${end}${dialled}` : `${end}${dialled}: ${last}`;
}
