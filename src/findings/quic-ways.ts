/* HTTPS ways from outside whose listener offers HTTP/3, with what the walk says of it there. */
import type { Flow } from '#dataplane/flow.ts';
import type { Trace } from '#dataplane/trace.ts';
import type { RuleContext } from './rule.ts';

/** An HTTPS way whose listener speaks of HTTP/3. */
export interface OfferedWay {
  readonly flow: Flow;
  readonly trace: Trace;
  readonly name: string;
  readonly service: string;
  /** Path class: way in, family, and what the walk says of HTTP/3 there. */
  readonly quic: NonNullable<Trace['quic']>;
}

/** HTTPS flows from outside the cluster that arrive, with what the walk says of HTTP/3. */
export function offeredWays(context: RuleContext): readonly OfferedWay[] {
  return context.flows.flatMap((flow) => {
    if (flow.port !== 443 || flow.protocol !== 'tcp' || !('name' in flow.to)) return [];
    const kind = context.reader.get('vantagePoint', flow.from)?.value.kind;
    if (kind === 'pod' || kind === 'node' || kind === 'tunnel-edge') return [];
    const { name } = flow.to;
    return context.walk(flow).traces.flatMap((trace) => {
      const { quic, reached } = trace;
      if (quic === undefined || reached?.service === undefined || !quic.isOffered) return [];
      return [{ flow, trace, name, service: reached.service, quic }];
    });
  });
}
