/*
 * One application before and after a plan, asked of the model and of the kernel: whom the ingress sees as the client, and
 * whether HTTP/3 completes, on the port that clients are told and on the one that they dialled.
 */
import type { Actuator } from '#apply/actuator.ts';
import type { Flow } from '#dataplane/flow.ts';
import { namesOf } from '#dataplane/flows.ts';
import { walk } from '#dataplane/walk.ts';
import { SightlineError } from '#estate/error.ts';
import { type Reader, readerOf } from '#estate/estate.ts';
import { labActuators } from '#lab/estate/actuators.ts';
import { type EstateLab, startEstateLab } from '#lab/estate/estate-lab.ts';
import type { LabUnavailable } from '#lab/kernel/availability.ts';
import type { DnsName } from '#net/name.ts';
import type { Plan } from '#plan/plan.ts';
import {
  type BeforeAfter,
  type BeforeAfterCell,
  type BeforeAfterRow,
  isSeenAsPredicted,
  type Sight,
} from '#report/before-after.ts';
import { observe } from './lab-observe.ts';
import type { Snapshot } from './load-snapshot.ts';
import { readerAfter } from './model-after.ts';

export interface BeforeAfterOptions {
  /** An application's name; the first one with a direct way from outside where not given. */
  readonly name?: DnsName;
  /** Vantage point ids; the first of the internet and the first of a LAN where not given. */
  readonly from?: readonly string[];
  /** Attempts for each cell; 6 where not given. */
  readonly attempts?: number;
}

/** Short TTLs, so that after the plan's last write nobody holds an old answer for long. */
const timeScale = 1 / 1000;
const longestHeldMs = 1200;

/** Brings the estate up, asks, carries the plan's changes out in the lab, asks again. */
export async function beforeAfter(
  snapshot: Snapshot,
  plan: Plan,
  options: BeforeAfterOptions = {},
): Promise<BeforeAfter | LabUnavailable> {
  const began = performance.now();
  const start = readerOf(snapshot.estate);
  const lab = await startEstateLab(snapshot.estate, { timeScale });
  if (lab.kind === 'unavailable') return lab;
  const upMs = performance.now() - began;
  try {
    const asked = questions(start, options);
    const before = await askAll(lab, start, asked, options);
    await carryOut(lab, plan);
    const after = await askAll(lab, readerAfter(start, plan), asked, options);
    const rows = asked.map((q, at) => rowOf(q, before[at], after[at]));
    return {
      kind: 'before-after',
      name: asked[0]?.flow.to.name ?? '',
      rows,
      upMs,
      totalMs: performance.now() - began,
    };
  } finally {
    await lab.down();
  }
}

/** Every change of the plan, in order, without its waits and gates. */
export async function carryOut(lab: EstateLab, plan: Plan): Promise<void> {
  const actuators: readonly Actuator[] = labActuators({
    store: lab.store,
    names: lab.names,
    rollout: lab.rollout,
  });
  for (const change of plan.stages.flatMap((s) => s.changes)) {
    if (change.change.kind === 'wait') continue;
    const outcome = await actuators[0]?.write(change);
    if (outcome?.kind !== 'written')
      throw new SightlineError('lab-change', `${change.title}: ${JSON.stringify(outcome)}`, {
        hint: 'The lab is not in the state that the plan starts from.',
      });
    await lab.controllers.settled();
  }
  await new Promise((resolve) => setTimeout(resolve, longestHeldMs));
}

export interface Question {
  readonly what: BeforeAfterRow['what'];
  readonly flow: Flow & { readonly to: { readonly name: DnsName } };
}

export const whats = ['https', 'http3-told', 'http3-same'] as const;

function questions(reader: Reader, options: BeforeAfterOptions): readonly Question[] {
  const points = reader.all('vantagePoint').map((v) => v.value);
  const first = (kind: string) => points.find((p) => p.kind === kind)?.id;
  const from = options.from ?? [first('internet'), first('lan')].filter((id) => id !== undefined);
  const name = options.name ?? directName(reader, from[0]);
  if (name === undefined)
    throw new SightlineError(
      'no-direct-name',
      'no application of this estate is reached from outside without a tunnel',
    );
  return from.flatMap((id) =>
    whats.map((what) => ({
      what,
      flow: { from: id, family: 4 as const, to: { name }, port: 443, protocol: 'tcp' as const },
    })),
  );
}

