/*
 * One whole attempt in this process: handshake, one GET, goodbye. The real prober runs it in a child process (see
 * probe.ts); the lab's clients run inside an expendable process already and call it directly.
 */
import { Http3Client } from './client.ts';
import type { Http3Outcome, Http3Target } from './outcome.ts';

/** Tries one GET over HTTP/3 from a fresh port. Never rejects; ends within the target's time. */
export async function attemptHttp3(target: Http3Target): Promise<Http3Outcome> {
  const timeoutMs = target.timeoutMs ?? 3000;
  const client = new Http3Client(target);
  const deadline = setTimeout(() => client.fail(client.deadlineCause()), timeoutMs);
  const fields = {
    authority: target.authority ?? target.serverName,
    path: target.path ?? '/',
    headers: { 'user-agent': 'sightline', ...target.headers },
  };
  // The engine's own idle timer comes later than the deadline, so that the deadline names the cause.
  const cause = (await client.open(timeoutMs + 1000)) ?? (await client.get(fields));
  clearTimeout(deadline);
  const outcome = client.outcome(cause);
  client.end();
  return outcome;
}
