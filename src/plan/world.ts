/* The data plane as plan/ and proof/ use it: a few functions, passed in, so that small worlds can stand in for it in tests. */
import type { Allotment } from '#dataplane/allocate.ts';
import type { Flow } from '#dataplane/flow.ts';
import type { IngressRequest, IngressResult } from '#dataplane/ingress.ts';
import type { PathInput, PathTrace } from '#dataplane/path.ts';
import type { Resolution } from '#dataplane/resolve.ts';
import type { Quic, Reached, Walk } from '#dataplane/trace.ts';
import type { Stages } from '#dataplane/walk.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { DnsName } from '#net/name.ts';

export interface World {
  /** One flow in one state. Pure: equal reads give equal walks. */
  walk(reader: Reader, flow: Flow): Walk;
  /** Every flow that the estate knows of. */
  flowsOf(reader: Reader): readonly Flow[];
  /** What the address controller makes of one Service. */
  allocate(reader: Reader, service: Service): Allotment;
  /** The walk in stages, where it has them: each can then be kept by itself. */
  readonly staged?: StagedWorld;
}

export interface StagedWorld {
  walkWith(stages: Stages, flow: Flow): Walk;
  resolve(reader: Reader, vantage: string, name: DnsName, family: 4 | 6): readonly Resolution[];
  path(reader: Reader, input: PathInput): readonly PathTrace[];
  ingressAt(reader: Reader, reached: Reached): Fact<'ingress'> | undefined;
  ingress(
    reader: Reader,
    path: PathTrace,
    request: IngressRequest,
    at: Fact<'ingress'> | undefined,
  ): IngressResult;
  quic(stages: Stages, path: PathTrace, result: IngressResult): Quic | undefined;
}
