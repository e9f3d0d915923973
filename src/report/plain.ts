/*
 * Text from outside, made safe for a terminal, Markdown or HTML. Names and log lines are hostile: control characters,
 * terminal escapes and direction overrides are shown as what they are, never passed on.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are just the characters that must not get through.
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with every unsafe character written as `\u{…}`; tabs and line feeds become spaces. */
export function plain(text: string, maxLength = 2000): string {
  const shown = text
    .replace(/[\t\n]/g, ' ')
    .replace(unsafe, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
  return shown.length > maxLength ? `${shown.slice(0, maxLength)}…` : shown;
}

export function escapeHtml(text: string): string {
  return plain(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
}

/** For Markdown outside code spans; pipes too, so that it can stand in a table. */
export function escapeMarkdown(text: string): string {
  return plain(text).replace(/[\\`*_{}[\]<>|#]/g, (c) => `\\${c}`);
}
