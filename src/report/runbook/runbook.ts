/*
 * A plan as Markdown for a person alone at night: what, why, exact commands and screens, what must be seen, and the way
 * back, in the order in which it is done. Text from the estate is escaped; secrets are named by reference only.
 */

import type { PlannedChange } from '#plan/change.ts';
import type { Stage } from '#plan/plan.ts';
import { code } from '../artifacts/blocks.ts';
import type { ArtifactInput } from '../artifacts/context.ts';
import { instruct } from '../artifacts/instruct.ts';
import { minutes, stagesToMermaid } from '../artifacts/mermaid.ts';
import { type MoveSummary, moveOf } from '../artifacts/move.ts';
import { evidenceText } from '../evidence-text.ts';
import { escapeMarkdown, plain } from '../plain.ts';
import { blocksToMarkdown } from './blocks-markdown.ts';
import { documentsPart, finalPart } from './end.ts';
import {
  assumptionsPart,
  decisionsPart,
  preflightPart,
  proofPart,
  protectedPart,
  windowsPart,
} from './parts.ts';
import { plural } from './words.ts';

/** The whole runbook. `input.files` and the like may be empty: then it says what to change, without the diffs. */
export function renderRunbook(input: ArtifactInput): string {
  const { plan } = input;
  const parts = [
    titlePart(input),
    overviewPart(input),
    protectedPart(input),
    windowsPart(input),
    preflightPart(input),
    ...plan.stages.map((stage, i) => stagePart(input, stage, i)),
    documentsPart(input),
    finalPart(input),
    backPart(input),
    assumptionsPart(input),
    decisionsPart(input),
    proofPart(input),
  ];
  return `${parts.filter((p) => p !== '').join('\n\n')}\n`;
}

function titlePart({ plan, reader }: ArtifactInput): string {
  const move = moveOf(plan, reader);
  const title =
    move === undefined
      ? `Runbook (${plan.style})`
      : `Runbook: ${move.service} from ${move.from} to ${move.to}, ${plan.style}`;
  const says =
    move === undefined
      ? ''
      : `At the end ${code(move.newService)} alone has ${code(move.to)}, with ${code(`externalTrafficPolicy: ${move.policy.after}`)}: the ingress sees real clients. ${staysText(move)}`;
  const from = `Made from the snapshot ${code(plan.snapshot.path)}${plan.snapshot.takenAt === '' ? '' : ` of ${code(plan.snapshot.takenAt)}`}. If anything was changed since, make it anew: it would not fit any more.`;
  return [`# ${escapeMarkdown(title)}`, says, from, howToRead].filter((t) => t !== '').join('\n\n');
}

function staysText({ from, stays }: MoveSummary): string {
  if (stays.length === 0) return `Nothing is left at ${code(from)}.`;
  const who = stays.map(code).join(', ');
  return `${code(from)} stays with ${plural(stays.length, 'other Service')}, untouched: ${who}.`;
}

const howToRead = `In every terminal, first: \`ARTIFACTS=/path/of/this/folder\`. Do one change after the other, in this order; the proof holds for this order only. **You should see** is the measure: where it differs, stop, and go **back** instead of on. Print this page or keep it on the machine: notes that live behind the ingress cannot be read when it is away.`;

function overviewPart(input: ArtifactInput): string {
  const rows = input.plan.stages.map((stage, i) => {
    const hands = [...new Set(stage.changes.map((c) => c.through.by))].join(', ');
    const length = windowMinutes(input, stage);
    const window = length === undefined ? 'none' : `at most ${length} min`;
    return `| ${i + 1} | ${escapeMarkdown(stage.title)} | ${stage.changes.length} | ${hands} | ${window} |`;
  });
  return [
    '## In short',
    ['| stage | what | changes | through | window |', '|---|---|---|---|---|', ...rows].join('\n'),
    `\`\`\`mermaid\n${stagesToMermaid(input.plan)}\`\`\``,
  ].join('\n\n');
}

