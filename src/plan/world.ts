/* The data plane as plan/ and proof/ use it: a few functions, passed in, so that small worlds can stand in for it in tests. */
import type { Flow } from '#dataplane/flow.ts';
import type { Walk } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { Ip } from '#net/ip.ts';

/** What the address controller does with one Service of type LoadBalancer. */
export type Allocation =
  | { readonly kind: 'keeps' }
  | { readonly kind: 'assigned'; readonly ips: readonly Ip[] }
  /** It loses what it has and gets nothing; `says` names the rule. */
  | { readonly kind: 'cleared'; readonly says: string }
  /** What it asks for is not allowed; `says` names the rule and the Service in the way. */
  | { readonly kind: 'refused'; readonly says: string };

export interface World {
  /** One flow in one state. Pure: equal reads give equal walks. */
  walk(reader: Reader, flow: Flow): Walk;
  /** Every flow that the estate knows of. */
  flowsOf(reader: Reader): readonly Flow[];
  allocate(reader: Reader, service: Service): Allocation;
}
