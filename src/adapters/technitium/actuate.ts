/*
 * Writes record sets and Split Horizon translations of one Technitium server. The API compares the old value itself, so a
 * record that somebody else changed is refused by the server, not overwritten.
 */
import type { Actuator, Observed, WriteOutcome } from '#apply/actuator.ts';
import { messageOf, SightlineError } from '#estate/error.ts';
import type { PlannedChange, Setting } from '#plan/change.ts';
import { type ApiFailure, afterParts, observedOf, writeOutcomeOf } from '../api-failure.ts';
import type { TechnitiumApi } from './api.ts';
import { decodeConfig, decodeRecords } from './decode.ts';
import { type CallStep, canWriteType, judge, type SetWanted } from './records.ts';
import { type TranslationWanted, translated, withTranslation } from './split-horizon.ts';

const app = { name: 'Split Horizon' } as const;

type Judged = Observed | { readonly kind: 'todo'; readonly left: readonly CallStep[] };

/** The actuator of `dns/<name>`. */
export class TechnitiumActuator implements Actuator {
  readonly name = 'technitium';
  readonly #system: string;
  readonly #api: TechnitiumApi;

  constructor(system: string, api: TechnitiumApi) {
    this.#system = system;
    this.#api = api;
  }

  can(system: string, setting: Setting): boolean {
    if (system !== this.#system || !setting.id.startsWith(`${this.#system}|`)) return false;
    return setting.of === 'recordSet' || setting.of === 'translation';
  }

  async preflight(change: PlannedChange): Promise<readonly string[]> {
    const problems: string[] = [];
    try {
      for (const setting of settingsOf(change)) {
        const judged = await this.#judge(setting);
        if (judged.kind === 'unreachable') problems.push(judged.says);
        if (judged.kind === 'other' && cannot(setting)) problems.push(judged.says);
      }
      problems.push(...(problems.length > 0 ? [] : await this.#rights(change)));
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      problems.push(messageOf(error));
    }
    return problems;
  }

  async observe(change: PlannedChange): Promise<Observed> {
    const seen: Judged[] = [];
    for (const setting of settingsOf(change)) {
      const judged = await this.#judge(setting);
      if (judged.kind === 'unreachable' || judged.kind === 'other') return judged;
      seen.push(judged);
    }
    return seen.every((s) => s.kind === 'after') ? { kind: 'after' } : { kind: 'before' };
  }

  async write(change: PlannedChange): Promise<WriteOutcome> {
    let written = 0;
    for (const setting of settingsOf(change)) {
      const judged = await this.#judge(setting);
      if (judged.kind === 'other') return afterParts({ kind: 'conflict', says: judged.says }, written);
      if (judged.kind === 'unreachable') return afterParts({ ...judged, kind: 'unknown' }, written);
      for (const step of judged.kind === 'todo' ? judged.left : []) {
        const answer = await this.#api.write(step.path, step.parameters);
        if (answer.kind === 'ok') written += 1;
        else return this.#failed(answer, setting, written);
      }
    }
    return { kind: 'written' };
  }

  /** The server refuses an old value that is no longer there: who sees that knows that somebody else wrote. */
  async #failed(failure: ApiFailure, setting: Setting, written: number): Promise<WriteOutcome> {
    const outcome = writeOutcomeOf(failure);
    if (written > 0) return afterParts(outcome, written);
    if (outcome.kind !== 'refused' || failure.status !== 400) return outcome;
    const now = await this.#judge(setting);
    return now.kind === 'other' ? { kind: 'conflict', says: `${failure.says}; ${now.says}` } : outcome;
  }

  async #judge(setting: Setting): Promise<Judged> {
    if (setting.of === 'recordSet') return this.#judgeRecords(recordsWanted(setting));
    if (setting.of === 'translation') return this.#judgeTranslation(translationWanted(setting));
    return { kind: 'other', says: `a ${setting.of} is not Technitium's` };
  }

  async #judgeRecords(wanted: SetWanted): Promise<Judged> {
    if (!canWriteType(wanted.type))
      return { kind: 'other', says: `${wanted.type} records cannot be written here` };
    const answer = await this.#api.read('zones/records/get', { domain: wanted.name, zone: wanted.zone });
    if (answer.kind === 'failed') return observedOf(answer);
    const all = decodeRecords(answer.response);
    if (all === undefined)
      return { kind: 'unreachable', says: `the records of ${wanted.name} are in no known form` };
    const judged = judge(
      wanted,
      all.filter((r) => r.type === wanted.type && r.name.toLowerCase() === wanted.name),
    );
    if (judged.kind === 'before') return { kind: 'todo', left: judged.left };
    return judged.kind === 'other'
      ? { kind: 'other', says: `${wanted.name} ${wanted.type}: ${judged.says}` }
      : judged;
  }

  async #judgeTranslation(wanted: TranslationWanted): Promise<Judged> {
    const answer = await this.#api.read('apps/config/get', app);
    if (answer.kind === 'failed') return observedOf(answer);
    const config = decodeConfig(answer.response);
    const is = config === undefined ? undefined : translated(config, wanted.group, wanted.from);
    if (config === undefined || is === undefined)
      return { kind: 'other', says: `Split Horizon has no group ${wanted.group}` };
    if (is === wanted.after?.to) return { kind: 'after' };
    if (is !== wanted.before?.to)
      return { kind: 'other', says: `Split Horizon turns ${wanted.from} into ${is ?? 'nothing'}` };
    const edited = withTranslation(config, wanted);
    if (edited.startsWith('!')) return { kind: 'other', says: edited.slice(1) };
    return { kind: 'todo', left: [{ path: 'apps/config/set', parameters: { ...app, config: edited } }] };
  }

  /** The server has no dry run; in its session it says which sections a token may modify, not which zones. */
  async #rights(change: PlannedChange): Promise<readonly string[]> {
    const answer = await this.#api.read('user/session/get', {});
    if (answer.kind === 'failed') return answer.status === 404 ? [] : [answer.says];
    const info = answer.response as { permissions?: Record<string, { canModify?: boolean }> };
    const section = settingsOf(change).some((s) => s.of === 'translation') ? 'Apps' : 'Zones';
    const may = info.permissions?.[section]?.canModify;
    return may === false ? [`the token may not modify ${section}`] : [];
  }
}

function settingsOf(change: PlannedChange): readonly Setting[] {
  return change.change.kind === 'set' ? change.change.settings : [];
}

/** A record set of a kind that is never written. */
function cannot(setting: Setting): boolean {
  return setting.of === 'recordSet' && !canWriteType(recordsWanted(setting).type);
}

/** `server|view|zone|name|type`. */
function recordsWanted(setting: Setting & { of: 'recordSet' }): SetWanted {
  const [, , zone = '', name = '', type = ''] = setting.id.split('|');
  return { zone, name, type, before: setting.before, after: setting.after };
}

/** `server|group|from`. */
function translationWanted(setting: Setting & { of: 'translation' }): TranslationWanted {
  const [, group = '', from = ''] = setting.id.split('|');
  return { group, from, before: setting.before, after: setting.after };
}
