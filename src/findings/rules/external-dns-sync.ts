/* external-dns with policy sync removes what it no longer sees. */
import { at, claim, finding } from '../compose.ts';
import type { Rule } from '../rule.ts';

/** external-dns with policy sync removes what it no longer sees. */
export const externalDnsSync: Rule = {
  code: 'external-dns-sync',
  looksFor: 'external-dns that deletes records whose sources vanish for a moment',
  cases: ['S61'],
  needs: ['workload'],
  check: ({ reader }) =>
    reader.all('workload').flatMap((w) => {
      const container = w.value.containers.find((c) => /external-dns(:|@|$)/.test(c.image));
      if (container === undefined) return [];
      const policy =
        container.args.find((a) => a.startsWith('--policy='))?.slice('--policy='.length) ?? 'sync';
      if (policy !== 'sync') return [];
      return [
        finding({
          code: 'external-dns-sync',
          severity: 'warning',
          subject: `${w.value.type} ${w.value.namespace}/${w.value.name}`,
          title: `${w.value.name} deletes records of Services and Ingresses that have no address for a moment`,
          cause:
            'With policy sync (its default) external-dns makes the zone equal to what it sees. A pending address or an API timeout looks like a source that is gone.',
          claims: [claim(`policy ${policy}`, at(w, `containers.${container.name}.args`))],
          refutedBy: 'its arguments with --policy=upsert-only',
          advice: ['Use upsert-only, or scale it to zero during the move.'],
        }),
      ];
    }),
};
