/*
 * Writes rules of one tunnel: reads the configuration, changes the rules, writes it whole and reads back. The API knows no
 * condition on the version, so it is compared right before, and the new version has to be the next one.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { TunnelRule } from '#estate/tunnel.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { observedOf, writeOutcomeOf } from '../api-failure.ts';
import type { CloudflareApi, Rule, TunnelConfiguration } from './api.ts';
import { fieldsOf, hasLogin, type RuleWanted, ruleField, ruleProblem, withRules } from './rules.ts';

interface Kept {
  readonly format: 1;
  readonly rules: readonly { readonly position: number; readonly rule: Rule }[];
}

export interface TunnelPlace {
  /** Name in the snapshot: `tunnel/<name>`. */
  readonly name: string;
  readonly account: string;
  readonly tunnel: string;
}

export class TunnelActuator implements Actuator {
  readonly name = 'cloudflare-tunnel';
  readonly #place: TunnelPlace;
  readonly #api: CloudflareApi;
  /** Host names by position as preflight saw them: a rule put in since would shift them. */
  #hosts: string | undefined;

  constructor(place: TunnelPlace, api: CloudflareApi) {
    this.#place = place;
    this.#api = api;
  }

  can(system: string, setting: Setting): boolean {
    return (
      system === `tunnel/${this.#place.name}` &&
      setting.of === 'tunnelRule' &&
      setting.id.startsWith(`${this.#place.name}/`)
    );
  }

  async preflight(change: PlannedChange): Promise<readonly string[]> {
    const wanted = rulesOf(change);
    if (typeof wanted === 'string') return [wanted];
    try {
      const now = await this.#read();
      if (now.kind === 'failed') return [now.says];
      this.#hosts ??= hostsOf(now.result.config);
      if (now.result.source === 'local')
        return ['the tunnel is managed by its config.yaml: the API does not change it'];
      const logins = wanted.filter(
        (w) => hasLogin(now.result.config, w.position) && fieldsOf(w).includes('service'),
      );
      if (logins.length > 0)
        return [`rule ${logins[0]?.position} holds a login in its address and is not written here`];
      const problem = ruleProblem(withRules(now.result.config, wanted));
      return problem === undefined ? [] : [problem];
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      return [messageOf(error)];
    }
  }

  async observe(change: PlannedChange): Promise<Observed> {
    const wanted = rulesOf(change);
    if (typeof wanted === 'string') return { kind: 'other', says: wanted };
    const now = await this.#read();
    return now.kind === 'failed' ? observedOf(now) : seen(now.result.config, wanted);
  }

  async backup(change: PlannedChange): Promise<string> {
    const wanted = rulesOf(change);
    const now = await this.#read();
    if (now.kind === 'failed')
      throw new SightlineError('no-backup', `what is there cannot be kept: ${now.says}`);
    const positions = typeof wanted === 'string' ? [] : wanted.map((w) => w.position);
    const rules = positions.flatMap((position) => {
      const rule = now.result.config.ingress[position];
      return rule === undefined ? [] : [{ position, rule }];
    });
    return JSON.stringify({ format: 1, rules } satisfies Kept);
  }

  async write(change: PlannedChange, backup?: string): Promise<WriteOutcome> {
    const wanted = rulesOf(change);
    if (typeof wanted === 'string') return { kind: 'refused', says: wanted, hint: 'make a new plan' };
    const now = await this.#read();
    if (now.kind === 'failed') return writeOutcomeOf(now);
    const { config, version } = now.result;
    const is = seen(config, wanted);
    if (is.kind === 'after') return { kind: 'written' };
    if (is.kind === 'other') return { kind: 'conflict', says: is.says };
    const kept = parseKept(backup);
    const shifted =
      kept === undefined
        ? this.#hosts !== undefined && this.#hosts !== hostsOf(config)
        : hasShifted(config, kept);
    if (shifted)
      return {
        kind: 'conflict',
        says: `the rules of tunnel ${this.#place.name} stand in another order than before`,
      };
    const next = kept === undefined ? withRules(config, wanted) : restored(config, wanted, kept);
    const problem = ruleProblem(next);
    if (problem !== undefined) return { kind: 'refused', says: problem, hint: 'make a new plan' };
    return this.#replace(next, version);
  }

