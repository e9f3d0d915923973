/*
 * Protected endpoints that do not answer by their address before the plan, from where they must: what was not good cannot
 * be broken, so nothing of them is held there, and the proof says so.
 */
import { healthOf } from './judge.ts';
import type { Assumption } from './result.ts';
import type { CheckedFlow, Session } from './session.ts';

export function unprotected(session: Session): readonly Assumption[] {
  const { views, memo, flows } = session;
  const answers = ({ flow, key }: CheckedFlow) => healthOf(memo.walk(views.base, flow, key).value) !== 'bad';
  return views.base.reader.all('protectedEndpoint').flatMap(({ value }) => {
    const own = flows.filter((f) => f.role.kind === 'protected' && f.role.name === value.name);
    const silent = value.from.filter((from) => !own.some((f) => f.flow.from === from && answers(f)));
    if (silent.length === 0) return [];
    const at = `${value.port}/${value.protocol}`;
    return [
      {
        says: `${value.name} does not answer at ${at} by its address from ${silent.join(', ')} before the plan: only names are held there`,
        from: 'protected.endpoints',
      },
    ];
  });
}
