/* Every change of a plan, and its undo, as instructions for a person. */
import type { Ip } from '#net/ip.ts';
import { inverseOf, type PlannedChange, type SetChange, type WaitChange } from '#plan/change.ts';
import { escapeMarkdown } from '../plain.ts';
import { code, expect, type Instruction, nothing, shell, text, together } from './blocks.ts';
import type { ArtifactInput, Task, Way } from './context.ts';
import { slugOf, stateAt } from './context.ts';
import { recordByHand, translationByHand } from './dns.ts';
import { firewallByHand } from './firewall.ts';
import { byHelm, isByHelm, valuesByHelm, writesValuesDown } from './helm.ts';
import { ingressByApi } from './ingress-arguments.ts';
import { middlewareByApi, poolByApi, serviceByApi, serviceChecks, workloadByApi } from './kubernetes.ts';
import { nameRuleByHand } from './name-rule.ts';
import {
  accessByHand,
  allowlistByHand,
  freezeByHand,
  mentionsByHand,
  monitorByHand,
  ofKind,
  tunnelByHand,
} from './other.ts';
import { byRepository } from './repository.ts';
import { uncovered } from './uncovered.ts';

/** Instructions for the change (or, way 'back', for its undo). */
export function instruct(input: ArtifactInput, id: string, way: Way): Instruction {
  const planned = input.plan.stages.flatMap((s) => s.changes).find((c) => c.id === id);
  if (planned === undefined) return nothing;
  const change = way === 'forward' ? planned.change : inverseOf(planned.change);
  const state = { ...input, reader: stateAt(input, id, way) };
  const task: Task = { input: state, planned, slug: slugOf(input.plan, id), way };
  if (change.kind === 'wait') return waited(state, change, way);
  if (change.settings.length === 0) return unseen(planned, way);
  if (writesValuesDown(change)) return valuesByHelm(task, change);
  if (planned.through.by === 'repository')
    return isByHelm(task) ? byHelm(task, change) : byRepository(task, change);
  if (isOfFirewall(planned.through.system, change))
    return together([firewallByHand(task, change), uncovered(change)]);
  return together([...bySystem(task, change), uncovered(change)]);
}

/** What only a person sees to: the plan says no more of it than its title. */
function unseen({ title }: PlannedChange, way: Way): Instruction {
  const says = `${escapeMarkdown(title)}: by hand, in its own checkout or system. No setting of the snapshot stands for it, so nothing here can check it.`;
  return {
    ...nothing,
    make: [text(way === 'forward' ? says : `Take back by hand: ${escapeMarkdown(title)}.`)],
  };
}

/** What runs on a firewall beside its rules (its resolver) has screens of its own. */
function isOfFirewall(system: string, change: SetChange): boolean {
  return system.startsWith('firewall/') && change.settings.every((s) => s.of !== 'nameRule');
}

function bySystem(task: Task, change: SetChange): readonly Instruction[] {
  const tunnel = ofKind(change, 'tunnelRule');
  const others = change.settings.map((setting): Instruction => {
    switch (setting.of) {
      case 'service':
        return together([serviceByApi(task, setting), { ...nothing, check: serviceChecks(task, setting) }]);
      case 'workload':
        return workloadByApi(task, setting);
      case 'middleware':
        return middlewareByApi(task, setting);
      case 'ingress':
        return ingressByApi(task, setting);
      case 'pool':
        return poolByApi(task, setting);
      case 'recordSet':
        return recordByHand(task, setting);
      case 'translation':
        return translationByHand(task, setting);
      case 'nameRule':
        return nameRuleByHand(task, setting);
      case 'banAllowlist':
        return allowlistByHand(task, setting);
      case 'monitor':
        return monitorByHand(task, setting);
      case 'systemAccess':
        return accessByHand(task, setting);
      case 'repository':
        return freezeByHand(task, setting);
      case 'tunnelRule':
      case 'mention':
        return nothing;
      default:
        return {
          ...nothing,
          make: [
            text(
              `${code(setting.of)} ${code(setting.id)}: ${code(JSON.stringify(setting.before))} becomes ${code(JSON.stringify(setting.after))}`,
            ),
          ],
        };
    }
  });
  return [
    ...others,
    ...(tunnel.length > 0 ? [tunnelByHand(task, tunnel)] : []),
    mentionsByHand(task, ofKind(change, 'mention')),
  ];
}

function waited(input: ArtifactInput, change: WaitChange, way: Way): Instruction {
  if (change.direction !== undefined && change.direction !== way) return nothing;
  const { for: reason } = change;
  const minutes = Math.ceil(reason.seconds / 60);
  const why =
    reason.kind === 'answers'
      ? `for so long (${reason.seconds} s) a cache may still answer with the record as it was; go on only then`
      : reason.kind === 'stragglers'
        ? `nobody may have been seen on ${reason.ip} for ${minutes} minutes, seen by ${escapeMarkdown(reason.seenBy)}`
        : `${escapeMarkdown(reason.says)}, at most ${minutes} minutes`;
  return {
    make: [
      text(`Wait **${minutes} minutes**: ${why}. Note the time: you may close the laptop meanwhile.`),
      shell(`date; sleep ${reason.seconds}; date`),
    ],
    check: reason.kind === 'stragglers' ? stragglers(input, reason.ip, minutes) : [],
    files: [],
  };
}

/** Connection tracking sees everybody; the ingress's log tells some of them apart by what it takes for the client. */
function stragglers({ reader }: ArtifactInput, ip: Ip, minutes: number): Instruction['check'] {
  const nodes = reader.all('node').map((n) => n.value.name);
  const on = nodes.length === 0 ? 'every node' : nodes.map(code).join(', ');
  return [
    text(`On each of ${on}, which see every client, pods and tunnels included:`),
    shell(`sudo conntrack -L -d ${ip} 2>/dev/null | grep -vc UNREPLIED`),
    expect(
      `${code('0')} on each, for ${minutes} minutes on end; anything else: ${code(`sudo conntrack -L -d ${ip}`)} names who it is`,
    ),
    text(
      'In the log of an ingress, a node as the client came by the address with policy Cluster, and a real client by the one with Local; pods and tunnels look alike by both.',
    ),
  ];
}
