/* A plan on a terminal: what is decided, then every stage with its changes, why each is there, and what is seen before going on. */
import type { Change, PlannedChange, Setting, Through, WaitChange } from '#plan/change.ts';
import type { Decision, Gate, Goal, OutOfScope, Plan, Stage } from '#plan/plan.ts';
import { evidenceList } from './evidence-text.ts';
import { plain } from './plain.ts';
import { type Palette, wrap } from './style.ts';

export interface Look {
  readonly palette: Palette;
  readonly width: number;
}

/** The whole plan as text. */
export function planToText(plan: Plan, look: Look): string {
  const { palette } = look;
  const changes = plan.stages.flatMap((s) => s.changes);
  const size = `${plan.style}, ${count(plan.stages.length, 'stage')}, ${count(changes.length, 'change')}`;
  return [
    `${palette.strong(plain(goalText(plan.goal)))}  ${palette.dim(size)}`,
    ...(plan.decisions.length > 0
      ? [
          section(
            'decided',
            plan.decisions.map((d) => decisionText(d, look)),
            look,
          ),
        ]
      : []),
    ...plan.stages.map((s, i) => stageText(s, i + 1, look)),
    ...outOfScopeText(plan.outOfScope, look),
  ].join('\n\n');
}

/** `move home/traefik/traefik to 10.0.20.203, policy local`. */
export function goalText(goal: Goal): string {
  switch (goal.kind) {
    case 'move':
      return `Move ${goal.service} to ${goal.to === 'auto' ? 'an address of its own' : goal.to}, policy ${goal.policy}`;
    case 'set-policy':
      return `Set the policy of ${goal.service} to ${goal.policy}`;
    case 'split':
      return `Give the Services on ${goal.ip} addresses of their own`;
    case 'repoint-tunnel':
      return `Re-point ${goal.tunnel} to ${goal.to}`;
    case 'retire':
      return `Retire ${goal.ip}`;
    default:
      return goal satisfies never;
  }
}

/** 45 s, 5 min, 1 h 5 min. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`;
}

/** Who carries a change out, in a few words. */
export function throughText(through: Through): string {
  switch (through.by) {
    case 'api':
      return `through the API of ${through.system}`;
    case 'repository':
      return `through its owner, repository ${through.repository ?? through.system}`;
    case 'operator':
      return `by hand on ${through.system}`;
    case 'time':
      return 'by waiting';
    default:
      return through.by satisfies never;
  }
}

function stageText(stage: Stage, n: number, look: Look): string {
  const { palette } = look;
  const window = stage.window
    ? `\n${wrap(palette.warn(`window: ${plain(stage.window.says)}, at most ${durationText(stage.window.seconds)}`), look.width, '  ')}`
    : '';
  const title = `${palette.strong(`${n}  ${plain(stage.title)}`)}${window}`;
  const changes = stage.changes.map((c, i) => changeText(c, `${n}.${i + 1}`, look));
  const gates = stage.gates.map((g) => wrap(`${palette.accent('gate')} ${gateText(g)}`, look.width, '  '));
  return [title, ...changes, ...gates].join('\n');
}

function changeText(planned: PlannedChange, n: string, look: Look): string {
  const { palette, width } = look;
  const indent = '       ';
  const head = `  ${palette.accent(n.padEnd(4))} ${plain(planned.title)} ${palette.dim(`[${planned.id}]`)}`;
  const evidence =
    planned.because.evidence.length > 0 ? ` (${evidenceList(planned.because.evidence, 1)})` : '';
  return [
    head,
    palette.dim(`${indent}${plain(throughText(planned.through))}`),
    ...settingLines(planned.change).map((l) => wrap(l, width, `${indent}`)),
    palette.dim(wrap(`because ${plain(planned.because.says)}${plain(evidence)}`, width, indent)),
  ].join('\n');
}

function settingLines(change: Change): readonly string[] {
  return change.kind === 'wait' ? [waitText(change)] : change.settings.map((s) => plain(settingText(s), 300));
}

function waitText({ direction, for: why }: WaitChange): string {
  const when =
    direction === 'back'
      ? ', only when rolling back'
      : direction === 'forward'
        ? ', only on the way forward'
        : '';
  switch (why.kind) {
    case 'answers':
      return `${durationText(why.seconds)} until no cache answers the old ${plain(why.record.slice(why.record.indexOf(':') + 1))}${when}`;
    case 'stragglers':
      return `until nobody was seen at ${why.ip} for ${durationText(why.seconds)} (by ${plain(why.seenBy)})${when}`;
    case 'condition':
      return `until ${plain(why.says)}, at most ${durationText(why.seconds)}${when}`;
    default:
      return why satisfies never;
  }
}

/** `service home/traefik/traefik: type LoadBalancer → ClusterIP`. */
export function settingText(setting: Setting): string {
  const name = `${setting.of} ${setting.id}`;
  if (setting.before === null) return `+ ${name}`;
  if (setting.after === null) return `- ${name}`;
  const before = setting.before as Readonly<Record<string, unknown>>;
  const after = setting.after as Readonly<Record<string, unknown>>;
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = fields.filter((f) => JSON.stringify(before[f]) !== JSON.stringify(after[f]));
  return `~ ${name}: ${changed.map((f) => `${f} ${valueText(before[f])} → ${valueText(after[f])}`).join(', ')}`;
}

function valueText(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function gateText(gate: Gate): string {
  return gate.kind === 'probes' ? `probes: ${plain(gate.says)}` : `asks: ${plain(gate.asks)}`;
}

function decisionText(d: Decision, { palette, width }: Look): string {
  const by = d.by === 'user' ? 'you chose' : d.by === 'forced' ? 'no other way' : 'default';
  const others = d.options.filter((o) => o.name !== d.chosen);
  const line = `${plain(d.question)} ${palette.strong(plain(d.chosen))} ${palette.dim(`(${by})`)}: ${plain(d.because)}`;
  const rest = others.map((o) =>
    palette.dim(wrap(`or ${plain(o.name)}: ${plain(o.consequence)}`, width, '      ')),
  );
  return [wrap(line, width, '    ').replace(/^ {4}/, '  · '), ...rest].join('\n');
}

/** A decision before it is made: its options by number, with what each means. */
export function decisionToText({ question, options, chosen }: Decision, { palette, width }: Look): string {
  const lines = options.map((o, i) => {
    const name = o.name === chosen ? `${o.name} (default)` : o.name;
    return wrap(`${i + 1}. ${palette.strong(plain(name))}: ${plain(o.consequence)}`, width, '     ').slice(2);
  });
  return [palette.strong(plain(question)), ...lines].join('\n');
}

function outOfScopeText(list: readonly OutOfScope[], look: Look): readonly string[] {
  const lines = list
    .filter((o) => o.keys.length > 0)
    .map((o) => `  · ${plain(o.what)} ${look.palette.dim(`(${count(o.keys.length, 'object')})`)}`);
  return lines.length === 0 ? [] : [section('left alone', lines, look)];
}

function section(title: string, lines: readonly string[], { palette }: Look): string {
  return [palette.strong(title), ...lines].join('\n');
}

/** `1 change`, `2 changes`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}
