/*
 * Secrets: a value that prints as `[secret]` wherever it ends up, and what in arguments, variables and annotations has
 * to be taken for one. Redaction looks at names and at the shapes of well-known tokens.
 */

const hidden = '[secret]';
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** Holds a secret; only reveal() gives it back. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return hidden;
  }
  toJSON(): string {
    return hidden;
  }
  [inspect](): string {
    return hidden;
  }
}

const secretName =
  /(pass(word|wd|phrase)?|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|auth[-_.]?key|license[-_.]?key|bouncer[-_.]?key|lapikey|encryption[-_.]?key|signing[-_.]?key|(^|[-_.])(hmac|salt|dsn)([-_.]|$)|connection[-_.]?string|cookie|bearer)/i;
const referenceName =
  /(secretName|secretKeyRef|secretRef|token[-_.]?(ttl|path|file|lifetime)|key[-_.]?file|password[-_.]?file|credentials[-_.]?file|secretNamespace|imagePullSecrets|existingSecret)$/i;
const secretShape =
  /(\beyJ[A-Za-z0-9_=-]{10,}(\.[A-Za-z0-9_.+/=-]+)?|\b(ghp|gho|ghs|github_pat|glpat|xox[abprs]|sk|pk|hvs|AKIA|ASIA|npm|dop_v1|tskey)[-_][A-Za-z0-9_-]{12,}|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)|\$(2[aby]|apr1|5|6|argon2id?)\$[^\s'"]+)/g;
const userInUrl = /([a-z][a-z0-9+.-]*:\/\/)[^\s/@:'"]*:[^\s/@'"]+@/gi;

/** Whether a setting of this name is likely to hold a secret itself, and not only where one is kept. */
export function isSecretName(name: string): boolean {
  return secretName.test(name) && !referenceName.test(name);
}

/** The text without tokens, private keys, password hashes and passwords in addresses. */
export function redactText(text: string): string {
  return text.replace(secretShape, hidden).replace(userInUrl, `$1${hidden}@`);
}

/** Value of a setting, hidden if its name or its shape says that it is secret. */
export function redactSetting(name: string, value: string): string {
  return value !== '' && isSecretName(name) ? hidden : redactText(value);
}

/** A script in one argument: what is assigned to a secret's name, and what follows Bearer or Basic, is hidden; the rest stays. */
function redactScript(text: string): string {
  return redactText(text)
    .replace(/([\w.-]+)(=)([^\s'"&;]+)/g, (all, name: string, equals: string) =>
      isSecretName(name) ? `${name}${equals}${hidden}` : all,
    )
    .replace(/(--?[\w.-]+)(\s+)([^\s'"&;-][^\s'"&;]*)/g, (all, name: string, space: string) =>
      isSecretName(name) ? `${name}${space}${hidden}` : all,
    )
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${hidden}`);
}

/** Arguments of a command: `--token=x`, `--token x` and `KEY=x` lose the secret, the rest stays as written. */
export function redactArguments(args: readonly string[]): readonly string[] {
  return args.map((arg, i) => {
    const equals = arg.indexOf('=');
    const name = arg.slice(0, Math.max(0, equals));
    if (/\s/.test(arg)) return redactScript(arg);
    if (equals > 0 && isSecretName(name)) return `${name}=${hidden}`;
    const before = args[i - 1];
    const isValue = before?.startsWith('-') === true && !before.includes('=') && !arg.startsWith('-');
    return isValue && isSecretName(before) ? hidden : redactText(arg);
  });
}
