/* The data plane as plan/ and proof/ use it: a few functions, passed in, so that small worlds can stand in for it in tests. */
import type { Allotment } from '#dataplane/allocate.ts';
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';

export interface World {
  /** One flow in one state. Pure: equal reads give equal walks. */
  walk(reader: Reader, flow: Flow): Walk;
  /** Every flow that the estate knows of. */
  flowsOf(reader: Reader): readonly Flow[];
  /** What the address controller makes of one Service. */
  allocate(reader: Reader, service: Service): Allotment;
}
