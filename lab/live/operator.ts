/*
 * The person of the lab: does at a firewall's screens what the written instructions say, step by step, and then saves the
 * configuration where it is looked for. A step that this person does not understand is not done, and the change is not seen.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SightlineError } from '#estate/error.ts';
import type { Alias } from '#estate/firewall.ts';
import type { LiveFirewall } from './firewall.ts';

/** What came of the instructions. */
export type Deed =
  | { readonly kind: 'done'; readonly steps: number }
  | { readonly kind: 'stopped'; readonly says: string };

export class LabOperator {
  readonly #firewalls: ReadonlyMap<string, LiveFirewall>;

  constructor(firewalls: readonly LiveFirewall[]) {
    this.#firewalls = new Map(firewalls.map((f) => [f.name, f]));
  }

  /** `folder`: where a new export of the firewall is expected. */
  async follow(firewall: string, instructions: string, folder: string): Promise<Deed> {
    const screens = this.#firewalls.get(firewall);
    if (screens === undefined) return { kind: 'stopped', says: `no firewall ${firewall} in the lab` };
    const steps = stepsIn(instructions);
    try {
      await carryOut(screens, steps);
    } catch (error) {
      if (!(error instanceof SightlineError)) throw error;
      return { kind: 'stopped', says: error.message };
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'config.xml'), screens.config, { mode: 0o600 });
    return { kind: 'done', steps: steps.length };
  }
}

/** The numbered steps, without their numbers. */
function stepsIn(instructions: string): readonly string[] {
  return instructions.split('\n').flatMap((line) => /^\d+\. (.+)$/.exec(line)?.[1] ?? []);
}

interface Screen {
  readonly begins: RegExp;
  /** `form`: the steps up to Save. */
  readonly carryOut: (at: LiveFirewall, found: RegExpExecArray, form: readonly string[]) => Promise<void>;
  readonly hasForm: boolean;
}

const screens: readonly Screen[] = [
  {
    begins: /^\*\*Firewall\*\* > \*\*Aliases\*\* > \*\*IP\*\* > \*\*Add\*\*$/,
    hasForm: true,
    carryOut: (at, _, form) => at.addAlias(aliasIn(form)),
  },
  {
    begins: /^\*\*Firewall\*\* > \*\*Aliases\*\* > \*\*IP\*\* > the bin beside `([^`]+)` > \*\*OK\*\*/,
    hasForm: false,
    carryOut: (at, [, name = '']) => at.deleteAlias(name),
  },
  {
    begins:
      /^\*\*Firewall\*\* > \*\*NAT\*\* > \*\*Port Forward\*\* > the pencil of .* \(rule (\d+) from the top\)$/,
    hasForm: true,
    carryOut: (at, [, rule = ''], form) => {
      const [, to = '', from = ''] = field(
        form,
        /type \*\*Address or Alias\*\*, `([^`]+)` instead of `([^`]+)`/,
      );
      return at.setTarget(Number(rule) - 1, from, to);
    },
  },
  {
    begins: /^\*\*Firewall\*\* > \*\*Rules\*\* > \*\*[^*]+\*\*: `(.+)` now shows destination `([^`]+)`/,
    hasForm: false,
    carryOut: async (at, [, descr = '', wanted = '']) => {
      const seen = await at.destinationsOf(descr);
      if (seen.length === 0 || seen.some((s) => s !== wanted))
        throw new SightlineError(
          'lab-operator',
          `${descr} shows ${seen.join(', ') || 'nothing'}, not ${wanted}`,
        );
    },
  },
  { begins: /^\*\*Apply Changes\*\*/, hasForm: false, carryOut: async (at) => at.apply() },
];

async function carryOut(at: LiveFirewall, steps: readonly string[]): Promise<void> {
  for (let i = 0; i < steps.length; i += 1) {
    const step = steps[i] ?? '';
    const screen = screens.find((s) => s.begins.test(step));
    const found = screen?.begins.exec(step);
    if (screen === undefined || !found)
      throw new SightlineError('lab-operator', `the lab's operator does not understand: ${step}`);
    const end = screen.hasForm ? steps.findIndex((s, n) => n > i && s.startsWith('**Save**')) : i;
    if (end < 0) throw new SightlineError('lab-operator', `nothing says Save after: ${step}`);
    await screen.carryOut(at, found, steps.slice(i + 1, end));
    i = end;
  }
}

function aliasIn(form: readonly string[]): Omit<Alias, 'firewall'> {
  const [, name = ''] = field(form, /^Name: `([^`]+)`$/);
  const [, descr = ''] = field(form, /^Description: `(.*)`$/);
  const [, kind = ''] = field(form, /^Type: \*\*(\w+)/);
  const [, entries = ''] = field(form, /^IP or FQDN: (.+)$/);
  const types: Readonly<Record<string, Alias['type']>> = { Host: 'host', Network: 'network', Port: 'port' };
  const type = types[kind];
  if (type === undefined) throw new SightlineError('lab-operator', `no alias is of type ${kind}`);
  return { name, descr, type, entries: [...entries.matchAll(/`([^`]+)`/g)].map(([, e = '']) => e) };
}

function field(form: readonly string[], pattern: RegExp): RegExpExecArray {
  for (const line of form) {
    const found = pattern.exec(line);
    if (found) return found;
  }
  throw new SightlineError(
    'lab-operator',
    `no field of the form says ${pattern.source}: ${form.join(' | ')}`,
  );
}
