/*
 * A ban of a client from outside, before a plan and after it: whether the ingress refuses whom the ban list holds. The real
 * CrowdSec decides and the lab's bouncers ask it; nobody else sends traffic meanwhile, and the ban is taken back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Flow } from '#dataplane/flow.ts';
import { walk } from '#dataplane/walk.ts';
import { SightlineError } from '#estate/error.ts';
import { type Estate, makeEstate, type Reader, readerOf } from '#estate/estate.ts';
import { fact } from '#estate/fact.ts';
import type { EstateLab } from '#lab/estate/estate-lab.ts';
import { familyOf, type Ip } from '#net/ip.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import type { BanLine, BanSight } from '#report/rehearsal.ts';
import { observe } from './lab-observe.ts';
import { readerAfter } from './model-after.ts';

/** Several pods have a copy each: so many answers come from all of them. */
const attempts = 12;
/** Bouncers of the lab ask three times a second; a busy machine lets them wait. */
const heardWithinMs = 5000;

export interface BanQuestion {
  readonly vantage: string;
  readonly client: Ip;
  readonly name: DnsName;
}

/** Throws SightlineError where the estate has no CrowdSec, or nothing behind it that clients from outside reach. */
export function banQuestion(lab: EstateLab): BanQuestion {
  const { reader } = lab.store;
  const point = reader.all('vantagePoint').find((v) => v.value.kind === 'internet')?.value;
  const client = point?.clients.find((ip) => familyOf(ip) === 4);
  const name = bouncedName(reader);
  if (lab.bans === undefined || point === undefined || client === undefined || name === undefined)
    throw new SightlineError('nothing-to-ban', 'no client from outside can be banned in this estate', {
      hint: 'It takes CrowdSec in a pod, an application behind a bouncer that outside names lead to, and an internet vantage point.',
    });
  return { vantage: point.id, client, name };
}

/** An application behind the bouncer, without an allowlist, that outside names resolve to directly. */
export function bouncedName(reader: Reader): DnsName | undefined {
  const has = (ids: readonly string[], cluster: string, kind: string) =>
    ids.some((id) => reader.get('middleware', `${cluster}/${id}`)?.value.rule.kind === kind);
  const routes = reader
    .all('route')
    .map((r) => r.value)
    .filter(
      (r) => has(r.middlewares, r.cluster, 'ban-list') && !has(r.middlewares, r.cluster, 'ip-allow-list'),
    );
  const records = reader.all('recordSet').map((r) => r.value);
  const isDirect = (host: string) => {
    const own = records.filter((r) => `${r.name}` === host);
    return own.length > 0 && own.every((r) => r.isProxied !== true);
  };
  return routes.flatMap((r) => r.match.hosts).find(isDirect) as DnsName | undefined;
}

/** Bans, asks until every pod refuses or has had its time, and takes the ban back. */
export async function tryBan(lab: EstateLab, question: BanQuestion): Promise<BanSight> {
  await lab.bans?.ban(question.client);
  const seen = await untilIs(lab, question, 'refused');
  await lab.bans?.pardon(question.client);
  await untilIs(lab, question, 'answered');
  return seen;
}

/** What it is when every pod has had its time to hear of it, or as soon as it is so. */
async function untilIs(lab: EstateLab, question: BanQuestion, wanted: BanSight): Promise<BanSight> {
  const end = performance.now() + heardWithinMs;
  for (;;) {
    const seen = await askAll(lab, question);
    if (seen === wanted || performance.now() > end) return seen;
    await sleep(200);
  }
}

async function askAll(lab: EstateLab, question: BanQuestion): Promise<BanSight> {
  const seen: (number | undefined)[] = [];
  for (let at = 0; at < attempts; at++)
    seen.push((await observe(lab, flowOf(question), { protocol: 'http2', timeoutMs: 2500 })).status);
  if (seen.every((status) => status === 403)) return 'refused';
  return seen.every((status) => status !== undefined && status < 400) ? 'answered' : 'partly';
}

function flowOf({ vantage, name }: BanQuestion): Flow {
  return { from: vantage, family: 4, to: { name }, port: 443, protocol: 'tcp' };
}

/** What the model says of the same ban, before the plan and (where it was carried out) after it. */
export function predictBan(
  estate: Estate,
  plan: Plan,
  question: BanQuestion,
  isDone: boolean,
): Pick<BanLine, 'before' | 'after'> {
  const value = { system: 'lab', id: '1', scope: 'Ip', value: question.client, type: 'ban', origin: 'lab' };
  const banned = [...estate.facts.values(), fact('banDecision', value, { file: 'lab' })];
  const start = readerOf(makeEstate(banned, estate.gaps));
  return {
    before: inModel(start, question),
    after: inModel(isDone ? readerAfter(start, plan) : start, question),
  };
}

function inModel(reader: Reader, question: BanQuestion): BanSight {
  const verdicts = walk(reader, flowOf(question)).traces.map((trace) =>
    trace.identities.some((i) => i.consumer === 'ban-list' && i.verdict === 'refuse'),
  );
  if (verdicts.length > 0 && verdicts.every((isRefused) => isRefused)) return 'refused';
  return verdicts.some((isRefused) => isRefused) ? 'partly' : 'answered';
}
