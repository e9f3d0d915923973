/* A walk as Markdown (for an issue or a note) and as one HTML page with every way drawn. */
import { flowText } from '#dataplane/flow.ts';
import type { Hop, Trace, Walk } from '#dataplane/trace.ts';
import { evidenceList, gapText } from './evidence-text.ts';
import { page } from './html.ts';
import { traceToSvg } from './path-svg.ts';
import { escapeHtml, escapeMarkdown } from './plain.ts';

export function walksToMarkdown(walks: readonly Walk[]): string {
  return `${walks.map(walkToMarkdown).join('\n\n')}\n`;
}

export function walksToHtml(walks: readonly Walk[]): string {
  const title = walks[0] ? flowText(walks[0].flow) : 'no flow';
  return page(title, walks.map(walkToHtml));
}

function walkToMarkdown(walk: Walk): string {
  const ways = walk.traces.map((t, i) => {
    const heading = walk.traces.length > 1 ? `### Way ${i + 1} of ${walk.traces.length}\n\n` : '';
    return heading + traceToMarkdown(t);
  });
  return [`## ${escapeMarkdown(flowText(walk.flow))}`, ...ways].join('\n\n');
}

function traceToMarkdown(trace: Trace): string {
  const back = trace.returnPath;
  return [
    hopsToMarkdown(trace.hops),
    `**${trace.disposition}**${trace.seenAs ? `, seen there as ${trace.seenAs}` : ''}`,
    ...(back
      ? [
          `Way back: **${back.disposition}**${back.isAsymmetric ? ', asymmetric' : ''}`,
          hopsToMarkdown(back.hops),
        ]
      : []),
    ...(trace.identities.length > 0 ? [identitiesToMarkdown(trace)] : []),
    ...(trace.quic ? [`HTTP/3: ${escapeMarkdown(trace.quic.says)}`] : []),
    ...trace.gaps.map((g) => `Gap: ${escapeMarkdown(gapText(g))}`),
  ].join('\n\n');
}

function hopsToMarkdown(hops: readonly Hop[]): string {
  return hops
    .map((h) => {
      const steps = h.steps.map(
        (s) =>
          `   - ${escapeMarkdown(s.says)}${s.because.length > 0 ? ` (${escapeMarkdown(evidenceList(s.because))})` : ''}`,
      );
      return [`1. **${escapeMarkdown(h.host)}**`, ...steps].join('\n');
    })
    .join('\n');
}

function identitiesToMarkdown(trace: Trace): string {
  const rows = trace.identities.map((i) => {
    const cells = [
      i.who ? `${i.consumer} (${i.who})` : i.consumer,
      i.client ?? '–',
      i.is,
      i.verdict ?? '',
      i.says,
    ];
    return `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  });
  return ['| consumer | client | is | verdict | why |', '|---|---|---|---|---|', ...rows].join('\n');
}

function walkToHtml(walk: Walk): string {
  const ways = walk.traces.map((t, i) =>
    wayToHtml(t, walk.traces.length > 1 ? `way ${i + 1} of ${walk.traces.length}` : ''),
  );
  return `<section><h2>${escapeHtml(flowText(walk.flow))}</h2>${ways.join('')}</section>`;
}

function wayToHtml(trace: Trace, label: string): string {
  const rows = trace.identities.map((i) => {
    const cells = [
      i.who ? `${i.consumer} (${i.who})` : i.consumer,
      i.client ?? '–',
      i.is,
      i.verdict ?? '',
      i.says,
    ];
    return `<tr>${cells.map((c) => `<td>${escapeHtml(c)}</td>`).join('')}</tr>`;
  });
  const seen =
    rows.length === 0
      ? ''
      : `<table><tr><th>consumer</th><th>client</th><th>is</th><th>verdict</th><th>why</th></tr>${rows.join('')}</table>`;
  const quic = trace.quic ? `<p>HTTP/3: ${escapeHtml(trace.quic.says)}</p>` : '';
  const gaps = trace.gaps.map((g) => `<p class="gap">${escapeHtml(gapText(g))}</p>`).join('');
  return `<figure><figcaption>${escapeHtml(label)} <span class="dim">${escapeHtml(trace.disposition)}</span></figcaption><div class="path">${traceToSvg(trace)}</div>${hopsToHtml(trace.hops)}${seen}${quic}${gaps}</figure>`;
}

function hopsToHtml(hops: readonly Hop[]): string {
  const items = hops.map((h) => {
    const steps = h.steps.map(
      (s) =>
        `<li>${escapeHtml(s.says)}<div class="evidence"><code>${escapeHtml(evidenceList(s.because))}</code></div></li>`,
    );
    return `<li><b>${escapeHtml(h.host)}</b><ul>${steps.join('')}</ul></li>`;
  });
  return `<details><summary>every step</summary><ol>${items.join('')}</ol></details>`;
}
