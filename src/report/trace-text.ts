/* One flow explained on a terminal: every hop, why each step, whom each consumer sees, and the way back. */
import { flowText } from '#dataplane/flow.ts';
import type { Disposition, Hop, Identity, Packet, Trace, Walk } from '#dataplane/trace.ts';
import { evidenceList, gapText } from './evidence-text.ts';
import { plain } from './plain.ts';
import { columns, type Palette, wrap } from './style.ts';

interface Look {
  readonly palette: Palette;
  readonly width: number;
}

/** The walk as text; several ways are numbered, equal ones are told once. */
export function walkToText(walk: Walk, look: Look): string {
  const ways = groupWays(walk.traces);
  const title = look.palette.strong(plain(flowText(walk.flow)));
  const parts = ways.map(({ trace, alike }, i) => {
    const heading =
      ways.length === 1
        ? ''
        : look.palette.strong(
            `way ${i + 1} of ${ways.length}${alike > 1 ? ` (and ${alike - 1} alike)` : ''}\n`,
          );
    return heading + traceToText(trace, look);
  });
  return [title, ...parts].join('\n\n');
}

/** One way as text. */
export function traceToText(trace: Trace, look: Look): string {
  const lines = trace.hops.map((h) => hopText(h, look));
  lines.push(endText(trace, look));
  if (trace.returnPath) lines.push(returnText(trace, look));
  if (trace.identities.length > 0) lines.push(identitiesText(trace.identities, look));
  if (trace.quic)
    lines.push(
      `${look.palette.strong('HTTP/3')}  ${wrap(plain(trace.quic.says), look.width - 8).replaceAll('\n', '\n        ')}`,
    );
  for (const gap of trace.gaps) lines.push(look.palette.warn(`gap     ${gapText(gap)}`));
  return lines.join('\n');
}

export function dispositionText(disposition: Disposition, palette: Palette): string {
  if (disposition === 'delivered') return palette.good(disposition);
  return disposition === 'unknown' ? palette.warn(disposition) : palette.bad(disposition);
}

function hopText(hop: Hop, { palette, width }: Look): string {
  const steps = hop.steps.map((s) => {
    const packets =
      s.before && s.after ? palette.accent(`\n      ${packetText(s.before)}  →  ${packetText(s.after)}`) : '';
    const rule = s.rule ? palette.dim(`\n      rule: ${plain(s.rule)}`) : '';
    const because =
      s.because.length > 0 ? palette.dim(`\n${wrap(evidenceList(s.because), width, '      ')}`) : '';
    return `${wrap(plain(s.says), width, '    ')}${packets}${rule}${because}`;
  });
  return [`  ${palette.strong(plain(hop.host))}`, ...steps].join('\n');
}

function packetText(p: Packet): string {
  return plain(`${p.source} → ${p.destination}:${p.port}/${p.protocol}`);
}

function endText(trace: Trace, { palette }: Look): string {
  const to = trace.reached ? ` to ${trace.reached.pod ?? trace.reached.ip}:${trace.reached.port}` : '';
  const seen = trace.seenAs ? `, seen there as ${palette.strong(trace.seenAs)}` : '';
  const app = trace.application ? `, then ${trace.application.service} by ${trace.application.route}` : '';
  return `  ${dispositionText(trace.disposition, palette)}${plain(to)}${seen}${plain(app)}`;
}

function returnText(trace: Trace, look: Look): string {
  const back = trace.returnPath;
  if (!back) return '';
  const asymmetric = back.isAsymmetric ? look.palette.warn(' (asymmetric)') : '';
  const head = `${look.palette.strong('way back')}  ${dispositionText(back.disposition, look.palette)}${asymmetric}`;
  return [head, ...back.hops.map((h) => hopText(h, look))].join('\n');
}

function identitiesText(identities: readonly Identity[], { palette }: Look): string {
  const rows = identities.map((i) => [
    `  ${plain(i.who ? `${i.consumer} (${i.who})` : i.consumer)}`,
    i.client ?? '–',
    i.is === 'client'
      ? palette.good(i.is)
      : i.is === 'unknown' || i.is === 'none'
        ? palette.warn(i.is)
        : palette.bad(i.is),
    i.verdict ?? '',
    plain(i.says),
  ]);
  return `${palette.strong('who is seen')}\n${columns(rows)}`;
}

function groupWays(traces: readonly Trace[]): { trace: Trace; alike: number }[] {
  const groups = new Map<string, { trace: Trace; alike: number }>();
  for (const trace of traces) {
    const key = [
      trace.disposition,
      trace.dialled,
      trace.seenAs,
      trace.reached?.node,
      trace.returnPath?.disposition,
      trace.application?.service,
    ].join('|');
    const group = groups.get(key);
    if (group) group.alike += 1;
    else groups.set(key, { trace, alike: 1 });
  }
  return [...groups.values()];
}
