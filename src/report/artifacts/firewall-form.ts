/* The form of a firewall rule or a port forward: each field that changes, by its name on pfSense's screen. */
import type { AddressMatch, FilterRule, PortForward, PortMatch, RuleMatch } from '#estate/firewall.ts';
import { code } from './blocks.ts';

type Form = Partial<FilterRule> & Partial<PortForward>;
type Line = (now: Form, was: Form) => string;

const tick = (is: boolean | undefined) => (is === true ? 'ticked' : 'not ticked');
const reflections: Readonly<Record<PortForward['reflection'], string>> = {
  default: 'Use system default',
  disable: 'Disable',
  'nat-proxy': 'NAT + Proxy',
  'pure-nat': 'Pure NAT',
};

const lines: Readonly<Partial<Record<keyof FilterRule | keyof PortForward, Line>>> = {
  isEnabled: (now) => `Disabled: **${tick(now.isEnabled === false)}**`,
  isException: (now) => `No RDR (NOT): **${tick(now.isException)}**`,
  action: (now) => `Action: **${titled(now.action ?? '')}**`,
  isQuick: (now) => `Quick: **${tick(now.isQuick)}**`,
  direction: (now) => `Direction: **${now.direction ?? ''}**`,
  interface: (now) => `Interface: **${(now.interface ?? '').toUpperCase()}**`,
  interfaces: (now) => `Interface: ${(now.interfaces ?? []).map((i) => `**${i.toUpperCase()}**`).join(', ')}`,
  target: (now, was) =>
    `Redirect target IP: type **Address or Alias**, ${code(now.target ?? '')}${was.target === undefined ? '' : ` instead of ${code(was.target)}`}`,
  localPort: (now) =>
    `Redirect target port: ${now.localPort === undefined ? 'as the destination port' : code(String(now.localPort))}`,
  reflection: (now) => `NAT reflection: **${reflections[now.reflection ?? 'default']}**`,
  gateway: (now) =>
    `**Advanced** > Gateway: ${now.gateway === undefined ? '**Default**' : code(now.gateway)}`,
  associatedRule: (now) =>
    `Filter rule association: ${now.associatedRule === 'pass' ? '**Pass**' : now.associatedRule ? '**Add associated filter rule**' : '**None**'}`,
  descr: (now) => `Description: ${code(now.descr ?? '')}`,
};

/** The fields that differ, in the order of the screen; all of them for a rule that is new. */
export function formLines(was: Form, now: Form): readonly string[] {
  const own = Object.entries(lines).flatMap(([field, line]) => {
    const [a, b] = [was[field as keyof Form], now[field as keyof Form]];
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [line(now, was)];
  });
  const at = own.findIndex((l) => /^(Redirect|NAT refl|\*\*Adv|Filter rule|Description)/.test(l));
  const match = now.match === undefined ? [] : matchLines(was.match, now.match);
  return at < 0 ? [...own, ...match] : [...own.slice(0, at), ...match, ...own.slice(at)];
}

function matchLines(was: RuleMatch | undefined, now: RuleMatch): readonly string[] {
  const family = { 4: 'IPv4', 6: 'IPv6', both: 'IPv4+IPv6' }[now.family];
  const all: readonly (readonly [keyof RuleMatch, string])[] = [
    ['family', `Address Family: **${family}**`],
    ['protocol', `Protocol: **${now.protocol.toUpperCase()}**`],
    ['source', `Source: ${addressText(now.source)}`],
    ['sourcePort', `Source Port Range: ${portText(now.sourcePort)}`],
    ['destination', `Destination: ${addressText(now.destination)}`],
    ['destinationPort', `Destination Port Range: ${portText(now.destinationPort)}`],
  ];
  return all.flatMap(([field, line]) =>
    JSON.stringify(was?.[field]) === JSON.stringify(now[field]) ? [] : [line],
  );
}

function addressText(match: AddressMatch): string {
  const inverted = 'not' in match && match.not ? ', **Invert match** ticked' : '';
  switch (match.kind) {
    case 'any':
      return '**Any**';
    case 'address':
      return /\/(32|128)$/.test(match.prefix)
        ? `**Address or Alias** ${code(match.prefix.replace(/\/(32|128)$/, ''))}${inverted}`
        : `**Network** ${code(match.prefix)}${inverted}`;
    case 'alias':
      return `**Address or Alias** ${code(match.name)}${inverted}`;
    case 'interface':
      return `**${match.name.toUpperCase()} ${match.part === 'address' ? 'address' : 'subnets'}**${inverted}`;
    case 'self':
      return `**This Firewall (self)**${inverted}`;
    case 'unknown':
      return code(match.text);
    default:
      return match satisfies never;
  }
}

function portText(match: PortMatch): string {
  if (match.kind === 'any') return '**any**';
  if (match.kind === 'alias') return code(match.name);
  const { first, last } = match.range;
  return code(first === last ? String(first) : `${first}-${last}`);
}

function titled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
