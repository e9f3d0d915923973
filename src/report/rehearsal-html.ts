/* A rehearsal as one self-contained page: a timeline of every vantage point's traffic, and the tables. */
import { page } from './html.ts';
import { escapeHtml } from './plain.ts';
import {
  askedText,
  longestGap,
  type PredictionLine,
  type Rehearsal,
  resultText,
  totals,
} from './rehearsal.ts';
import { timelineSvg } from './rehearsal-svg.ts';

export function rehearsalToHtml(r: Rehearsal): string {
  return page(`Sightline: rehearsal of the ${r.plan}`, [
    `<style>${css}</style>`,
    `<h1>Rehearsal of the ${escapeHtml(r.plan)}</h1>`,
    `<p class="lead">Carried out in network namespaces on a real kernel, under traffic. Waits and TTLs ran at 1/${Math.round(1 / r.timeScale)}.${r.faults.length > 0 ? ` With ${escapeHtml(r.faults.join(', '))}.` : ''}</p>`,
    cards(r),
    `<section><h2>Beside the proof</h2><ul class="verdicts">${r.verdicts.map(verdict).join('')}</ul></section>`,
    `<section><h2>Answers over time</h2><figure class="path timeline">${timelineSvg(r)}<figcaption>Green: every request was answered. Red: at least one was not. Thin: a connection from before the change.</figcaption></figure></section>`,
    `<section><h2>As whom the application sees its clients</h2>${predictionTable(r)}</section>`,
    details('What happened, step by step', eventTable(r), false),
    details('Requests', lineTable(r), false),
    details('Connections from before the change', flowTable(r), false),
    r.notBuilt.length === 0 ? '' : details('Not built in this copy', list(r.notBuilt), false),
  ]);
}

function cards(r: Rehearsal): string {
  const { requests, failures } = totals(r);
  const ended = r.flows.filter((f) => f.ended !== undefined && f.ended.cause !== 'finished').length;
  const isWhole = r.result.kind === 'done';
  const all = [
    card('result', resultText(r.result), isWhole),
    card('requests failed', `${failures} of ${requests.toLocaleString('en')}`, failures === 0),
    card('longest gap', `${Math.round(longestGap(r))} ms`),
    card('connections ended', `${ended} of ${r.flows.length}`),
    card('processors idle', `${Math.round(r.idleShare * 100)} %`),
  ];
  return `<div class="cards">${all.join('')}</div>`;
}

function card(title: string, text: string, isGood?: boolean): string {
  const mark = isGood === undefined ? '' : isGood ? ' fine' : ' wrong';
  return `<div class="card${mark}"><b>${escapeHtml(text)}</b><span>${title}</span></div>`;
}

function verdict(v: Rehearsal['verdicts'][number]): string {
  return `<li class="${v.isAsProved ? 'fine' : 'wrong'}">${v.isAsProved ? '' : 'Differs: '}${escapeHtml(v.says)}</li>`;
}

function details(title: string, inner: string, isOpen: boolean): string {
  return `<details class="part"${isOpen ? ' open' : ''}><summary><h2>${title}</h2></summary>${inner}</details>`;
}

function list(items: readonly string[]): string {
  return `<ul>${items.map((one) => `<li>${escapeHtml(one)}</li>`).join('')}</ul>`;
}

const css = `
.cards{display:flex;flex-wrap:wrap;gap:.7rem;margin:1.2rem 0}.card{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--line);border-radius:6px;padding:.6rem 1rem;min-width:9rem}
.card b{display:block;font-size:1.3rem;line-height:1.3}.card span{color:var(--dim);font-size:.85rem}.card.fine{border-top-color:var(--good)}.card.wrong{border-top-color:var(--bad)}
.verdicts{list-style:none;padding:0;margin:0}.verdicts li{padding:.15rem 0 .15rem 1.6rem;position:relative}.verdicts li::before{position:absolute;left:.2rem;font-weight:700}
.verdicts .fine::before{content:"\\2713";color:var(--good)}.verdicts .wrong::before{content:"\\2717";color:var(--bad)}.verdicts .wrong{color:var(--bad)}
.part>summary{margin:1.6rem 0 .4rem}.part>summary h2{display:inline;margin:0}.timeline figcaption{font-weight:400;color:var(--dim);margin:.4rem 0 0}
td.same{color:var(--good)}td.differs{color:var(--bad);font-weight:600}
svg .band{fill:var(--accent);opacity:.1}svg .band.odd{opacity:.05}svg .edge{stroke:var(--accent);stroke-width:1;opacity:.6}svg .sent{fill:var(--good)}svg .lost{fill:var(--bad)}svg .lived{fill:var(--accent)}
svg .fault{fill:var(--bad);font-size:11px}svg .tick{fill:var(--dim);font-size:11px;text-anchor:middle}
`;

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

/** Model and kernel in one cell where they agree. */
function predictionTable(r: Rehearsal): string {
  const cell = (model: string, kernel: string, { isAsPredicted }: PredictionLine) =>
    model === kernel
      ? `<td class="same">${escapeHtml(kernel)}</td>`
      : `<td${isAsPredicted ? '' : ' class="differs"'}>${escapeHtml(kernel)}; the model says ${escapeHtml(model)}</td>`;
  const rows = r.predictions.map(
    (p) =>
      `<tr><td>${escapeHtml(p.vantage)}</td><td>${askedText(p)}</td>${cell(p.before, p.seenBefore, p)}${cell(p.after, p.seenAfter, p)}</tr>`,
  );
  const notes = r.predictions.flatMap((p) =>
    p.note === undefined
      ? []
      : [`<p class="dim">${escapeHtml(`${p.vantage} ${askedText(p)}: ${p.note}`)}</p>`],
  );
  return `<table><tr><th>from</th><th></th><th>before</th><th>after</th></tr>${rows.join('')}</table>${notes.join('')}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((c) => `<${tag}>${escapeHtml(c)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((cells) => line(cells, 'td')).join('')}</table>`;
}
