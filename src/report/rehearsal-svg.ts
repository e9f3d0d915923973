/* The timeline of a rehearsal as SVG: stages as bands, a bar for every kind of traffic, one for every long connection. */
import { escapeHtml } from './plain.ts';
import type { LongFlowLine, Rehearsal, TrafficLine } from './rehearsal.ts';

const left = 190;
const width = 880;
const right = 170;
const row = 16;
const groupGap = 20;
const top = 64;
/** So many slices without a request still count as what was before: at a low pace requests are further apart. */
const mostSilent = 8;

interface Frame {
  readonly r: Rehearsal;
  readonly scale: number;
  readonly height: number;
}

export function timelineSvg(r: Rehearsal): string {
  const rows = placedRows(r);
  const bottom = (rows.at(-1)?.y ?? top) + row + 8;
  const frame = { r, scale: width / Math.max(1, r.trafficMs), height: bottom };
  const parts = [
    ...bandsSvg(frame),
    ...rows.map((one) => rowSvg(one, frame)),
    ...marksSvg(frame),
    axisSvg(frame),
    `<text class="note" x="${left + width + 10}" y="${top - 8}">failed of all, longest gap</text>`,
  ];
  return `<svg viewBox="0 0 ${left + width + right} ${bottom + 26}" role="img" aria-label="Answers over time">${parts.join('')}</svg>`;
}

type Row =
  | { readonly kind: 'group'; readonly y: number; readonly title: string }
  | { readonly kind: 'line'; readonly y: number; readonly line: TrafficLine }
  | { readonly kind: 'flow'; readonly y: number; readonly flow: LongFlowLine };

/** Vantage points one below the other, each with its traffic and its long connections. */
function placedRows(r: Rehearsal): readonly Row[] {
  const rows: Row[] = [];
  let y = top;
  for (const vantage of new Set(r.lines.map((l) => l.vantage))) {
    rows.push({ kind: 'group', y, title: vantage });
    y += groupGap;
    for (const line of r.lines.filter((l) => l.vantage === vantage)) {
      rows.push({ kind: 'line', y, line });
      y += row;
    }
    for (const flow of r.flows.filter((f) => f.vantage === vantage)) {
      rows.push({ kind: 'flow', y, flow });
      y += row;
    }
    y += 6;
  }
  return rows;
}

/** A stage lasts until the next one begins, the last until the run is over. */
function bandsSvg({ r, scale, height }: Frame): readonly string[] {
  const stages = r.events.filter((e) => e.kind === 'stage');
  const end = r.events.find((e) => e.kind === 'end')?.atMs ?? r.trafficMs;
  let free: readonly number[] = [0, 0, 0];
  return stages.map((stage, at) => {
    const from = left + stage.atMs * scale;
    const to = left + Math.max(stage.atMs, stages[at + 1]?.atMs ?? end) * scale;
    const level = Math.max(
      0,
      free.findIndex((x) => x <= from),
    );
    const text = `${at + 1} ${stage.says}`.slice(0, 40);
    free = free.map((x, i) => (i === level ? from + text.length * 6.2 + 10 : x));
    const title = `<text class="note" x="${from.toFixed(1)}" y="${14 + level * 14}">${escapeHtml(text)}</text>`;
    const rect = `<rect class="${at % 2 === 0 ? 'band' : 'band odd'}" x="${from.toFixed(1)}" y="${top - 4}" width="${Math.max(1, to - from).toFixed(1)}" height="${height - top}"/>`;
    return `${rect}<line class="edge" x1="${from.toFixed(1)}" y1="${18 + level * 14}" x2="${from.toFixed(1)}" y2="${height - 4}"/>${title}`;
  });
}

function marksSvg({ r, scale, height }: Frame): readonly string[] {
  return r.events
    .filter((e) => e.kind === 'fault' || e.kind === 'turn')
    .map((e) => {
      const x = (left + e.atMs * scale).toFixed(1);
      return `<line class="badline" x1="${x}" y1="${top - 8}" x2="${x}" y2="${height - 4}"><title>${escapeHtml(e.says)}</title></line><text class="fault" x="${x}" y="${height + 10}">${escapeHtml(e.says.slice(0, 60))}</text>`;
    });
}

function axisSvg({ r, scale, height }: Frame): string {
  const step = r.trafficMs > 40_000 ? 10_000 : 5000;
  const ticks = Array.from({ length: Math.floor(r.trafficMs / step) + 1 }, (_, i) => i * step);
  return ticks
    .map(
      (ms) =>
        `<text class="tick" x="${(left + ms * scale).toFixed(1)}" y="${height + 22}">${ms / 1000} s</text>`,
    )
    .join('');
}

function rowSvg(placed: Row, frame: Frame): string {
  const { y } = placed;
  if (placed.kind === 'group')
    return `<text class="name" x="0" y="${y + 15}">${escapeHtml(placed.title)}</text>`;
  if (placed.kind === 'flow') return flowSvg(placed.flow, y, frame);
  const { line } = placed;
  const told = `${line.failures} of ${line.requests}, ${Math.round(line.longestGapMs)} ms`;
  const bars = runsOf(line.slices).map((run) => barSvg(run, y, frame));
  return `${labelSvg(line.what, y)}${bars.join('')}<text class="${line.failures > 0 ? 'fault' : 'note'}" x="${left + width + 10}" y="${y + 11}">${told}</text>`;
}

function labelSvg(text: string, y: number): string {
  return `<text class="kind" x="12" y="${y + 11}">${escapeHtml(text.slice(0, 28))}</text>`;
}

function barSvg({ kind, from, to }: Run, y: number, { r, scale }: Frame): string {
  const x = left + from * r.sliceMs * scale;
  const end = left + Math.min(r.trafficMs, to * r.sliceMs) * scale;
  return `<rect class="${kind}" x="${x.toFixed(1)}" y="${y + 2}" width="${Math.max(1, end - x).toFixed(1)}" height="${row - 5}"/>`;
}

/** A connection from before the change: a thin line as long as it lived. */
function flowSvg(flow: LongFlowLine, y: number, { r, scale }: Frame): string {
  const end = left + (flow.ended?.atMs ?? r.trafficMs) * scale;
  const mark =
    flow.ended === undefined || flow.ended.cause === 'finished'
      ? ''
      : `<text class="fault" x="${(end + 4).toFixed(1)}" y="${y + 11}">${escapeHtml(flow.ended.cause)}</text>`;
  return `${labelSvg(`${flow.kind} from before`, y)}<rect class="lived" x="${left}" y="${y + 6}" width="${Math.max(1, end - left).toFixed(1)}" height="3"/>${mark}`;
}

interface Run {
  readonly kind: 'sent' | 'lost';
  readonly from: number;
  readonly to: number;
}

/** Slices of one kind in a row; short silence goes on as what was before. */
function runsOf(slices: TrafficLine['slices']): readonly Run[] {
  const runs: { kind: Run['kind']; from: number; to: number }[] = [];
  slices.forEach((slice, at) => {
    if (slice.ok + slice.failed === 0) return;
    const kind = slice.failed > 0 ? 'lost' : 'sent';
    const last = runs.at(-1);
    const isNear = last !== undefined && at - last.to <= mostSilent;
    if (isNear) last.to = at;
    if (isNear && last.kind === kind) last.to = at + 1;
    else runs.push({ kind, from: at, to: at + 1 });
  });
  return runs;
}
