/*
 * Where a system's token lies in the lab, and the reference that names it: a file, a command that prints it, or a variable,
 * so that runs meet every kind.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const referenceKinds = ['file', 'env', 'cmd'] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

/** The token in a file that only this user reads, or in a variable of this process; returns the reference. */
export function keepCredential(folder: string, name: string, token: string, kind: ReferenceKind): string {
  if (kind === 'env') {
    const variable = `SIGHTLINE_LAB_${name.toUpperCase().replaceAll(/\W/g, '_')}`;
    process.env[variable] = token;
    return `env:${variable}`;
  }
  const path = join(folder, `${name}.token`);
  writeFileSync(path, token, { mode: 0o600 });
  return kind === 'file' ? `file:${path}` : `cmd:cat '${path}'`;
}

/** The variable goes with the lab. */
export function dropCredential(reference: string): void {
  if (reference.startsWith('env:')) delete process.env[reference.slice('env:'.length)];
}
