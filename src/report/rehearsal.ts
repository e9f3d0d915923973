/* What a rehearsal came to: as data (its JSON record) and as text for a terminal. */
import type { RunResult } from '#apply/execute.ts';
import { plain } from './plain.ts';
import { columns, type Palette } from './style.ts';

/** One kind of traffic from one vantage point. */
export interface TrafficLine {
  readonly vantage: string;
  /** `https (1.1)`, `http/3`, `dns`, `postgresql`, `udp 51820` … */
  readonly what: string;
  readonly target: string;
  readonly requests: number;
  readonly failures: number;
  /** Why they failed, with how often. */
  readonly causes: Readonly<Record<string, number>>;
  /** Longest time between two answers, in milliseconds, while requests were sent. */
  readonly longestGapMs: number;
  /** As whom the far end saw the client before the first write and after the last. */
  readonly clientsBefore: readonly string[];
  readonly clientsAfter: readonly string[];
  /** Answers and failures in each slice of the timeline. */
  readonly slices: readonly Counted[];
  /** Milliseconds of the first failed request's start and of the last one's end; undefined: none failed. */
  readonly failing?: { readonly fromMs: number; readonly toMs: number };
  /** Requests that used ports and addresses that an earlier one had used. */
  readonly repeats: number;
  /** In each of the rehearsal's stills, by their order. */
  readonly stills: readonly StillCount[];
}

export interface Counted {
  readonly ok: number;
  readonly failed: number;
}

/** What one kind of traffic showed while nothing changed. */
export interface StillCount extends Counted {
  /** Where the prover says so: all ways arrive, some, none; or it does not know, or nobody can ask. */
  readonly expected: 'good' | 'partly' | 'bad' | 'unknown' | 'nobody-asks';
}

/** A time in which nothing changed and every controller had settled, with what had happened before it. */
export interface Still {
  readonly fromMs: number;
  readonly toMs: number;
  readonly says: string;
}

/** When a change of the plan was begun and when it read back. */
export interface ChangeTimes {
  readonly change: string;
  readonly direction: 'forward' | 'back';
  readonly fromMs: number;
  readonly toMs: number;
}

/** One statement of the proof, beside what the kernel showed. */
export interface Verdict {
  readonly says: string;
  readonly isAsProved: boolean;
}

/** A window that the proof computed. */
export interface ProvedWindow {
  readonly says: string;
  readonly seconds: number;
  readonly names: readonly string[];
  readonly vantagePoints: readonly string[];
  /** Ids of the changes that open and close it. */
  readonly opens: string;
  readonly closes: string;
}

/** A connection from before the change. */
export interface LongFlowLine {
  readonly vantage: string;
  readonly kind: string;
  readonly target: string;
  readonly answered: number;
  readonly longestGapMs: number;
  /** When and why it ended; undefined: it lived to the end. */
  readonly ended?: { readonly atMs: number; readonly cause: string };
}

/** What the model says beforehand of the application at one vantage point. */
export interface PredictionLine {
  readonly vantage: string;
  readonly family: 4 | 6;
  readonly what: 'https' | 'http3-told' | 'http3-same';
  readonly before: string;
  readonly after: string;
  /** What the kernel showed. */
  readonly seenBefore: string;
  readonly seenAfter: string;
  /** Where the model names several clients, some of them are enough; true as well where the lab cannot tell. */
  readonly isAsPredicted: boolean;
  /** Why the lab may show something else than life. */
  readonly note?: string;
}

/** How the ingress answers a client that the ban list holds; `partly`: not always, or not at all. */
export type BanSight = 'refused' | 'answered' | 'partly';

/** A ban before the plan and after it: as the model says, and as the kernel showed. */
export interface BanLine {
  readonly vantage: string;
  readonly client: string;
  readonly name: string;
  readonly before: BanSight;
  readonly after: BanSight;
  readonly seenBefore: BanSight;
  readonly seenAfter: BanSight;
}

export interface RehearsalEvent {
  readonly atMs: number;
  readonly kind: 'stage' | 'change' | 'wait' | 'gate' | 'fault' | 'turn' | 'end';
  readonly says: string;
}

export interface Rehearsal {
  readonly format: 1;
  readonly kind: 'rehearsal';
  readonly plan: string;
  readonly result: RunResult;
  readonly timeScale: number;
  readonly faults: readonly string[];
  readonly rollbackAt?: string;
  readonly upMs: number;
  readonly trafficMs: number;
  readonly totalMs: number;
  /** Share of the machine's processors that did nothing while traffic ran. */
  readonly idleShare: number;
  readonly sliceMs: number;
  readonly events: readonly RehearsalEvent[];
  readonly lines: readonly TrafficLine[];
  readonly flows: readonly LongFlowLine[];
  readonly predictions: readonly PredictionLine[];
  /** Only where it was asked for. */
  readonly ban?: BanLine;
  readonly windows: readonly ProvedWindow[];
  /** Flows that the proof says will end. */
  readonly endings: readonly string[];
  readonly changes: readonly ChangeTimes[];
  readonly stills: readonly Still[];
  readonly verdicts: readonly Verdict[];
  readonly notBuilt: readonly string[];
}

export function totals(r: Rehearsal): { readonly requests: number; readonly failures: number } {
  return {
    requests: r.lines.reduce((sum, l) => sum + l.requests, 0),
    failures: r.lines.reduce((sum, l) => sum + l.failures, 0),
  };
}