  async #replace(config: TunnelConfiguration['config'], version: number): Promise<WriteOutcome> {
    const { account, tunnel, name } = this.#place;
    const answer = await this.#api.replace(account, tunnel, config);
    if (answer.kind === 'failed') return writeOutcomeOf(answer);
    if (answer.result.version === version + 1) return { kind: 'written' };
    const says = `tunnel ${name} went from version ${version} to ${answer.result.version}: somebody else wrote at the same moment, and that change is lost: make it again`;
    return { kind: 'written', unsettled: says };
  }

  #read() {
    return this.#api.configuration(this.#place.account, this.#place.tunnel);
  }
}

function rulesOf(change: PlannedChange): readonly RuleWanted[] | string {
  if (change.change.kind !== 'set') return 'a wait is never written';
  const rules: RuleWanted[] = [];
  for (const s of change.change.settings) {
    if (s.of !== 'tunnelRule' || s.before === null || s.after === null)
      return 'rules of a tunnel are changed here, not made or removed';
    const [before, after] = [s.before, s.after] as [Partial<TunnelRule>, Partial<TunnelRule>];
    rules.push({ position: Number(s.id.slice(s.id.lastIndexOf('/') + 1)), before, after });
  }
  return rules;
}

function seen(config: TunnelConfiguration['config'], wanted: readonly RuleWanted[]): Observed {
  const sides = wanted.flatMap((w) =>
    fieldsOf(w).map((field) => {
      const is = ruleField(config, w.position, field);
      return { w, field, is, isBefore: is === w.before[field], isAfter: is === w.after[field] };
    }),
  );
  if (sides.every((s) => s.isAfter)) return { kind: 'after' };
  if (sides.every((s) => s.isBefore)) return { kind: 'before' };
  const odd = sides.find((s) => !s.isBefore) ?? sides[0];
  return {
    kind: 'other',
    says: `${odd?.field} of rule ${odd?.w.position} is ${JSON.stringify(odd?.is) ?? 'absent'}`,
  };
}

function hostsOf(config: TunnelConfiguration['config']): string {
  return config.ingress.map((r) => `${r.hostname ?? ''} ${r.path ?? ''}`).join('\n');
}

function hasShifted(config: TunnelConfiguration['config'], kept: Kept): boolean {
  return kept.rules.some(({ position, rule }) => {
    const now = config.ingress[position];
    return (now?.hostname ?? '') !== (rule.hostname ?? '') || (now?.path ?? '') !== (rule.path ?? '');
  });
}

/** The touched parts exactly as they were kept. */
function restored(
  config: TunnelConfiguration['config'],
  wanted: readonly RuleWanted[],
  kept: Kept,
): TunnelConfiguration['config'] {
  const ingress = withRules(config, wanted).ingress.map((rule, position) => {
    const old = kept.rules.find((k) => k.position === position)?.rule;
    const own = wanted.find((w) => w.position === position);
    if (old === undefined || own === undefined) return rule;
    const isOrigin = fieldsOf(own).some((f) => !['service', 'hostname', 'path'].includes(f));
    const { originRequest: _, ...rest } = rule;
    const origin = isOrigin ? old.originRequest : rule.originRequest;
    return {
      ...rest,
      service: fieldsOf(own).includes('service') ? old.service : rule.service,
      ...(origin !== undefined && { originRequest: origin }),
    };
  });
  return { ...config, ingress };
}

function parseKept(text: string | undefined): Kept | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Kept>;
    return value.format === 1 && Array.isArray(value.rules) ? (value as Kept) : undefined;
  } catch {
    return undefined;
  }
}
