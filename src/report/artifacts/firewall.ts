/* A firewall by its own screens (pfSense's names; OPNsense's where they differ), and the sections of its configuration. */
import type { Alias, FilterRule, Firewall, PortForward } from '#estate/firewall.ts';
import type { SetChange, SettingOf } from '#plan/change.ts';
import { type Block, code, expect, type Instruction, text } from './blocks.ts';
import { pathOf, type Task } from './context.ts';
import { formLines } from './firewall-form.ts';

/** All settings of one change of a firewall: one visit to its web interface, one Apply. */
export function firewallByHand(task: Task, change: SetChange): Instruction {
  const name = task.planned.through.system.replace(/^firewall\//, '');
  const steps = inOrder(change.settings).flatMap((s) => {
    if (s.of === 'alias') return aliasSteps(task, s);
    if (s.of === 'portForward') return forwardSteps(task, s);
    if (s.of === 'filterRule') return ruleSteps(task, s, change);
    return s.of === 'firewall' ? reflectionSteps(s) : [];
  });
  const url = task.input.reader.get('systemAccess', `firewall/${name}`)?.value.url;
  const where = `the ${productOf(task, name)} called ${name}${url === undefined ? '' : `, ${url}`}`;
  const section = task.input.sections.find((s) => s.change === task.planned.id && s.firewall === name);
  const path = pathOf(task, '.config.xml.diff');
  const diff = task.way === 'forward' ? section?.diff : section?.undo;
  return {
    make: [
      {
        kind: 'screens',
        where,
        steps: [...steps, '**Apply Changes** at the top of the page; wait for the green line'],
      },
      ...(diff === undefined
        ? []
        : [
            text(
              `What this changes in ${code('config.xml')} is in ${code(path)}, to compare with **Diagnostics > Backup & Restore > Config History**. Do not restore it: restoring a whole configuration reboots the firewall.`,
            ),
          ]),
    ],
    check: [...change.settings.flatMap(checksOf), ...stateNote(change)],
    files: diff === undefined ? [] : [{ path, text: diff }],
  };
}

/** Aliases before what names them, rules that follow a forward after it, an alias that goes last of all. */
function inOrder(settings: SetChange['settings']): SetChange['settings'] {
  const rank = (s: SetChange['settings'][number]) => {
    if (s.of === 'alias') return s.after === null ? 9 : 0;
    return s.of === 'portForward' ? 1 : s.of === 'filterRule' ? 2 : 3;
  };
  return [...settings].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
}

function productOf({ input }: Task, name: string): string {
  const product = input.reader.get('firewall', name)?.value.product;
  return product === 'opnsense' ? 'OPNsense' : 'pfSense';
}

function aliasSteps({ input }: Task, setting: SettingOf<'alias'>): readonly string[] {
  if (setting.after === null) {
    const { name = '' } = setting.before as Alias;
    return [
      `**Firewall** > **Aliases** > **IP** > the bin beside ${code(name)} > **OK**. Refused as *in use*: a rule still names it; undo that one first`,
    ];
  }
  if (setting.before === null) {
    const { name, type, entries, descr } = setting.after as Alias;
    return [
      '**Firewall** > **Aliases** > **IP** > **Add**',
      `Name: ${code(name)}`,
      `Description: ${code(descr)}`,
      `Type: **${typeText(type)}**`,
      `IP or FQDN: ${entries.map(code).join(', ')}${entries.length > 1 ? ' (**Add Host** for each)' : ''}`,
      '**Save**',
    ];
  }
  const name = setting.id.split('/')[1] ?? '';
  const { descr, type } = setting.after;
  const entries = (setting.after.entries ?? input.reader.get('alias', setting.id)?.value.entries ?? []).map(
    code,
  );
  return [
    `**Firewall** > **Aliases** > **IP** > the pencil beside ${code(name)}`,
    ...(descr === undefined ? [] : [`Description: ${code(descr)}`]),
    ...(type === undefined ? [] : [`Type: **${typeText(type)}**`]),
    `IP or FQDN: ${entries.join(', ')}`,
    '**Save**',
  ];
}

function typeText(type: Alias['type']): string {
  return type === 'network' ? 'Network(s)' : type === 'port' ? 'Port(s)' : 'Host(s)';
}

function forwardSteps({ input }: Task, setting: SettingOf<'portForward'>): readonly string[] {
  const tab = '**Firewall** > **NAT** > **Port Forward**';
  if (setting.before === null) return added(tab, setting.after as PortForward);
  const rule = input.reader.get('portForward', setting.id)?.value ?? (setting.before as PortForward);
  const at = `${describeForward(rule)} (rule ${rule.position + 1} from the top)`;
  if (setting.after === null) return [`${tab} > the bin of ${at} > **OK**`];
  const own = formLines(setting.before, setting.after);
  const isTarget = own.length === 1 && setting.after.target !== undefined;
  const rest = isTarget ? '. Change nothing else: the filter rule association stays' : '';
  return [`${tab} > the pencil of ${at}`, ...own.map((l) => `${l}${rest}`), '**Save** (do not apply yet)'];
}

/** A rule that is new, at its place: the order decides. */
function added(tab: string, rule: FilterRule | PortForward): readonly string[] {
  return [
    `${tab} > **Add**`,
    ...formLines({}, rule),
    '**Save** (do not apply yet)',
    `Drag it to be rule ${rule.position + 1} from the top, then **Save**`,
  ];
}

function describeForward(rule: PortForward): string {
  const port = rule.match.destinationPort;
  const says = port.kind === 'range' ? `${port.range.first}` : port.kind === 'alias' ? port.name : 'any port';
  return `${code(rule.interface.toUpperCase())} ${code(`${rule.match.protocol.toUpperCase()} ${says}`)} ${code(rule.descr)}`;
}

/** pfSense changes the linked rule with its forward: that is looked at, not done twice. */
function ruleSteps({ input }: Task, setting: SettingOf<'filterRule'>, change: SetChange): readonly string[] {
  const rule = input.reader.get('filterRule', setting.id)?.value ?? (setting.before as FilterRule | null);
  const whole = rule ?? (setting.after as FilterRule);
  const tab = `**Firewall** > **Rules** > **${(whole.interfaces[0] ?? 'Floating').toUpperCase()}**`;
  if (setting.before === null) return added(tab, whole);
  if (setting.after === null) return [`${tab} > the bin of ${code(whole.descr)} > **OK**`];
  const destination = setting.after.match?.destination;
  const isLinked =
    whole.associatedRule !== undefined &&
    change.settings.some(
      (s) =>
        s.of === 'portForward' &&
        input.reader.get('portForward', s.id)?.value.associatedRule === whole.associatedRule,
    );
  if (isLinked && destination !== undefined)
    return [
      `${tab}: ${code(whole.descr)} now shows destination ${code(shownAt(destination))} (it follows its forward; do not edit it)`,
    ];
  return [
    `${tab} > the pencil of ${code(whole.descr)}`,
    ...formLines(setting.before, setting.after),
    '**Save**',
  ];
}

function shownAt(destination: FilterRule['match']['destination']): string {
  if (destination.kind === 'alias') return destination.name;
  return destination.kind === 'address' ? destination.prefix.replace(/\/(32|128)$/, '') : destination.kind;
}

function reflectionSteps(setting: SettingOf<'firewall'>): readonly string[] {
  const names: Readonly<Record<Firewall['reflection'], string>> = {
    disable: 'Disabled',
    'nat-proxy': 'NAT + Proxy',
    'pure-nat': 'Pure NAT',
  };
  const { reflection, reflectionSnat, isIpv6Allowed } = setting.after ?? {};
  const nat = [
    ...(reflection === undefined ? [] : [`NAT Reflection mode for port forwards: **${names[reflection]}**`]),
    ...(reflectionSnat === undefined
      ? []
      : [`Enable automatic outbound NAT for Reflection: **${reflectionSnat ? 'ticked' : 'not ticked'}**`]),
  ];
  return [
    ...(nat.length === 0 ? [] : ['**System** > **Advanced** > **Firewall & NAT**', ...nat, '**Save**']),
    ...(isIpv6Allowed === undefined
      ? []
      : [
          '**System** > **Advanced** > **Networking**',
          `Allow IPv6: **${isIpv6Allowed ? 'ticked' : 'not ticked'}**`,
          '**Save**',
        ]),
  ];
}

/** States outlive the rules that made them. */
function stateNote(change: SetChange): readonly Block[] {
  if (!change.settings.some((s) => s.of === 'portForward')) return [];
  return [
    text(
      'Connections that are open keep the old target until they end by themselves; new ones take the new one. Do not reset all states.',
    ),
  ];
}

function checksOf(setting: SetChange['settings'][number]): readonly Block[] {
  if (setting.of === 'alias' && setting.after !== null) {
    const { name = setting.id.split('/')[1] ?? '', entries = [] } = setting.after as Alias;
    return [
      text(
        `**Diagnostics** > **Tables** > ${code(name)} (an alias that no rule uses yet has no table; it appears with the first rule)`,
      ),
      expect(entries.map(code).join(', ')),
    ];
  }
  return [];
}
