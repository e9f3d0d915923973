/* The user's own invariants: flows that must always, or must never, arrive. */
import { broken, type FlowInvariant, holds } from '../invariant.ts';
import { failureText, healthOf } from '../judge.ts';

export const ownInvariants: FlowInvariant = {
  code: 'own-invariant',
  isWindowed: false,
  appliesTo: (role) => role.kind === 'own',
  check: ({ role, before, after }) => {
    if (role.kind !== 'own') return holds;
    const wanted = role.expects === 'delivered' ? 'good' : 'bad';
    const now = healthOf(after.walk);
    if (now === wanted || healthOf(before.walk) !== wanted) return holds;
    if (now === 'unknown') return { kind: 'unknown', says: `${role.name}: ${failureText(after.walk)}` };
    return broken(`${role.name}: ${failureText(after.walk)}`);
  },
};
