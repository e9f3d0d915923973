/* Values as YAML for manifests. Strings are plain only where nothing else can be read; everything else is quoted as JSON. */

export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml | undefined };

/** Block style, two spaces; undefined entries are left out. */
export function toYaml(value: Yaml, indent = ''): string {
  if (Array.isArray(value)) return listed(value, indent);
  if (typeof value !== 'object') return scalar(value as string | number | boolean);
  return Object.entries(value)
    .filter((e): e is [string, Yaml] => e[1] !== undefined)
    .map(([k, v]) => `${indent}${scalar(k)}:${below(v, indent)}`)
    .join('\n');
}

function below(value: Yaml, indent: string): string {
  if (typeof value !== 'object') return ` ${scalar(value)}`;
  const isEmpty = Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
  if (isEmpty) return Array.isArray(value) ? ' []' : ' {}';
  return `\n${toYaml(value, Array.isArray(value) ? indent : `${indent}  `)}`;
}

function listed(list: readonly Yaml[], indent: string): string {
  return list
    .map((v) =>
      typeof v === 'object'
        ? `${indent}- ${toYaml(v, `${indent}  `).trimStart()}`
        : `${indent}- ${scalar(v)}`,
    )
    .join('\n');
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  const isPlain = /^[A-Za-z][\w./-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
