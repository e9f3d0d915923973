/* What the goal declares out of scope is not touched, by the plan or by what acts by itself after it. */
import { broken, holds, type StateInvariant } from '../invariant.ts';

export const outOfScope: StateInvariant = {
  code: 'out-of-scope',
  check: ({ plan, point }) => {
    for (const scope of plan.outOfScope) {
      const touched = scope.keys.find((key) => point.view.overlay.has(key));
      if (touched !== undefined)
        return broken(`${touched} changes, and the goal leaves "${scope.what}" alone`);
    }
    return holds;
  },
};
