/*
 * Release numbers of the programs that the data plane follows. A rule that changed between releases says since when;
 * an unknown version answers undefined, and the caller then looks at both answers.
 */

/** true or false; undefined where the version is not known or not readable. */
export function isAtLeast(version: string | undefined, wanted: string): boolean | undefined {
  const have = version === undefined ? undefined : numbersOf(version);
  const want = numbersOf(wanted);
  if (have === undefined || want === undefined) return undefined;
  for (const [i, n] of want.entries()) {
    const difference = (have[i] ?? 0) - n;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Numbers of `v1.33.2+k3s1` or `0.14.2`; undefined if the text does not start with a release number. */
function numbersOf(version: string): readonly number[] | undefined {
  const match = /^v?(\d+(?:\.\d+)*)/.exec(version.trim());
  return match?.[1] === undefined ? undefined : match[1].split('.').map(Number);
}

/**
 * Every set of rules that may hold: one where the version is known, else all that any release had.
 * `changes` maps the name of a rule to the release that brought it; releases before it do not have it.
 */
export function rulesOf<K extends string>(
  version: string | undefined,
  changes: Readonly<Record<K, string>>,
): readonly Readonly<Record<K, boolean>>[] {
  const names = Object.keys(changes) as K[];
  const known = rulesAt(names, (name) => isAtLeast(version, changes[name]));
  if (known !== undefined) return [known];
  const releases = [...new Set(Object.values<string>(changes)), '0'];
  return releases.map(
    (r) => rulesAt(names, (name) => isAtLeast(r, changes[name])) ?? ({} as Record<K, boolean>),
  );
}

function rulesAt<K extends string>(
  names: readonly K[],
  holds: (name: K) => boolean | undefined,
): Record<K, boolean> | undefined {
  const rules = {} as Record<K, boolean>;
  for (const name of names) {
    const value = holds(name);
    if (value === undefined) return undefined;
    rules[name] = value;
  }
  return rules;
}
