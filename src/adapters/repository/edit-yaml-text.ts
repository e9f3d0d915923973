/* How a value is written in YAML: in the quotes that stood there, plain only where YAML reads the same value back. */
import { parse } from 'yaml';
import { type EditValue, isObject } from './edit.ts';

/** A scalar in the style of the one that it replaces. */
export function yamlScalar(value: string | number | boolean | null, type?: string): string {
  if (typeof value !== 'string') return String(value);
  if (type === 'QUOTE_SINGLE' && !/[\p{Cc}]/u.test(value)) return `'${value.replaceAll("'", "''")}'`;
  if (type === 'QUOTE_DOUBLE') return JSON.stringify(value);
  return isPlain(value) ? value : JSON.stringify(value);
}

export function yamlKey(key: string): string {
  return isPlain(key) ? key : JSON.stringify(key);
}

/** What follows the colon: ` scalar`, or a line feed and lines deeper than `indent`. */
export function yamlValue(value: EditValue, indent: string, newline: string): string {
  if (!isObject(value)) return ` ${inlineYaml(value)}`;
  const entries = Object.entries(value);
  if (entries.length === 0) return ' {}';
  const deeper = `${indent}  `;
  return entries
    .map(([k, v]) => `${newline}${deeper}${yamlKey(k)}:${yamlValue(v, deeper, newline)}`)
    .join('');
}

export function inlineYaml(value: EditValue): string {
  if (Array.isArray(value)) return `[${value.map(inlineYaml).join(', ')}]`;
  if (isObject(value)) {
    const entries = Object.entries(value);
    return entries.length === 0
      ? '{}'
      : `{ ${entries.map(([k, v]) => `${yamlKey(k)}: ${inlineYaml(v)}`).join(', ')} }`;
  }
  return yamlScalar(value as string | number | boolean | null);
}

/** Whether the text, unquoted, is read as this very string, also inside brackets and behind a comment sign. */
function isPlain(text: string): boolean {
  if (!/^[A-Za-z0-9_./][\w./:@+-]*$/.test(text) || /:$|^\.|^0\d|,/.test(text)) return false;
  try {
    return parse(`[${text}]`)[0] === text && !/^(y|n|yes|no|on|off|true|false|null|~)$/i.test(text);
  } catch {
    return false;
  }
}
