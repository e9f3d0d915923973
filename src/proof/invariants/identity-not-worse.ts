/* No client that was seen as itself is seen as somebody else. */
import { type FlowInvariant, holds } from '../invariant.ts';
import { healthOf, judgeIdentity } from '../judge.ts';

export const identityNotWorse: FlowInvariant = {
  code: 'identity-not-worse',
  isWindowed: true,
  appliesTo: (role) => role.kind === 'name',
  check: ({ before, after }) => {
    if (healthOf(before.walk) !== 'good' || healthOf(after.walk) !== 'good') return holds;
    return judgeIdentity(before.walk, after.walk);
  },
};
