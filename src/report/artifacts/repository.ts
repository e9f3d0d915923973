/* A change through its owner: the edit of the repository as a diff, then the owner's own plan and apply, then its empty plan. */
import type { SetChange } from '#plan/change.ts';
import { type Block, code, expect, type Instruction, quote, shell, text } from './blocks.ts';
import { type FileDiff, pathOf, repositoryOf, type Task } from './context.ts';
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
      ...missing.map((m) =>
        text(
          `**By hand**, because Sightline could not find the place without doubt: ${code(m.line === undefined ? m.file : `${m.file}:${m.line}`)}: ${m.says}`,
        ),
      ),
      ...(diffs.length === 0 ? [] : editBlocks(task, path, diffs, all)),
      ...remarks.map((r) => text(`Look: ${r}.`)),
      ...applyBlocks(task, diffs),
    ],
    check: ofKind(change, 'service').flatMap((s) => serviceChecks(task, s)),
    files: all === '' ? [] : [{ path, text: all }],
  };
}

function editBlocks(task: Task, path: string, diffs: readonly FileDiff[], all: string): readonly Block[] {
  const root = repositoryOf(task.input.reader, task.planned)?.path ?? '.';
  const files = diffs.map((d) => code(d.file)).join(', ');
  return [
    text(
      `Edit ${files}. In the checkout of ${code(root)}, with \`$ARTIFACTS\` as the full path of this folder:`,
    ),
    shell(`git apply --check "$ARTIFACTS"/${quote(path)} && git apply "$ARTIFACTS"/${quote(path)}\ngit diff`),
    { kind: 'code', syntax: 'diff', text: all },
    expect(
      '`git diff` shows this and nothing else. `patch does not apply`: the file changed since the snapshot; take a new one',
    ),
  ];
}

/** The user's own command, with the stack filled in where it is a template; planned first, and empty afterwards. */
function applyBlocks({ input, planned }: Task, diffs: readonly FileDiff[]): readonly Block[] {
  const repository = repositoryOf(input.reader, planned);
  const command = commandOf(repository?.applyCommand, diffs);
  if (command === undefined)
    return [text('Apply it the way this repository is applied, and wait until that has ended.')];
  const plan = planCommand(command);
  return [
    ...(plan === undefined
      ? []
      : [
          shell(plan),
          expect(`only what this change names. Anything else in the plan: stop, and find out whose it is`),
        ]),
    shell(command),
    expect(
      'it ends without an error. Let it end: do not pipe its output anywhere, and do not press Ctrl-C twice',
    ),
    ...(plan === undefined
      ? []
      : [
          text('Then its plan is empty, or somebody will undo this change:'),
          shell(plan),
          expect('`No changes`'),
        ]),
  ];
}

function commandOf(command: readonly string[] | undefined, diffs: readonly FileDiff[]): string | undefined {
  if (command === undefined) return undefined;
  const [a, b, c] = command;
  const line = a === 'sh' && b === '-c' && c !== undefined ? c : command.map(quote).join(' ');
  const stack = diffs[0]?.file.split('/').at(-2);
  return `(${stack === undefined ? line : line.replaceAll('STACK', quote(stack))})`;
}

/** terraform, tofu and terragrunt can say what they would do. */
export function planCommand(command: string): string | undefined {
  return /\b(terraform|tofu|terragrunt)\b.*\bapply\b/.test(command)
    ? command.replace(/\bapply\b/, 'plan')
    : undefined;
}
