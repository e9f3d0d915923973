/* A rehearsal as one self-contained page: a timeline of every vantage point's traffic, and the tables. */
import { page } from './html.ts';
import { escapeHtml } from './plain.ts';
import { longestGap, type Rehearsal, resultText, type TrafficLine, totals } from './rehearsal.ts';

const left = 250;
const width = 1000;
const row = 18;
const top = 60;

export function rehearsalToHtml(r: Rehearsal): string {
  const { requests, failures } = totals(r);
  return page(`Sightline: rehearsal of the ${r.plan}`, [
    `<h1>Rehearsal of the ${escapeHtml(r.plan)}</h1>`,
    `<p class="lead">${escapeHtml(resultText(r.result))}: ${failures} failed of ${requests} requests, longest gap ${Math.round(longestGap(r))} ms. Waits and TTLs ran at 1/${Math.round(1 / r.timeScale)}.</p>`,
    `<section><h2>Timeline</h2><figure class="path">${timelineSvg(r)}</figure></section>`,
    `<section><h2>What happened</h2>${eventTable(r)}</section>`,
    `<section><h2>Requests</h2>${lineTable(r)}</section>`,
    `<section><h2>Connections from before the change</h2>${flowTable(r)}</section>`,
    `<section><h2>Beside the prediction</h2>${predictionTable(r)}</section>`,
  ]);
}

/** Each row is one kind of traffic; a slice is good where all was answered, bad where anything failed, empty where nothing was asked. */
export function timelineSvg(r: Rehearsal): string {
  const height = top + r.lines.length * row + 30;
  const scale = width / Math.max(1, r.trafficMs);
  const stages = r.events.filter((e) => e.kind === 'stage' || e.kind === 'fault' || e.kind === 'turn');
  const marks = stages.map((e, at) => {
    const x = (left + e.atMs * scale).toFixed(1);
    const kind = e.kind === 'stage' ? 'wire' : 'badline';
    return `<line class="${kind}" x1="${x}" y1="${top - 8}" x2="${x}" y2="${height - 24}"/><text class="note" x="${x}" y="${14 + (at % 3) * 14}">${escapeHtml(e.says.slice(0, 60))}</text>`;
  });
  const rows = r.lines.map((line, at) => rowSvg(line, top + at * row, r.sliceMs * scale));
  const end = `<text class="note" x="${left}" y="${height - 6}">0 s</text><text class="note" x="${left + width - 40}" y="${height - 6}">${(r.trafficMs / 1000).toFixed(0)} s</text>`;
  return `<svg viewBox="0 0 ${left + width + 10} ${height}" role="img" aria-label="Answers over time">${rows.join('')}${marks.join('')}${end}</svg>`;
}

function rowSvg(line: TrafficLine, y: number, sliceWidth: number): string {
  const label = `<text x="0" y="${y + 12}"><tspan class="name">${escapeHtml(line.vantage)}</tspan> <tspan class="kind">${escapeHtml(`${line.what} ${line.failures > 0 ? `(${line.failures} failed)` : ''}`)}</tspan></text>`;
  const runs = runsOf(line.slices.map((s) => (s.failed > 0 ? 'bad' : s.ok > 0 ? 'good' : 'none')));
  const bars = runs
    .filter((run) => run.kind !== 'none')
    .map(({ kind, from, to }) => {
      const x = (left + from * sliceWidth).toFixed(1);
      return `<line class="${kind}" x1="${x}" y1="${y + 8}" x2="${(left + to * sliceWidth).toFixed(1)}" y2="${y + 8}" style="stroke-width:10"/>`;
    });
  return label + bars.join('');
}

type SliceKind = 'good' | 'bad' | 'none';

function runsOf(
  kinds: readonly SliceKind[],
): readonly { readonly kind: SliceKind; readonly from: number; readonly to: number }[] {
  const runs: { kind: SliceKind; from: number; to: number }[] = [];
  kinds.forEach((kind, at) => {
    const last = runs.at(-1);
    if (last?.kind === kind) last.to = at + 1;
    else runs.push({ kind, from: at, to: at + 1 });
  });
  return runs;
}

function eventTable(r: Rehearsal): string {
  return table(
    ['at', 'what', ''],
    r.events.map((e) => [`${(e.atMs / 1000).toFixed(2)} s`, e.kind, e.says]),
  );
}

function lineTable(r: Rehearsal): string {
  return table(
    ['from', 'what', 'to', 'requests', 'failed', 'gap ms', 'client before', 'client after'],
    r.lines.map((l) => [
      l.vantage,
      l.what,
      l.target,
      `${l.requests}`,
      l.failures === 0
        ? '0'
        : `${l.failures}: ${Object.entries(l.causes)
            .map(([c, n]) => `${c} ${n}`)
            .join(', ')}`,
      `${Math.round(l.longestGapMs)}`,
      l.clientsBefore.join(' or '),
      l.clientsAfter.join(' or '),
    ]),
  );
}

function flowTable(r: Rehearsal): string {
  const announced = r.endings
    .map((e) => `<p class="dim">Announced by the proof: ${escapeHtml(e)}</p>`)
    .join('');
  const rows = r.flows.map((f) => [
    f.vantage,
    f.kind,
    f.target,
    `${f.answered}`,
    `${Math.round(f.longestGapMs)}`,
    f.ended ? `${f.ended.cause} at ${(f.ended.atMs / 1000).toFixed(1)} s` : 'lived to the end',
  ]);
  return table(['from', 'what', 'to', 'answers', 'gap ms', 'end'], rows) + announced;
}

function predictionTable(r: Rehearsal): string {
  return table(
    ['from', 'what', 'model before', 'kernel before', 'model after', 'kernel after'],
    r.predictions.map((p) => [p.vantage, p.what, p.before, p.seenBefore, p.after, p.seenAfter]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((c) => `<${tag}>${escapeHtml(c)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((cells) => line(cells, 'td')).join('')}</table>`;
}
