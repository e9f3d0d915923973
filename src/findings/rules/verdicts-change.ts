/*
 * Middlewares that decide by the client's address decide otherwise once clients are seen as themselves. Each way is
 * walked as the estate is and as it would be with policy Local, and the verdicts are compared.
 */

import type { Flow } from '#dataplane/flow.ts';
import type { Identity, Walk } from '#dataplane/trace.ts';
import { type Reader, readerOver, writeOf } from '#estate/estate.ts';
import { claim, finding, list } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf } from '../frontends.ts';
import { distinct, groupBy } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import type { Rule, RuleContext } from '../rule.ts';

interface Change {
  readonly flow: Flow;
  readonly before: Identity;
  readonly after: Identity;
  readonly names: string[];
}

export const verdictsChange: Rule = {
  code: 'verdicts-change',
  looksFor: 'middlewares whose verdict changes when clients are seen as themselves',
  cases: [],
  needs: [...walkKinds, 'banEngine', 'banAllowlist', 'banDecision'],
  check: (context) => {
    const { reader } = context;
    const hasKeyed = reader
      .all('middleware')
      .some((m) => ['ip-allow-list', 'rate-limit', 'in-flight', 'ban-list'].includes(m.value.rule.kind));
    const masked = frontendsOf(reader).filter(
      (f) => f.service.value.externalPolicy === 'cluster' && f.vips.length > 0,
    );
    if (!hasKeyed || masked.length === 0) return [];
    const after = context.asIf(asLocal(reader));
    const changes = changesOf(context, after);
    return [
      ...groupBy(
        changes,
        (c) =>
          `${c.before.who ?? ''} ${c.before.verdict ?? ''} ${c.after.verdict ?? ''} ${isIntended(reader, c)}`,
      ).values(),
    ].map((group) => findingOf(context, group));
  },
};

/** Every ingress Service with policy Local, all else as it is: the addresses stay, so the same flows compare. */
function asLocal(reader: Reader): Reader {
  const writes = frontendsOf(reader).map((f) =>
    writeOf(reader, 'service', { ...f.service.value, externalPolicy: 'local' }),
  );
  return readerOver(reader, writes);
}

function changesOf(context: RuleContext, after: RuleContext): readonly Change[] {
  const judged = new Map<string, Change | undefined>();
  for (const flow of context.flows) {
    if (flow.port !== 443 || flow.protocol !== 'tcp' || !('name' in flow.to)) continue;
    for (const before of keyedOf(context.walk(flow))) {
      const key = keyOf(flow, before);
      if (!judged.has(key)) judged.set(key, changeOf(after, flow, before));
      judged.get(key)?.names.push(...context.namesLike(flow.to.name));
    }
  }
  return [...judged.values()].filter((c) => c !== undefined);
}

/** undefined: the verdict stays. */
function changeOf(after: RuleContext, flow: Flow, before: Identity): Change | undefined {
  const other = keyedOf(after.walk(flow)).find((n) => n.consumer === before.consumer && n.who === before.who);
  if (other === undefined || other.verdict === before.verdict) return undefined;
  return { flow, before, after: other, names: [] };
}

/** One name stands for all that are judged by the same middleware as the same client from the same place. */
function keyOf(flow: Flow, i: Identity): string {
  return `${flow.from} ${flow.family} ${i.consumer} ${i.who ?? ''} ${i.client ?? ''} ${i.is}`;
}

const keyed: readonly Identity['consumer'][] = ['allowlist', 'rate-limit', 'ban-list'];

function keyedOf(walk: Walk): readonly Identity[] {
  return walk.traces.flatMap((t) =>
    t.identities.filter((i) => keyed.includes(i.consumer) && i.verdict !== undefined),
  );
}

function isIntended(reader: Reader, c: Change): boolean {
  if (c.after.verdict !== 'refuse') return false;
  return reader
    .all('intendedRefusal')
    .some((i) => i.value.middleware === c.before.who && i.value.from.includes(c.flow.from));
}

function findingOf(context: RuleContext, group: readonly Change[]): Finding {
  const [first] = group;
  if (first === undefined) throw new RangeError('a group has at least one change');
  const { reader } = context;
  const { before, after } = first;
  const name = before.who ?? before.consumer;
  const from = distinct(group.map((c) => c.flow.from));
  const intended = reader.all('intendedRefusal').find((i) => i.value.middleware === name);
  const isRefusal = after.verdict === 'refuse' && before.verdict !== 'refuse';
  const isWanted = isRefusal && intended !== undefined && from.every((f) => intended.value.from.includes(f));
  return finding({
    code: 'verdicts-change',
    severity: before.verdict === 'pass' && isRefusal && !isWanted ? 'warning' : 'notice',
    subject: `${name} from ${list(from)}`,
    title: `${name} ${verdictText(before)} from ${list(from)} today and ${verdictText(after)} once clients are seen as themselves`,
    cause: `Today it judges ${before.client ?? 'nobody'} (${before.is === 'client' ? 'the client' : `a ${before.is}`}), which stands in for everybody who comes that way; with the real address, ${after.client ?? 'none'}, its answer is another.${isWanted ? ` That refusal is intended: ${intended.value.why}` : ''}`,
    claims: [
      claim(`today: ${before.says}`, ...before.because),
      claim(`with Local: ${after.says}`, ...after.because),
      ...(intended && isRefusal
        ? [claim(`sightline.yaml ${isWanted ? 'wants' : 'speaks of'} this: ${intended.value.why}`, intended)]
        : []),
    ],
    refutedBy: `a request from ${from[0] ?? 'there'} before and after the move with the same answer of ${name}`,
    affects: {
      flows: from,
      names: distinct(group.flatMap((c) => c.names)),
    },
    effectOf: 'client-masked',
    advice: isWanted
      ? [`Expect it, and check that nobody wanted comes from ${list(from)}.`]
      : isRefusal
        ? [
            `Before the move, decide whether ${list(from)} should be let in, and say so in ${name} or under "intended" in sightline.yaml.`,
          ]
        : after.verdict === 'bans'
          ? [
              'Real decisions begin with the move: see that everybody who must never be banned is covered (allowlist-coverage).',
            ]
          : [`Check that the limits of ${name} fit single clients.`],
  });
}

function verdictText(i: Identity): string {
  const texts = {
    pass: 'lets everybody in',
    refuse: 'refuses clients',
    bans: 'would ban the address it sees',
    ignores: 'never decides about clients',
    'per-client': 'counts each client apart',
    'one-bucket': 'counts everybody in one bucket',
    unknown: 'is not known to decide',
  } as const;
  return i.verdict === 'pass' && (i.is === 'client' || i.is === 'forged')
    ? 'lets clients in'
    : texts[i.verdict ?? 'unknown'];
}
