/* The data plane itself, as plan/ and proof/ use it. */
import { allocate } from '#dataplane/allocate.ts';
import { flowsOf } from '#dataplane/flows.ts';
import { ingressAt, walkIngress } from '#dataplane/ingress.ts';
import { walkAddress } from '#dataplane/path.ts';
import { resolveName } from '#dataplane/resolve.ts';
import { quicAlong, walk, walkWith } from '#dataplane/walk.ts';
import type { World } from './world.ts';

export const realWorld: World = {
  walk,
  flowsOf,
  allocate,
  staged: {
    walkWith,
    resolve: resolveName,
    path: walkAddress,
    ingressAt,
    ingress: walkIngress,
    quic: quicAlong,
  },
};
