/*
 * Credentials by reference: `env:NAME`, `file:PATH`, `cmd:COMMAND`. The value only ever lives in a Secret; what goes
 * wrong is told by the reference, never by what came out.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { SightlineError } from '#estate/error.ts';
import { redactText, Secret } from '#estate/secret.ts';

export type Credential = () => Promise<Secret>;

/** A file may be renewed while a run goes on, as a pod's token is every hour: it is read again after so long. */
const freshMs = 60_000;

/** The credential behind the reference, fetched when it is first asked for; a failure is not kept. */
export function credentialOf(reference: string, now: () => number = () => performance.now()): Credential {
  let known: { readonly secret: Promise<Secret>; readonly at: number } | undefined;
  return () => {
    const isStale = known !== undefined && reference.startsWith('file:') && now() - known.at >= freshMs;
    if (known === undefined || isStale) {
      const secret = resolve(reference);
      known = { secret, at: now() };
      secret.catch(() => {
        known = undefined;
      });
    }
    return known.secret;
  };
}

/** Every credential that this process has fetched: none of them may come back in what a system or a command says. */
const fetched = new Set<string>();
/** A shorter one would be found in ordinary words. */
const leastLength = 6;

async function resolve(reference: string): Promise<Secret> {
  const [kind, rest] = [
    reference.slice(0, reference.indexOf(':')),
    reference.slice(reference.indexOf(':') + 1),
  ];
  const value = await valueBehind(kind, rest, reference);
  if (value.trim() === '') throw missing(reference, 'it is empty');
  fetched.add(value.trim());
  return new Secret(value.trim());
}

async function valueBehind(kind: string, rest: string, reference: string): Promise<string> {
  switch (kind) {
    case 'env': {
      const value = process.env[rest];
      if (value === undefined) throw missing(reference, 'the variable is not set');
      return value;
    }
    case 'file':
      try {
        return await readFile(rest.replace(/^~(?=\/)/, homedir()), 'utf8');
      } catch (error) {
        throw missing(reference, `the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
      }
    case 'cmd':
      return run(rest, reference);
    default:
      throw missing(reference, 'only env:, file: and cmd: are known here');
  }
}

/** The command's output is the secret, and its complaints may hold one: only how it ended is told. */
function run(command: string, reference: string): Promise<string> {
  return new Promise((done, fail) => {
    execFile('/bin/sh', ['-c', command], { timeout: 30_000, maxBuffer: 256 * 1024 }, (error, stdout) => {
      if (error === null) done(stdout);
      else
        fail(
          missing(
            reference,
            error.killed === true ? 'it took longer than 30 s' : `it ended with ${error.code ?? 'an error'}`,
          ),
        );
    });
  });
}

function missing(reference: string, why: string): SightlineError {
  return new SightlineError(
    'no-credential',
    `the credential ${redactText(reference)} is not to be had: ${why}`,
    {
      hint: 'mend the reference in sightline.yaml (systems[].credential), or what it refers to',
    },
  );
}

/** Somebody else's words without credentials of this process, and without whatever looks like a secret. */
export function withoutSecrets(text: string): string {
  const known = [...fetched].filter((secret) => secret.length >= leastLength);
  // a longer one may hold a shorter one
  known.sort((a, b) => b.length - a.length);
  return redactText(known.reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text));
}

/** One printable line of a system's own words, without the secrets that were sent to it and without tokens. */
export function safeText(text: string, secrets: readonly Secret[] = []): string {
  let safe = text;
  for (const s of secrets) if (s.reveal() !== '') safe = safe.replaceAll(s.reveal(), '[secret]');
  const line = withoutSecrets(safe)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return line.length > 400 ? `${line.slice(0, 400)} …` : line;
}
