/*
 * Answers of the data plane as text: what is decided, in words that a person can compare, and a checksum of the rest
 * (packets and evidence of every step). Sentences are left out: they may be put better without a changed answer.
 */
import { flowText } from '#dataplane/flow.ts';
import type { Resolution } from '#dataplane/resolve.ts';
import type { Hop, Identity, Packet, Quic, Reached, Step, Trace, Walk } from '#dataplane/trace.ts';
import type { Evidence, Gap } from '#estate/evidence.ts';
import { sha256 } from '#net/sha256.ts';

export function walkText({ flow, traces }: Walk): string {
  return [flowText(flow), ...traces.flatMap(traceLines)].join('\n');
}

export function resolutionText(r: Resolution): string {
  const links = r.chain.map((l) => `${l.resolver}:${l.key}:${l.type}:${l.ttlSeconds ?? '-'}`);
  const to = r.ip ?? (r.edge && `edge ${r.edge.value}`) ?? r.disposition;
  return `  ${to} by ${list(links)} because ${rests(r.steps)}${gapText(r.gaps)}`;
}

function traceLines(t: Trace): readonly string[] {
  const { returnPath: back, application: app } = t;
  const way = t.hops.map((h) => h.host).join(' > ');
  return [
    `  ${t.disposition} ${t.dialled ?? '-'} at ${reachedText(t.reached)} as ${t.seenAs ?? '-'}${gapText(t.gaps)}`,
    `    ${way} [${checksum(t)}]`,
    ...(app ? [`    app ${app.route} ${app.service} ${list(app.endpoints.map(reachedText))}`] : []),
    ...(back ? [`    ${back.isAsymmetric ? 'elsewhere ' : ''}back ${back.disposition}`] : []),
    ...(t.identities.length > 0 ? [`    ${t.identities.map(identityText).join('; ')}`] : []),
    ...(t.quic ? [quicText(t.quic)] : []),
  ];
}

/** Of all that the lines leave out. */
function checksum(t: Trace): string {
  const rest = [
    ...t.hops.map(hopText),
    'back',
    ...(t.returnPath?.hops ?? []).map(hopText),
    ...t.identities.map((i) => `${rests([i])}${i.gap ? gapText([i.gap]) : ''}`),
    t.quic ? rests([t.quic]) : '',
    t.reached?.service ?? '',
  ];
  return sha256(rest.join('\n')).slice(0, 8);
}

function hopText(h: Hop): string {
  return `${h.host}: ${h.steps.map(stepText).join('; ')}`;
}

function stepText(s: Step): string {
  const packets = [s.before, s.after].map((p) => (p ? packetText(p) : '-')).join(' to ');
  return `${s.stage} (${s.rule ?? '-'}) ${packets} ${rests([s])}`;
}

function packetText(p: Packet): string {
  return `${p.source}>${p.destination}:${p.port}/${p.protocol}`;
}

function identityText(i: Identity): string {
  const verdict = i.verdict ? ` ${i.verdict}` : '';
  return `${i.consumer}${i.who ? ` ${i.who}` : ''} ${i.client ?? '-'} ${i.is}${verdict}`;
}

function quicText(q: Quic): string {
  const offer = q.isOffered ? `offered ${q.advertisedPort ?? '-'}` : 'not offered';
  return `    quic ${offer}, completes ${q.completes}, rebinding ${q.onRebinding}`;
}

function reachedText(r: Reached | undefined): string {
  return r ? `${r.pod ?? r.cluster ?? '-'} on ${r.node ?? '-'} ${r.ip}:${r.port}` : 'nowhere';
}

function gapText(gaps: readonly Gap[]): string {
  return gaps.map((g) => ` gap ${g.id} (${g.kinds.join()} of ${g.system ?? '-'})`).join('');
}

function rests(all: readonly { readonly because: readonly Evidence[] }[]): string {
  return list(all.flatMap((x) => x.because.map((e) => e.object ?? e.file)));
}

function list(texts: readonly string[]): string {
  return `[${texts.join(' ')}]`;
}
