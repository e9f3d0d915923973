/*
 * One QUIC connection that carries one request after another.
 */
import { Http3Client } from '#adapters/prober-http3/index.ts';
import { type AttemptTarget, describeCause } from './attempt.ts';
import type { FlowEvents, OpenFlow } from './flows.ts';

/** QUIC's own idle timeout: how long the connection outlives silence (quic-go's default). */
const idleMs = 30_000;

export function openHttp3Flow(target: AttemptTarget, events: FlowEvents): OpenFlow {
  const { protocol: _, isConnectOnly: __, ...rest } = target;
  const name = target.serverName ?? target.address;
  const client = new Http3Client({ ...rest, serverName: name });
  let isAsking = false;
  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    const cause = await client.get({
      authority: name,
      path: target.path ?? '/',
      ...(target.headers && { headers: target.headers }),
    });
    isAsking = false;
    if (cause) return events.ended(describeCause(cause));
    const body = client.body();
    events.answered(body.length, body);
  };
  void client.open(idleMs).then((cause) => (cause ? events.ended(describeCause(cause)) : events.opened()));
  return { beat: () => void ask(), close: () => client.end() };
}
