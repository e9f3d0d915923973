/* Rolling back from every state is possible, and ends where it began. */
import { broken, holds, type StateInvariant } from '../invariant.ts';

export const undoPossible: StateInvariant = {
  code: 'undo-possible',
  check: ({ point }) => {
    if (point.point.says?.startsWith('cannot be taken back')) return broken(point.point.says);
    const isStart = point.point.direction === 'back' && point.done.length === 0 && point.isSettled;
    if (!isStart || point.view.id === '') return holds;
    const left = [...point.view.overlay.keys()].join(', ');
    return broken(`rolled back, but not as it was: ${left}`);
  },
};
