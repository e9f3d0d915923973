/* Rules of a tunnel as facts have them, and a configuration with some of them changed. Everything else stays as it came. */
import type { TunnelRule } from '#estate/tunnel.ts';
import type { Rule, TunnelConfiguration } from './api.ts';

type Config = TunnelConfiguration['config'];
export type RuleField =
  | 'service'
  | 'noTlsVerify'
  | 'originServerName'
  | 'httpHostHeader'
  | 'hostname'
  | 'path';

export interface RuleWanted {
  readonly position: number;
  readonly before: Partial<TunnelRule>;
  readonly after: Partial<TunnelRule>;
}

const origin: Readonly<Record<string, string>> = {
  noTlsVerify: 'noTLSVerify',
  originServerName: 'originServerName',
  httpHostHeader: 'httpHostHeader',
};

/** The field as the fact has it; undefined: not set. */
export function ruleField(config: Config, position: number, field: RuleField): unknown {
  const rule = config.ingress[position];
  if (rule === undefined) return undefined;
  const name = origin[field];
  if (name !== undefined) {
    const value = rule.originRequest?.[name] ?? config.originRequest?.[name];
    return field === 'noTlsVerify' ? value === true : value === '' ? undefined : value;
  }
  if (field === 'service') return rule.service.replace(/\/\/[^/@]*@/, '//');
  const text = rule[field as 'hostname' | 'path'];
  return text === null || text === '' || text === '*' ? undefined : text;
}

export function hasLogin(config: Config, position: number): boolean {
  return /\/\/[^/@]*@/.test(config.ingress[position]?.service ?? '');
}

/** The configuration with the rules as they are after. */
export function withRules(config: Config, wanted: readonly RuleWanted[]): Config {
  const ingress = config.ingress.map((rule, position) => {
    const own = wanted.find((w) => w.position === position);
    return own === undefined ? rule : changedRule(rule, fieldsOf(own), own.after);
  });
  return { ...config, ingress };
}

export function fieldsOf({ before, after }: RuleWanted): readonly RuleField[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])] as RuleField[];
}

function changedRule(rule: Rule, fields: readonly RuleField[], after: Partial<TunnelRule>): Rule {
  let changed: Rule = rule;
  for (const field of fields) {
    const name = origin[field];
    const value = after[field];
    if (name === undefined) changed = put(changed, field, value);
    else changed = put(changed, 'originRequest', put({ ...changed.originRequest }, name, value));
  }
  return changed;
}

function put<T extends Readonly<Record<string, unknown>>>(object: T, key: string, value: unknown): T {
  const { [key]: _, ...rest } = object;
  return (value === undefined ? rest : { ...object, [key]: value }) as T;
}

/** What cloudflared would refuse; undefined: fine. */
export function ruleProblem(config: Config): string | undefined {
  const isCatchAll = (r: Rule | undefined) => (r?.hostname ?? '') === '' && (r?.path ?? '') === '';
  if (!isCatchAll(config.ingress.at(-1))) return 'the last rule would no longer match everything';
  const early = config.ingress.slice(0, -1).findIndex(isCatchAll);
  return early < 0 ? undefined : `rule ${early} would match everything before the last one`;
}
