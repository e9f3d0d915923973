/* Port forwards and outbound NAT (pfSense firewall_nat.inc, filter.inc; config 24.x). */
import type { OutboundNatRule, PortForward } from '#estate/firewall.ts';
import { add, type Box, miss } from './context.ts';
import { all, at, child, has, prose, text } from './decode.ts';
import { addressMatch, familyOfRule, type Names, portMatch, protocolOf, ruleMatch } from './match.ts';
import type { XmlElement } from './xml.ts';

const reflections: ReadonlyMap<string, PortForward['reflection']> = new Map(
  Object.entries({
    disable: 'disable',
    enable: 'nat-proxy',
    purenat: 'pure-nat',
  }),
);

export function convertNat(box: Box, names: Names): void {
  for (const [position, rule] of all(at(box.root, 'nat'), 'rule').entries()) {
    add(box, 'portForward', forwardOf(box, rule, { position, names }), rule, `nat/rule[${position}]`);
  }
  for (const [position, rule] of all(at(box.root, 'nat/outbound'), 'rule').entries()) {
    const value = outboundOf(box, rule, { position, names });
    add(box, 'outboundNatRule', value, rule, `nat/outbound/rule[${position}]`);
  }
  noteOneToOne(box, 'onetoone', '1:1 NAT');
  noteOneToOne(box, 'npt', 'network prefix translation');
}

interface Where {
  readonly position: number;
  readonly names: Names;
}

function forwardOf(box: Box, rule: XmlElement, { position, names }: Where): PortForward {
  const localPort = localPortOf(text(rule, 'local-port'));
  const on = text(rule, 'interface') ?? 'wan';
  return {
    firewall: box.firewall,
    position,
    interface: on,
    isEnabled: !has(rule, 'disabled'),
    isException: has(rule, 'nordr'),
    // without a destination filter.inc takes the address of the interface
    match: ruleMatch(rule, names, { kind: 'interface', name: on, part: 'address', not: false }),
    target: text(rule, 'target') ?? '',
    ...(localPort !== undefined && { localPort }),
    reflection: reflections.get(text(rule, 'natreflection') ?? '') ?? 'default',
    associatedRule: text(rule, 'associated-rule-id') ?? '',
    descr: prose(rule, 'descr'),
  };
}

function localPortOf(written: string | undefined): number | string | undefined {
  const first = written?.match(/^\d{1,5}(?=$|[-:])/)?.[0];
  return first === undefined ? written : Number(first);
}

/** Outbound rules name their parts otherwise: the source is a `network`, ports stand beside the addresses. */
function outboundOf(box: Box, rule: XmlElement, { position, names }: Where): OutboundNatRule {
  return {
    firewall: box.firewall,
    position,
    interface: text(rule, 'interface') ?? '',
    isEnabled: !has(rule, 'disabled'),
    isException: has(rule, 'nonat'),
    match: {
      family: familyOfRule(text(rule, 'ipprotocol') ?? 'inet46'),
      protocol: protocolOf(rule),
      source: addressMatch(child(rule, 'source'), names, { kind: 'any' }),
      sourcePort: portMatch(text(rule, 'sourceport')),
      destination: addressMatch(child(rule, 'destination'), names, { kind: 'any' }),
      destinationPort: portMatch(text(rule, 'dstport')),
    },
    target: targetOf(rule),
  };
}

function targetOf(rule: XmlElement): string {
  const target = text(rule, 'target') ?? '';
  if (target !== 'other-subnet') return target;
  return `${text(rule, 'targetip') ?? ''}/${text(rule, 'targetip_subnet') ?? ''}`;
}

function noteOneToOne(box: Box, name: string, called: string): void {
  const rules = all(at(box.root, 'nat'), name).filter((r) => !has(r, 'disabled'));
  const first = rules[0];
  if (first === undefined) return;
  const count = rules.length === 1 ? 'one rule' : `${rules.length} rules`;
  miss(box, {
    about: `nat/${name}`,
    what: `${called} is configured (${count}) and is not read: it rewrites addresses in both directions`,
    kinds: ['portForward', 'outboundNatRule'],
    element: first,
  });
}