/** Tables for a terminal. */
export function rehearsalToText(r: Rehearsal, palette: Palette): string {
  const { requests, failures } = totals(r);
  const verdict = failures === 0 ? palette.good : palette.bad;
  return [
    `${palette.strong('Rehearsed')}  ${plain(r.plan)}: ${resultText(r.result)}`,
    verdict(`${failures} failed of ${requests} requests; longest gap ${Math.round(longestGap(r))} ms`),
    ...(r.faults.length > 0 ? [`with ${r.faults.join(', ')}`] : []),
    '',
    columns([
      ['from', 'what', 'to', 'requests', 'failed', 'gap ms', 'client before', 'client after'],
      ...r.lines.map((l) => [
        plain(l.vantage),
        plain(l.what),
        plain(l.target),
        `${l.requests}`,
        l.failures === 0 ? '0' : palette.bad(`${l.failures} ${causesText(l)}`),
        `${Math.round(l.longestGapMs)}`,
        l.clientsBefore.map((c) => plain(c)).join(' or '),
        l.clientsAfter.map((c) => plain(c)).join(' or '),
      ]),
    ]),
    '',
    palette.strong('Connections from before the change'),
    columns([
      ['from', 'what', 'to', 'answers', 'gap ms', 'end'],
      ...r.flows.map((f) =>
        [f.vantage, f.kind, f.target, `${f.answered}`, `${Math.round(f.longestGapMs)}`, endText(f)].map((t) =>
          plain(t),
        ),
      ),
    ]),
    ...r.endings.map((e) => palette.dim(`announced: ${plain(e)}`)),
    '',
    palette.strong('Beside the prediction'),
    columns([
      ['from', 'what', 'model before', 'kernel before', 'model after', 'kernel after'],
      ...r.predictions.map((p) =>
        [p.vantage, askedText(p), p.before, p.seenBefore, p.after, p.seenAfter].map((t) => plain(t)),
      ),
    ]),
    ...r.predictions.flatMap((p) =>
      p.note === undefined ? [] : [palette.dim(plain(`${p.vantage} ${askedText(p)}: ${p.note}`))],
    ),
    '',
    palette.strong('Beside the proof'),
    ...r.verdicts.map((v) => verdictText(v, palette)),
    '',
    palette.dim(
      `up in ${seconds(r.upMs)}, traffic ${seconds(r.trafficMs)}, ${seconds(r.totalMs)} in all; ${rateText(r)}; waits and TTLs at 1/${Math.round(1 / r.timeScale)}; processors ${Math.round(r.idleShare * 100)} % idle`,
    ),
  ].join('\n');
}

const asked = {
  https: 'HTTPS',
  'http3-told': 'HTTP/3 as advertised',
  'http3-same': 'HTTP/3 on the port of HTTPS',
} as const;

/** `HTTPS`, `HTTP/3 as advertised, IPv6`. */
export function askedText({ what, family }: PredictionLine): string {
  return family === 6 ? `${asked[what]}, IPv6` : asked[what];
}

/** Whether the kernel showed in every respect what the proof says. */
export function isAsProved(r: Rehearsal): boolean {
  return r.verdicts.length > 0 && r.verdicts.every((v) => v.isAsProved);
}

function verdictText(v: Verdict, palette: Palette): string {
  return v.isAsProved
    ? `${palette.good('as proved')}  ${plain(v.says)}`
    : `${palette.bad('DIFFERS')}    ${plain(v.says)}`;
}

/** One line for each run of a set, and their sums. */
export function setToText(runs: readonly Rehearsal[], palette: Palette): string {
  const sum = (of: (r: Rehearsal) => number) => runs.reduce((n, r) => n + of(r), 0);
  const failures = sum((r) => totals(r).failures);
  const idle =
    sum((r) => r.idleShare * r.trafficMs) /
    Math.max(
      1,
      sum((r) => r.trafficMs),
    );
  return [
    columns([
      ['run', 'result', 'requests', 'failed', 'longest gap', 'idle', 'took'],
      ...runs.map((r, at) => [
        `${at + 1}`,
        resultText(r.result),
        `${totals(r).requests}`,
        `${totals(r).failures}`,
        `${Math.round(longestGap(r))} ms`,
        `${Math.round(r.idleShare * 100)} %`,
        seconds(r.totalMs),
      ]),
    ]),
    (failures === 0 ? palette.good : palette.bad)(
      `${failures} failed of ${sum((r) => totals(r).requests)} requests in ${runs.length} runs; longest gap ${Math.round(Math.max(...runs.map(longestGap)))} ms; processors ${Math.round(idle * 100)} % idle`,
    ),
    ...runs.flatMap((r) => r.verdicts.filter((v) => !v.isAsProved).map((v) => verdictText(v, palette))),
  ].join('\n');
}

export function resultText(result: RunResult): string {
  switch (result.kind) {
    case 'done':
      return 'done';
    case 'rolled-back':
      return `rolled back (${plain(result.because)})`;
    case 'paused':
      return `paused: ${plain(result.because)}`;
    default:
      return result satisfies never;
  }
}

/** Gaps are at least as long as requests are apart. */
export function rateText(r: Rehearsal): string {
  return `${Math.round(totals(r).requests / (r.trafficMs / 1000))} requests a second`;
}

export function longestGap(r: Rehearsal): number {
  return Math.max(0, ...r.lines.map((l) => l.longestGapMs));
}

function causesText(l: TrafficLine): string {
  return `(${Object.entries(l.causes)
    .map(([cause, n]) => `${plain(cause)} ${n}`)
    .join(', ')})`;
}

function endText(f: LongFlowLine): string {
  return f.ended === undefined ? 'lives' : `${f.ended.cause} at ${seconds(f.ended.atMs)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
