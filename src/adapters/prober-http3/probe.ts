/*
 * Probes in a child process with a limit on its memory and time: the engine is native code of some age, so neither a
 * crash in it nor a leak may reach Sightline itself.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Http3Cause, Http3Outcome, Http3Target } from './outcome.ts';

/** Room for starting the child, on top of the attempt's own time. */
const startMs = 3000;

/** Tries one GET over HTTP/3 from a fresh port. Never rejects. */
export function probeHttp3(target: Http3Target): Promise<Http3Outcome> {
  const file = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'child.ts' : 'child.js');
  const child = fork(file, {
    execArgv: ['--max-old-space-size=128'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const errors: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  return new Promise((resolve) => {
    const end = (outcome: Http3Outcome) => {
      clearTimeout(deadline);
      child.removeAllListeners();
      child.kill('SIGKILL');
      resolve(outcome);
    };
    const limit = (target.timeoutMs ?? 3000) + startMs;
    const deadline = setTimeout(() => end(notTried('the probing process gave no answer')), limit);
    child.once('message', (outcome) => end(outcome as Http3Outcome));
    child.once('error', (error) => end(notTried(error.message)));
    child.once('exit', (code, signal) => end(notTried(lastWords(errors, signal ?? code))));
    child.send(target);
  });
}

function lastWords(errors: readonly string[], why: string | number | null): string {
  const line = errors.join('').trim().split('\n').at(-1) ?? '';
  return `the probing process ended (${why}) ${line}`.trim();
}

function notTried(message: string): Http3Outcome {
  const cause: Http3Cause = { kind: 'could-not-try', message };
  const datagrams = { sent: 0, received: 0, lost: 0 };
  return { kind: 'failed', stage: 'start', cause, reached: {}, ms: 0, datagrams, helloDatagrams: 0 };
}
