/* Blocks as Markdown. A fence is always longer than any row of backticks inside it. */
import type { Block } from '../artifacts/blocks.ts';
import { escapeMarkdown } from '../plain.ts';

export function blocksToMarkdown(blocks: readonly Block[]): string {
  return blocks.map(blockToMarkdown).join('\n\n');
}

function blockToMarkdown(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'shell':
      return fenced('sh', block.commands);
    case 'code':
      return fenced(block.syntax, block.text);
    case 'expect':
      return `**You should see** ${block.text}${/[.!?:`]$/.test(block.text) && !block.text.endsWith('`') ? '' : '.'}`;
    case 'screens':
      return [
        `On ${escapeMarkdown(block.where)}:`,
        block.steps.map((s, i) => `${i + 1}. ${s}`).join('\n'),
      ].join('\n\n');
    default:
      return block satisfies never;
  }
}

function fenced(syntax: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${syntax}\n${text.replace(/\n$/, '')}\n${fence}`;
}
