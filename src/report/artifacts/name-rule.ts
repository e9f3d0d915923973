/* A resolver's own rule by hand: a line of a Corefile, an override on a firewall's screen, or a file of the resolver. */
import type { NameRule } from '#estate/dns.ts';
import type { Fact } from '#estate/fact.ts';
import type { SettingOf } from '#plan/change.ts';
import { code, expect, type Instruction, quote, shell, text } from './blocks.ts';
import { kubectl, type Task } from './context.ts';

type Rule = NameRule['rule'];

export function nameRuleByHand(task: Task, setting: SettingOf<'nameRule'>): Instruction {
  const fact = task.input.reader.get('nameRule', setting.id);
  const before = setting.before?.rule ?? fact?.value.rule;
  const after = setting.after?.rule;
  const resolver = setting.id.split('|')[0] ?? '';
  const [program = '', place = ''] = resolver.split('/');
  if (program === 'coredns') return inCorefile(task, place, fact, before, after);
  const isOnFirewall = program === 'unbound' || program === 'dnsmasq';
  const where = isOnFirewall
    ? [
        `**Services** > **DNS ${program === 'unbound' ? 'Resolver' : 'Forwarder'}** > **General Settings** > **Host Overrides**, the pencil of the entry`,
      ]
    : ['the rule in the file of the resolver'];
  const end = isOnFirewall
    ? '**Save**, then **Apply Changes**'
    : 'Save the file, then let the resolver read it again';
  const steps = [...where, `${code(ruleText(before))} becomes ${code(ruleText(after))}`, end];
  return { make: [{ kind: 'screens', where: resolver, steps }], check: [], files: [] };
}

function inCorefile(
  { input }: Task,
  cluster: string,
  fact: Fact<'nameRule'> | undefined,
  before: Rule | undefined,
  after: Rule | undefined,
): Instruction {
  const [, namespace = 'kube-system', name = 'coredns'] =
    /^ConfigMap ([^/\s]+)\/(\S+)/.exec(fact?.evidence.object ?? '') ?? [];
  const k = `${kubectl(input.reader, cluster)} -n ${quote(namespace)}`;
  return {
    make: [
      shell(`${k} edit configmap ${quote(name)}`),
      text(
        `In the Corefile, ${code(corefileLine(before))} becomes ${code(corefileLine(after))}. Nothing else; keep the order of the lines.`,
      ),
    ],
    check: [
      text(
        `CoreDNS reads it by itself within two minutes where the Corefile has ${code('reload')}; otherwise ${code(`${k} rollout restart deployment coredns`)}.`,
      ),
      shell(`${k} logs -l k8s-app=kube-dns --tail=5`),
      expect(`${code('[INFO] Reloading complete')}, and no ${code('[ERROR]')} behind it`),
    ],
    files: [],
  };
}

function corefileLine(rule: Rule | undefined): string {
  switch (rule?.kind) {
    case undefined:
      return 'nothing';
    case 'host':
      return rule.addresses.map((a) => `${a} ${rule.name}`).join('; ');
    case 'rewrite':
      return `rewrite name ${rule.match} ${rule.from} ${rule.to}`;
    case 'forward':
      return `forward ${rule.zone === '' ? '.' : rule.zone} ${rule.to.join(' ')}`;
    case 'unknown':
      return rule.text;
    default:
      return rule satisfies never;
  }
}

function ruleText(rule: Rule | undefined): string {
  if (rule?.kind === 'host') return `${rule.name} ${rule.addresses.join(', ')}`;
  if (rule?.kind === 'rewrite') return `${rule.from} ${rule.to}`;
  return rule?.kind === 'forward' ? `${rule.zone} to ${rule.to.join(', ')}` : (rule?.text ?? 'nothing');
}
