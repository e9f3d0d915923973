/*
 * Filter rules (pfSense filter.inc). Floating rules come first and need `quick` to end the search; interface rules
 * always end it. Conditions that a flow of ours cannot answer (tags, schedules) make the match unknown, not wider.
 */
import type { FilterRule, RuleMatch } from '#estate/firewall.ts';
import { add, type Box, miss, quoted } from './context.ts';
import { all, at, has, prose, text } from './decode.ts';
import { type Names, ruleMatch } from './match.ts';
import type { XmlElement } from './xml.ts';

const actions = new Set(['pass', 'block', 'reject']);
const narrowing = ['sched', 'tagged', 'os', 'vlanprio', 'dscp', 'icmptype'];

export function convertFilter(box: Box, names: Names): void {
  const groups = groupsOf(box);
  for (const [position, rule] of all(at(box.root, 'filter'), 'rule').entries()) {
    const action = text(rule, 'type') ?? 'pass';
    if (action === 'match') continue; // for traffic shaping: decides nothing
    const object = `filter/rule[${position}]`;
    if (!actions.has(action)) {
      const what = `filter rule ${position} has the action ${quoted(action)}, which is not known`;
      miss(box, { about: object, what, kinds: ['filterRule'], element: rule });
      continue;
    }
    const interfaces = namesIn(text(rule, 'interface')).flatMap((i) => groups.get(i) ?? [i]);
    add(box, 'filterRule', filterRuleOf(box, rule, { position, names, interfaces }), rule, object);
  }
  noteGroupOrder(box, groups);
}

interface Where {
  readonly position: number;
  readonly names: Names;
  readonly interfaces: readonly string[];
}

function filterRuleOf(box: Box, rule: XmlElement, { position, names, interfaces }: Where): FilterRule {
  const isFloating = has(rule, 'floating');
  const direction = text(rule, 'direction');
  const gateway = text(rule, 'gateway');
  const associatedRule = text(rule, 'associated-rule-id');
  return {
    firewall: box.firewall,
    position,
    interfaces,
    isFloating,
    isQuick: !isFloating || has(rule, 'quick'),
    direction: isFloating ? (direction === 'in' || direction === 'out' ? direction : 'any') : 'in',
    isEnabled: !has(rule, 'disabled'),
    action: (text(rule, 'type') ?? 'pass') as FilterRule['action'],
    match: narrowed(rule, ruleMatch(rule, names)),
    ...(gateway !== undefined && { gateway }),
    ...(associatedRule !== undefined && { associatedRule }),
    descr: prose(rule, 'descr'),
  };
}

function narrowed(rule: XmlElement, match: RuleMatch): RuleMatch {
  const conditions = narrowing.filter((n) => text(rule, n) !== undefined && match.protocol !== 'icmp');
  if (conditions.length === 0) return match;
  return { ...match, source: { kind: 'unknown', text: `only where ${conditions.join(', ')} fits` } };
}

function namesIn(list: string | undefined): readonly string[] {
  return list?.split(/[\s,]+/).filter((n) => n !== '' && n !== 'any') ?? [];
}

/** Interface groups, those of the user and those that pfSense makes for its VPNs. */
function groupsOf(box: Box): ReadonlyMap<string, readonly string[]> {
  const groups = all(at(box.root, 'ifgroups'), 'ifgroupentry').map((g): [string, readonly string[]] => [
    text(g, 'ifname') ?? '',
    namesIn(text(g, 'members')),
  ]);
  const tunnels = box.facts.flatMap((f) =>
    f.kind === 'firewallInterface' && 'device' in f.value ? [f.value] : [],
  );
  const made = (group: string, device: RegExp): [string, readonly string[]] => [
    group,
    tunnels.filter((t) => device.test(t.device)).map((t) => t.name),
  ];
  return new Map([made('openvpn', /^ovpn/), made('WireGuard', /^tun_wg/), ...groups]);
}

/** pfSense evaluates rules of groups before those of single interfaces, whatever their order in the file. */
function noteGroupOrder(box: Box, groups: ReadonlyMap<string, readonly string[]>): void {
  const seen = new Set<string>();
  for (const [position, rule] of all(at(box.root, 'filter'), 'rule').entries()) {
    const name = text(rule, 'interface') ?? '';
    if (has(rule, 'floating') || has(rule, 'disabled')) continue;
    if (!groups.has(name)) seen.add(name);
    else if (groups.get(name)?.some((member) => seen.has(member))) {
      const what = `rule ${position} is of the interface group ${quoted(name)} and stands after rules of its members: it is evaluated before them, and Sightline keeps the order of the file`;
      miss(box, { about: `filter/rule[${position}]/order`, what, kinds: ['filterRule'], element: rule });
      return;
    }
  }
}