/** The first name that the model delivers from there, by an address of the estate. */
function directName(reader: Reader, from: string | undefined): DnsName | undefined {
  if (from === undefined) return undefined;
  return namesOf(reader).find((name) => {
    const { traces } = walk(reader, { from, family: 4, to: { name }, port: 443, protocol: 'tcp' });
    return traces.some((t) => t.disposition === 'delivered' && t.dialled !== undefined);
  });
}

function askAll(
  lab: EstateLab,
  reader: Reader,
  asked: readonly Question[],
  options: BeforeAfterOptions,
): Promise<readonly BeforeAfterCell[]> {
  return Promise.all(asked.map((q) => askOne(lab, reader, q, options.attempts ?? 6)));
}

/**
 * One question to both. Where answers are missing that the model expects the kernel is asked once more, since a busy machine
 * lets flows time out too; whom an application saw stands as it was seen.
 */
export async function askOne(
  lab: EstateLab,
  reader: Reader,
  question: Question,
  attempts: number,
): Promise<BeforeAfterCell> {
  const model = inModel(reader, question);
  const first = { model, kernel: await inKernel(lab, question, attempts) };
  const isMissing =
    first.kernel.says !== undefined && first.kernel.clients.every((c) => model.clients.includes(c));
  return isSeenAsPredicted(first) || !isMissing
    ? first
    : { model, kernel: await inKernel(lab, question, attempts) };
}

function inModel(reader: Reader, { what, flow }: Question): Sight {
  const told = walk(reader, flow).traces;
  if (what === 'https')
    return sightOf(
      told.map((t) => (t.disposition === 'delivered' ? t.seenAs : undefined)),
      told[0]?.disposition,
    );
  const port =
    what === 'http3-same'
      ? 443
      : told.find((t) => t.quic?.advertisedPort !== undefined)?.quic?.advertisedPort;
  if (port === undefined) return { clients: [], says: 'not offered' };
  const udp = walk(reader, { ...flow, port, protocol: 'udp' }).traces;
  const sight = sightOf(
    udp.map((t) => (t.disposition === 'delivered' ? t.seenAs : undefined)),
    udp[0]?.disposition,
  );
  return { ...sight, port };
}

async function inKernel(lab: EstateLab, { what, flow }: Question, attempts: number): Promise<Sight> {
  if (what === 'https') {
    const protocols = Array.from(
      { length: attempts },
      (_, at) => (at % 2 === 0 ? 'http1' : 'http2') as 'http1' | 'http2',
    );
    const seen = await Promise.all(protocols.map((protocol) => observe(lab, flow, { protocol })));
    return sightOf(
      seen.map((s) => s.socket),
      seen.find((s) => s.verdict !== 'delivered')?.verdict,
    );
  }
  const port = what === 'http3-same' ? 443 : await advertisedPort(lab, flow);
  if (port === undefined) return { clients: [], says: 'not offered' };
  const udp = { ...flow, port, protocol: 'udp' as const };
  const seen = await Promise.all(
    Array.from({ length: attempts }, () => observe(lab, udp, { protocol: 'http3' })),
  );
  return {
    ...sightOf(
      seen.map((s) => s.socket),
      seen.find((s) => s.verdict !== 'delivered')?.verdict,
    ),
    port,
  };
}

/** The port that Alt-Svc names, as a client reads it. */
async function advertisedPort(lab: EstateLab, flow: Flow): Promise<number | undefined> {
  const { altSvc } = await observe(lab, flow, { protocol: 'http1' });
  const port = /h3="[^":]*:(\d+)"/.exec(altSvc ?? '')?.[1];
  return port === undefined ? undefined : Number(port);
}

function sightOf(clients: readonly (string | undefined)[], says: string | undefined): Sight {
  const seen = [...new Set(clients.filter((c) => c !== undefined))].sort();
  const all = clients.length > 0 && clients.every((c) => c !== undefined);
  return { clients: seen, ...(!all && says !== undefined && { says }) };
}

function rowOf(
  { what, flow }: Question,
  before: BeforeAfterCell | undefined,
  after: BeforeAfterCell | undefined,
): BeforeAfterRow {
  const nothing: BeforeAfterCell = { model: { clients: [] }, kernel: { clients: [] } };
  return { vantage: flow.from, what, before: before ?? nothing, after: after ?? nothing };
}