/** As the proof computed it, which may be less than a person declared; undefined: nothing fails in the stage. */
function windowMinutes({ proof }: ArtifactInput, stage: Stage): number | undefined {
  const window = proof.windows.find((w) => w.stage === stage.id);
  return window && minutes(window.seconds);
}

function stagePart(input: ArtifactInput, stage: Stage, index: number): string {
  const changes = stage.changes.map((c, j) => changePart(input, c, `${index + 1}.${j + 1}`));
  const length = windowMinutes(input, stage);
  const opens =
    stage.window === undefined || length === undefined
      ? []
      : [
          `**The window opens with the first change of this stage and lasts at most ${length} minutes**: ${escapeMarkdown(stage.window.says)}. Have every screen open before you begin.`,
        ];
  const gates = stage.gates.map((g) =>
    g.kind === 'probes'
      ? '- Run `sh verify.sh`: what must never break passes in every stage; the rest passes from the stage on that brings it.'
      : `- Decide: ${escapeMarkdown(g.asks)} Not sure: this is a good place to stop for tonight, everything works as it is.`,
  );
  const isLast = index === input.plan.stages.length - 1;
  const gate =
    gates.length === 0
      ? []
      : [isLast ? '### Before you call it done' : '### Before the next stage', gates.join('\n')];
  return [`## Stage ${index + 1}: ${escapeMarkdown(stage.title)}`, ...opens, ...changes, ...gate].join(
    '\n\n',
  );
}

function changePart(input: ArtifactInput, change: PlannedChange, number: string): string {
  const forward = instruct(input, change.id, 'forward');
  const back = instruct(input, change.id, 'back');
  if (forward.make.length === 0 && change.change.kind === 'wait') {
    return `### ${number} ${escapeMarkdown(change.title)}\n\nNothing to do on the way forward.`;
  }
  const evidence = change.because.evidence.slice(0, 3).map(evidenceText);
  const isEnd = ['goal', 'documents', 'monitors', 'aliases-not-literals'].includes(change.because.serves);
  const says = isEnd ? change.because.says : `Without it: ${change.because.says}`;
  const why = `**Why.** ${escapeMarkdown(sentence(says))}${evidence.length === 0 ? '' : ` (${evidence.map(code).join(', ')})`}`;
  return [
    `### ${number} ${escapeMarkdown(change.title)}`,
    why,
    blocksToMarkdown(forward.make),
    ...(forward.check.length === 0 ? [] : [`**Check**`, blocksToMarkdown(forward.check)]),
    ...(back.make.length === 0
      ? []
      : [`<details><summary>Way back from ${number}</summary>`, blocksToMarkdown(back.make), '</details>']),
  ].join('\n\n');
}

function sentence(says: string): string {
  const text = plain(says);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The undos, last first, each in its own words above. */
function backPart(input: ArtifactInput): string {
  const all = input.plan.stages.flatMap((s, i) =>
    s.changes.map((c, j) => ({ c, number: `${i + 1}.${j + 1}` })),
  );
  const lines = [...all].reverse().flatMap(({ c, number }) => {
    const { make } = instruct(input, c.id, 'back');
    return make.length === 0 ? [] : [`1. from ${number}, ${escapeMarkdown(c.title)}: ${summaryOf(input, c)}`];
  });
  return [
    '## Going back',
    'Undo what you have done, **last first**, and begin where you stopped. A change that you did not get to needs no undo. Waits are part of it: they keep answers that caches still hold from leading nowhere.',
    lines.join('\n'),
    'Then run `sh verify.sh`: what must never break passes; the checks of the new address fail, as they should.',
  ].join('\n\n');
}

function summaryOf(input: ArtifactInput, change: PlannedChange): string {
  const [file] = instruct(input, change.id, 'back').files;
  if (file !== undefined) return `its way back, with ${code(file.path)}`;
  const wait =
    change.change.kind === 'wait' ? `wait ${minutes(change.change.for.seconds)} minutes` : undefined;
  return wait ?? 'its way back';
}
