/* Parts of the runbook that are about the plan as a whole. */
import type { Plan } from '#plan/plan.ts';
import { code, codeCell, quote } from '../artifacts/blocks.ts';
import { type ArtifactInput, kubectl } from '../artifacts/context.ts';
import { minutes } from '../artifacts/mermaid.ts';
import { isMoved, moveOf, settingsOf } from '../artifacts/move.ts';
import { addressOf } from '../artifacts/verify.ts';
import { escapeMarkdown } from '../plain.ts';
import { plural } from './words.ts';

/** What must never break, and how to see that it did not. */
export function protectedPart({ plan, proof, reader }: ArtifactInput): string {
  const move = moveOf(plan, reader);
  const rows = reader.all('protectedEndpoint').map(({ value: e }) => {
    if (isMoved(move, e))
      return `| ${escapeMarkdown(e.name)} | its names, wherever they lead | ${escapeMarkdown(e.from.join(', ') || 'everywhere')} | ${escapeMarkdown(e.why)} | ${codeCell('sh verify.sh')} |`;
    const at = addressOf(reader, e) ?? 'unknown';
    return `| ${escapeMarkdown(e.name)} | ${codeCell(`${at}:${e.port}/${e.protocol}`)} | ${escapeMarkdown(e.from.join(', ') || 'everywhere it is reached from today')} | ${escapeMarkdown(e.why)} | ${seenBy(at, e.port, e.protocol)} |`;
  });
  if (rows.length === 0) return '';
  const isMoving = reader.all('protectedEndpoint').some((f) => isMoved(move, f.value));
  const says = isMoving
    ? `These answer in every state on the way${proof.windows.length > 0 ? ', outside the windows below' : ''}.`
    : 'No change of this plan touches these, in no state on the way.';
  return [
    '## What must never break',
    `${says} Keep a second terminal open with them; when one fails, go back.`,
    ['| what | where | from | why | seen by |', '|---|---|---|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

function seenBy(ip: string, port: number, protocol: string): string {
  if (port === 5432) return codeCell(`pg_isready -h ${ip} -p ${port}`);
  if (port === 53) return codeCell(`dig @${ip} . NS +short`);
  return protocol === 'udp'
    ? 'its own client: connect with it once'
    : codeCell(`curl -sv --max-time 5 telnet://${ip}:${port}`);
}

export function windowsPart({ plan, proof }: ArtifactInput): string {
  if (proof.windows.length === 0) {
    return '## Windows\n\nNone: in every state on the way every name that worked keeps working, from every vantage point that had it.';
  }
  const windows = proof.windows.map((w) => {
    const title = plan.stages.find((s) => s.id === w.stage)?.title ?? w.stage;
    const parts = w.parts.map((p) => `    - ${escapeMarkdown(p.says)}: ${p.seconds} s`).join('\n');
    const names =
      w.names.length > 6
        ? `${w.names.slice(0, 6).map(code).join(', ')} and ${w.names.length - 6} more`
        : w.names.map(code).join(', ');
    return [
      `- **${escapeMarkdown(title)}: at most ${minutes(w.seconds)} minutes** (${w.seconds} s)`,
      `  - who: ${names}`,
      `  - from: ${w.vantagePoints.map(code).join(', ')}`,
      `  - because ${escapeMarkdown(w.because)}`,
      `  - the time is the sum of:\n${parts}`,
    ].join('\n');
  });
  return [
    '## Windows',
    'These names may fail in these times, and at no other. Tell the people who use them.',
    windows.join('\n'),
  ].join('\n\n');
}

/** Before the first write. */
export function preflightPart(input: ArtifactInput): string {
  const { plan, reader } = input;
  const systems = [...new Set(plan.stages.flatMap((s) => s.changes.map((c) => c.through.system)))];
  const cluster = moveOf(plan, reader)?.cluster;
  const clusters =
    cluster === undefined || systems.includes(`cluster/${cluster}`) ? [] : [`cluster/${cluster}`];
  const lines = [
    ...driftLines(input),
    ...[...systems, ...clusters].flatMap((s) => accessLines(input, s)),
    ...backupLines(input, systems),
    ...needLines(plan, reader),
    '- [ ] nobody else is applying anything tonight: no pipeline, no second terminal',
    '- [ ] a way in that does not need the ingress: the console of the firewall, `kubectl` by the address of the API server',
  ];
  return ['## Before you begin', lines.join('\n')].join('\n\n');
}

function driftLines({ plan, reader }: ArtifactInput): readonly string[] {
  const move = moveOf(plan, reader);
  if (move === undefined) return ['- [ ] the systems are as in the snapshot'];
  const k = kubectl(reader, move.cluster);
  return [
    `- [ ] the address is still shared as the plan says: ${code(`${k} get services -A | grep -F ${quote(move.from)}`)} shows ${plural(move.stays.length + 1, 'Service')}`,
    `- [ ] the new address is free: ${code(`${k} get services -A | grep -F ${quote(move.to)}`)} shows nothing, and ${code(`ping -c 2 ${move.to}`)} from the LAN gets no answer`,
    '- [ ] `sh verify.sh` passes in its first part (what must never break); its other parts fail before the change',
  ];
}

function accessLines({ reader }: ArtifactInput, system: string): readonly string[] {
  const access = reader.get('systemAccess', system)?.value;
  if (access === undefined) return [];
  const by = access.credential === undefined ? '' : ` with ${code(access.credential)}`;
  return [
    `- [ ] you can log in to ${code(system)}${access.url === undefined ? '' : ` at ${code(access.url)}`}${by}`,
  ];
}

function backupLines({ plan, reader }: ArtifactInput, systems: readonly string[]): readonly string[] {
  const cluster = moveOf(plan, reader)?.cluster;
  const firewalls = systems.filter((s) => s.startsWith('firewall/'));
  const repositories = systems.filter((s) => s.startsWith('source/'));
  const records = [
    ...new Set(settingsOf(plan, 'recordSet').map((s) => reader.get('recordSet', s.id)?.value.zone ?? '')),
  ];
  return [
    ...(cluster === undefined
      ? []
      : [
          `- [ ] Services kept: ${code(`${kubectl(reader, cluster)} get services -A -o yaml > services-before.yaml`)}`,
        ]),
    ...firewalls.map(
      (f) =>
        `- [ ] ${code(f)} kept: **Diagnostics** > **Backup & Restore** > **Download configuration as XML** (it holds secrets: mode 600)`,
    ),
    ...records
      .filter((r) => r !== '')
      .map((zone) => `- [ ] zone ${code(zone)} kept: export it from its server`),
    ...repositories.map(
      (r) =>
        `- [ ] ${code(r)} is clean and pushed: ${code('git status --short')} shows nothing, and its own plan is empty`,
    ),
  ];
}

/** What the owners' applies need to be reached, before and after each change. */
function needLines(plan: Plan, reader: ArtifactInput['reader']): readonly string[] {
  const repositories = [
    ...new Set(plan.stages.flatMap((s) => s.changes.map((c) => c.through.repository ?? ''))),
  ];
  return repositories.flatMap((r) => {
    const needs = r === '' ? [] : (reader.get('systemAccess', r)?.value.needs ?? []);
    return needs.length === 0
      ? []
      : [`- [ ] ${code(r)} can be applied: it needs ${needs.map(code).join(', ')}`];
  });
}

export function assumptionsPart({ proof }: ArtifactInput): string {
  if (proof.assumptions.length === 0) return '';
  const lines = proof.assumptions.map((a) => `- ${escapeMarkdown(a.says)} (${code(a.from)})`);
  return [
    '## What the proof takes as given',
    'Where one of these is wrong, the proof says nothing.',
    lines.join('\n'),
  ].join('\n\n');
}

export function decisionsPart({ plan }: ArtifactInput): string {
  if (plan.decisions.length === 0) return '';
  const lines = plan.decisions.map((d) => {
    const by =
      d.by === 'default'
        ? 'by default, nobody was asked'
        : d.by === 'forced'
          ? 'nothing else was possible'
          : 'by you';
    const when = d.at === undefined ? '' : `, ${escapeMarkdown(d.at.slice(0, 16).replace('T', ' '))} UTC`;
    const others = d.options
      .filter((o) => o.name !== d.chosen)
      .map((o) => `  - not ${code(o.name)}: ${escapeMarkdown(o.consequence)}`);
    return [
      `- **${escapeMarkdown(d.question)}** ${code(d.chosen)} (${by}${when}): ${escapeMarkdown(d.because)}`,
      ...others,
    ].join('\n');
  });
  const scope = plan.outOfScope.map(
    (o) => `- ${escapeMarkdown(o.what)} (${plural(o.keys.length, 'setting')})`,
  );
  return [
    '## Decisions',
    lines.join('\n'),
    ...(scope.length === 0 ? [] : ['Out of scope, and not touched:', scope.join('\n')]),
  ].join('\n\n');
}

export function proofPart({ proof }: ArtifactInput): string {
  const { counts } = proof;
  const endings = proof.endings.map((e) => `- ${escapeMarkdown(e.says)}`);
  return [
    '## What was proved',
    `Every one of ${counts.states} states between the writes, forward and rolling back, with any one of ${counts.faults} faults and every answer that a cache may still hold: ${counts.flows} flows, ${counts.covered.toLocaleString('en')} cases.`,
    proof.invariants
      .filter((i) => i.checked > 0)
      .map((i) => `- ${code(i.code)}: checked ${i.checked.toLocaleString('en')} times`)
      .join('\n'),
    ...(endings.length === 0
      ? []
      : ['Sessions that were open before a change end by it:', endings.join('\n')]),
  ].join('\n\n');
}
