/* Protected endpoints answer at their address from where they must, in every state and in no window excepted. */
import type { FlowInvariant } from '../invariant.ts';
import { judgeArrival } from '../judge.ts';

export const protectedEndpoint: FlowInvariant = {
  code: 'protected-endpoint',
  isWindowed: false,
  appliesTo: (role) => role.kind === 'protected',
  check: ({ before, after }) => judgeArrival(before.reader, before.walk, after.reader, after.walk),
};
