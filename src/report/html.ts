/* One self-contained HTML file: findings with their evidence, and paths drawn. No script, nothing loaded from elsewhere. */
import { flowText } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Finding } from '#findings/finding.ts';
import type { CheckReport } from './check-report.ts';
import { evidenceText, gapText } from './evidence-text.ts';
import { arrange } from './findings-text.ts';
import { traceToSvg } from './path-svg.ts';
import { escapeHtml } from './plain.ts';

/** The report as a page; opens from disk. */
export function checkToHtml(report: CheckReport): string {
  const findings = arrange(report.findings);
  return page(`Sightline: ${report.snapshot.path}`, [
    `<h1>${escapeHtml(report.snapshot.path)}</h1>`,
    `<p class="lead">${escapeHtml(leadOf(report))}</p>`,
    section(
      'What could not be read',
      report.gaps.map((g) => `<li class="gap">${escapeHtml(gapText(g))}</li>`).join(''),
      'ul',
    ),
    section('Findings', findings.map(findingHtml).join('')),
    section('Paths', report.shown.map(walkHtml).join('')),
  ]);
}

/** A page with Sightline's own look around the parts. */
export function page(title: string, parts: readonly string[]): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${css}</style></head><body><main>${parts.join('\n')}</main></body></html>\n`;
}

function leadOf(report: CheckReport): string {
  const count = (s: Finding['severity']) =>
    report.findings.filter((f) => f.severity === s && f.certainty === 'established').length;
  const open = report.findings.filter((f) => f.certainty === 'unknown').length;
  const taken = report.snapshot.takenAt ? ` Snapshot of ${report.snapshot.takenAt}.` : '';
  return `${count('critical')} critical, ${count('warning')} warnings, ${count('notice')} notices, ${open} unknown; ${report.gaps.length} gaps; ${report.counts.flows} flows walked over ${report.counts.facts} facts.${taken}`;
}

function section(title: string, inner: string, tag = 'div'): string {
  return inner === '' ? '' : `<section><h2>${title}</h2><${tag}>${inner}</${tag}></section>`;
}

function walkHtml(walk: Walk): string {
  const first = walk.traces[0];
  if (!first) return '';
  const more = walk.traces.length > 1 ? ` <span class="dim">one of ${walk.traces.length} ways</span>` : '';
  const quic = first.quic ? `<p>${escapeHtml(`HTTP/3: ${first.quic.says}`)}</p>` : '';
  return `<figure><figcaption>${escapeHtml(flowText(walk.flow))}${more}</figcaption><div class="path">${traceToSvg(first)}</div>${quic}</figure>`;
}

function findingHtml(f: Finding): string {
  const level = f.certainty === 'unknown' ? 'unknown' : f.severity;
  const claims = f.claims.map((c) => `<li>${escapeHtml(c.says)}${evidenceHtml(c.evidence)}</li>`).join('');
  const advice = f.advice.map((a) => `<li>${escapeHtml(a)}</li>`).join('');
  const gaps = f.gaps.map((g) => `<p class="gap">${escapeHtml(gapText(g))}</p>`).join('');
  const affects = [...f.affects.services, ...f.affects.names];
  return [
    `<details class="finding ${level}${f.effectOf ? ' effect' : ''}"${level === 'critical' ? ' open' : ''}>`,
    `<summary><b class="tag">${level}</b> ${escapeHtml(f.title)} <code>${escapeHtml(f.code)}</code></summary>`,
    `<p>${escapeHtml(f.cause)}</p>${gaps}<ul>${claims}</ul>`,
    affects.length > 0 ? `<p class="dim">Affects ${escapeHtml(affects.join(', '))}</p>` : '',
    `<p class="dim">Refuted by: ${escapeHtml(f.refutedBy)}</p>`,
    advice === '' ? '' : `<ol>${advice}</ol>`,
    '</details>',
  ].join('');
}

function evidenceHtml(list: Finding['claims'][number]['evidence']): string {
  if (list.length === 0) return '';
  return `<div class="evidence">${list
    .slice(0, 6)
    .map((e) => `<code>${escapeHtml(evidenceText(e))}</code>`)
    .join(' ')}</div>`;
}

const css = `
:root{color-scheme:light dark;--fg:#1c2330;--dim:#5d6778;--bg:#fbfbfc;--card:#fff;--line:#d9dee7;--good:#1c7d4d;--bad:#b3261e;--warn:#8a5a00;--accent:#2456b8}
@media(prefers-color-scheme:dark){:root{--fg:#e6e9ef;--dim:#9aa4b5;--bg:#12161d;--card:#1a2029;--line:#303a49;--good:#57c48a;--bad:#ff8a80;--warn:#f0b95a;--accent:#8ab0ff}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .6rem}.lead{color:var(--dim)}
.dim{color:var(--dim)}code{font:12.5px/1.5 ui-monospace,monospace}.evidence code{color:var(--dim);margin-right:.8em}
.finding{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--accent);border-radius:6px;padding:.5rem .9rem;margin:.5rem 0}
.finding.effect{margin-left:2rem}.finding.critical{border-left-color:var(--bad)}.finding.warning,.finding.unknown{border-left-color:var(--warn)}.finding.ok{border-left-color:var(--good)}
summary{cursor:pointer}.tag{font-size:.75rem;text-transform:uppercase;letter-spacing:.04em}.critical .tag{color:var(--bad)}.warning .tag,.unknown .tag,.gap{color:var(--warn)}.ok .tag{color:var(--good)}
figure{margin:0 0 1rem;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.7rem}figcaption{font-weight:600;margin-bottom:.4rem}.path{overflow-x:auto}
table{border-collapse:collapse}td,th{border-bottom:1px solid var(--line);padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top}
svg{width:100%;height:auto;min-width:44rem}svg .host{fill:var(--card);stroke:var(--accent)}svg .good{stroke:var(--good);stroke-width:2}svg .bad{stroke:var(--bad);stroke-width:2}svg .warn{stroke:var(--warn);stroke-width:2;stroke-dasharray:4 3}
svg .wire{stroke:var(--dim);stroke-width:1.5}svg .badline{stroke:var(--bad);stroke-dasharray:5 4}svg .tip{fill:var(--dim)}
svg text{fill:var(--fg);font:12px system-ui,sans-serif}svg .kind,svg .note,svg .packet{fill:var(--dim);font-size:11px}svg .name{font-weight:600}svg .packet{text-anchor:middle}
`;
