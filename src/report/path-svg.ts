/* A trace drawn: hosts from left to right, what each did to the packet below it, the answer's way underneath. */
import type { Hop, Trace } from '#dataplane/trace.ts';
import { escapeHtml } from './plain.ts';

const box = { width: 128, gap: 24, height: 46, top: 40 };

/** SVG text of one trace; no script, no outside reference. Colours come from the page's CSS variables. */
export function traceToSvg(trace: Trace): string {
  const hops = trace.hops.length > 0 ? trace.hops : [{ host: trace.flow.from, steps: [] }];
  const width = hops.length * (box.width + box.gap) + 20;
  const notes = hops.map(notesOf);
  const lines = Math.max(1, ...notes.map((n) => n.length));
  const backTop = box.top + box.height + 22 + lines * 15 + 14;
  const back = trace.returnPath ? returnArrow(trace, hops, backTop) : '';
  const height = backTop + (back === '' ? 0 : 30);
  return [
    `<svg viewBox="0 0 ${width} ${height}" style="max-width:${width}px" role="img" aria-label="${escapeHtml(labelOf(trace))}">`,
    `<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>`,
    ...hops.map((h, i) =>
      hopSvg(h, i, notes[i] ?? [], i === hops.length - 1 ? trace.disposition : undefined),
    ),
    ...hops.slice(1).map((h, i) => arrowSvg(i, addressesOf(h) ?? addressesOf(hops[i]))),
    back,
    '</svg>',
  ].join('');
}

function labelOf(trace: Trace): string {
  return `${trace.flow.from}: ${trace.hops.map((h) => h.host).join(', ')}: ${trace.disposition}`;
}

function hopSvg(hop: Hop, index: number, notes: readonly string[], end?: Trace['disposition']): string {
  const x = 10 + index * (box.width + box.gap);
  const cls =
    end === undefined
      ? 'host'
      : end === 'delivered'
        ? 'host good'
        : end === 'unknown'
          ? 'host warn'
          : 'host bad';
  const text = notes.map(
    (n, i) => `<text x="${x}" y="${box.top + box.height + 20 + i * 15}" class="note">${escapeHtml(n)}</text>`,
  );
  return [
    `<rect x="${x}" y="${box.top}" width="${box.width}" height="${box.height}" rx="6" class="${cls}"/>`,
    `<text x="${x + 10}" y="${box.top + 19}" class="kind">${escapeHtml(hop.host.split('/')[0] ?? '')}</text>`,
    `<text x="${x + 10}" y="${box.top + 36}" class="name">${escapeHtml(shorten(hop.host.split('/').slice(-1)[0] ?? hop.host, 17))}</text>`,
    ...text,
  ].join('');
}

function arrowSvg(index: number, label: readonly string[] | undefined): string {
  const x = 10 + index * (box.width + box.gap) + box.width;
  const y = box.top + box.height / 2;
  const middle = x + box.gap / 2;
  const text = (label ?? [])
    .map((l, i) => `<text x="${middle}" y="${box.top - 20 + i * 13}" class="packet">${escapeHtml(l)}</text>`)
    .join('');
  return `<line x1="${x + 3}" y1="${y}" x2="${x + box.gap - 3}" y2="${y}" class="wire" marker-end="url(#tip)"/>${text}`;
}

function returnArrow(trace: Trace, hops: readonly Hop[], y: number): string {
  const back = trace.returnPath;
  if (!back) return '';
  const right = 10 + (hops.length - 1) * (box.width + box.gap) + box.width / 2;
  const cls = back.disposition === 'delivered' && !back.isAsymmetric ? 'wire' : 'wire badline';
  const says = `way back: ${back.disposition}${back.isAsymmetric ? ', asymmetric' : ''} by ${back.hops.map((h) => h.host.split('/').slice(-1)[0]).join(', ')}`;
  return `<line x1="${right}" y1="${y}" x2="${10 + box.width / 2}" y2="${y}" class="${cls}" marker-end="url(#tip)"/><text x="14" y="${y + 18}" class="note">${escapeHtml(says)}</text>`;
}

/** Translations at a host, in few words. */
function notesOf(hop: Hop): readonly string[] {
  return hop.steps.flatMap((s) => {
    if (!s.before || !s.after) return [];
    const out: string[] = [];
    if (s.before.destination !== s.after.destination || s.before.port !== s.after.port)
      out.push(`to ${s.after.destination}:${s.after.port}`);
    if (s.before.source !== s.after.source) out.push(`from ${s.after.source}`);
    return out.map((t) => shorten(t, 25));
  });
}

/** Source and destination as the host receives them. */
function addressesOf(hop: Hop | undefined): readonly string[] | undefined {
  const packet = hop?.steps.find((s) => s.before)?.before;
  return packet && [packet.source, `→ ${packet.destination}:${packet.port}`];
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
