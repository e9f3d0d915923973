/* A change through its owner: the edit of the repository as a diff, then the owner's own plan and apply, then its empty plan. */
import type { SetChange } from '#plan/change.ts';
import { escapeMarkdown } from '../plain.ts';
import { applyDiff } from './apply-diff.ts';
import { type Block, code, expect, type Instruction, quote, shell, text } from './blocks.ts';
import { type FileDiff, kubectl, type MissingDiff, pathOf, repositoryOf, type Task } from './context.ts';
import { serviceChecks } from './kubernetes.ts';
import { ofKind } from './other.ts';

export function byRepository(task: Task, change: SetChange): Instruction {
  const { input, planned, way } = task;
  const diffs = input.files.filter((f) => f.change === planned.id);
  const missing = input.missing.filter((f) => f.change === planned.id);
  const path = pathOf(task, '.diff');
  const all = diffs.map((d) => (way === 'forward' ? d.diff : d.undo)).join('');
  const remarks = way === 'forward' ? [...new Set(diffs.flatMap((d) => d.remarks))] : [];
  return {
    make: [
      ...missing.map((m) => byHand(m)),
      ...(diffs.length === 0 ? [] : editBlocks(task, path, diffs, all)),
      ...remarks.map((r) => text(`Look: ${code(r)}`)),
      ...applyBlocks(task, diffs),
    ],
    check: [
      ...ofKind(change, 'ingress').flatMap((s) => rolloutCheck(task, s.id)),
      ...ofKind(change, 'service').flatMap((s) => serviceChecks(task, s)),
    ],
    files: all === '' ? [] : [{ path, text: all }],
  };
}

/** An argument of the ingress changes: its pods are replaced. */
function rolloutCheck({ input }: Task, id: string): readonly Block[] {
  const [cluster = '', namespace = '', name = ''] = id.split('/');
  return [
    text(
      'The pods of the ingress are replaced one after the other: connections that are open on each of them end.',
    ),
    shell(
      `${kubectl(input.reader, cluster)} -n ${quote(namespace)} rollout status deployment/${quote(name)}`,
    ),
    expect(code('successfully rolled out')),
  ];
}

function byHand(missing: MissingDiff): Block {
  const { file, line, says } = missing;
  const where = code(line === undefined ? file : `${file}:${line}`);
  return text(
    `**By hand**, because the place could not be found without doubt: ${where}: ${escapeMarkdown(says)}`,
  );
}

/** The way back shows no diff: it is the one above, turned round. */
function editBlocks(task: Task, path: string, diffs: readonly FileDiff[], all: string): readonly Block[] {
  const root = repositoryOf(task.input.reader, task.planned)?.path ?? '.';
  const files = diffs.map((d) => code(d.file)).join(', ');
  const isForward = task.way === 'forward';
  return [
    text(`${isForward ? 'Edit' : 'Put back'} ${files}. In the checkout of ${code(root)}:`),
    shell(`${applyDiff(path, all)}\ngit diff`),
    ...(isForward ? [{ kind: 'code', syntax: 'diff', text: all } as const] : []),
    expect(
      `${code('git diff')} shows ${isForward ? 'this' : 'the change turned round'} and nothing else. ${code('patch does not apply')}: the file changed since the snapshot`,
    ),
  ];
}

/** The user's own command, with the stack filled in where it is a template; planned first, and empty afterwards. */
function applyBlocks({ input, planned, way }: Task, diffs: readonly FileDiff[]): readonly Block[] {
  const repository = repositoryOf(input.reader, planned);
  const line = applyText(
    repository?.applyCommand,
    diffs.map((d) => d.file),
  );
  if (line === undefined)
    return [text('Apply it the way this repository is applied, and wait until that has ended.')];
  const command = `(${line})`;
  const plan = planCommand(command);
  if (plan === undefined)
    return [
      ...commitBlocks(
        line,
        `${way === 'forward' ? '' : 'Take back: '}${planned.title}`,
        repository?.path ?? '',
        diffs,
      ),
      shell(command),
      expect('it ends without an error'),
    ];
  return [
    shell(`${plan}      # only what this change names; anything else: stop, and find out whose it is
${command}     # let it end: no pipe, no second Ctrl-C
${plan}      # "No changes", or somebody will undo this`),
  ];
}

/** A push takes along what is committed, and nothing else. */
function commitBlocks(
  line: string,
  title: string,
  root: string,
  diffs: readonly FileDiff[],
): readonly Block[] {
  if (!/\bgit\b.*\bpush\b/.test(line) || /\bcommit\b/.test(line) || diffs.length === 0) return [];
  const files = diffs.map((d) =>
    quote(d.file.startsWith(`${root}/`) ? d.file.slice(root.length + 1) : d.file),
  );
  return [shell(`git add ${files.join(' ')} && git commit -m ${quote(title)}`)];
}

/** The user's command as one line of a shell, with the stack of the edited file where it is a template. */
export function applyText(
  command: readonly string[] | undefined,
  files: readonly string[],
): string | undefined {
  if (command === undefined) return undefined;
  const [a, b, c] = command;
  const line = a === 'sh' && b === '-c' && c !== undefined ? c : command.map(quote).join(' ');
  const stack = files[0]?.split('/').at(-2);
  return stack === undefined ? line : line.replaceAll('STACK', quote(stack));
}

/** terraform, tofu and terragrunt can say what they would do. */
export function planCommand(command: string): string | undefined {
  return /\b(terraform|tofu|terragrunt)\b.*\bapply\b/.test(command)
    ? command.replace(/\bapply\b/, 'plan')
    : undefined;
}
