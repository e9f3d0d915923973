/* What a person does, sees and checks: blocks that become Markdown, and files beside it. */
import { plain } from '../plain.ts';

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** Commands of a POSIX shell; already quoted. */
  | { readonly kind: 'shell'; readonly commands: string }
  /** What the last command or screen shows when all is well. */
  | { readonly kind: 'expect'; readonly text: string }
  /** Screens of a web interface, one step a line; `**` marks what to press or fill in. */
  | { readonly kind: 'screens'; readonly where: string; readonly steps: readonly string[] }
  | { readonly kind: 'code'; readonly syntax: string; readonly text: string };

/** A file of the artifacts folder. */
export interface ArtifactFile {
  readonly path: string;
  readonly text: string;
  readonly isExecutable?: boolean;
}

/** How a change, or its undo, is made by hand. */
export interface Instruction {
  readonly make: readonly Block[];
  readonly check: readonly Block[];
  readonly files: readonly ArtifactFile[];
}

export const nothing: Instruction = { make: [], check: [], files: [] };

export function together(list: readonly Instruction[]): Instruction {
  return {
    make: list.flatMap((i) => i.make),
    check: list.flatMap((i) => i.check),
    files: list.flatMap((i) => i.files),
  };
}

export const text = (value: string): Block => ({ kind: 'text', text: value });
export const shell = (commands: string): Block => ({ kind: 'shell', commands });
export const expect = (value: string): Block => ({ kind: 'expect', text: value });

/** Single-quoted for a POSIX shell where it needs quotes; never more than one line. */
export function quote(value: string): string {
  const line = plain(value);
  return /^[\w@%+=:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", "'\\''")}'`;
}

/** A value from outside as code in Markdown: no backtick, no line feed gets through. */
export function code(value: string): string {
  return `\`${plain(value, 300).replaceAll('`', "'")}\``;
}

/** The same in a cell of a table, which a pipe would end. */
export function codeCell(value: string): string {
  return code(value).replaceAll('|', '\\|');
}

/** A comment of a shell script: one line. */
export function comment(value: string): string {
  return `# ${plain(value)}`;
}
