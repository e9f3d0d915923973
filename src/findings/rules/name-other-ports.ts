/* Names whose answer leads to the ingress address while their protocol needs ports that it does not serve: mail above all. */

import type { Fact } from '#estate/fact.ts';
import { type DnsName, parseName } from '#net/name.ts';
import { claim, finding, list } from '../compose.ts';
import { frontendsOf } from '../frontends.ts';
import { walkKinds } from '../needs.ts';
import type { Rule, RuleContext } from '../rule.ts';

/** Ports that a kind of record promises under the name it points at. */
interface Promised {
  readonly record: Fact<'recordSet'>;
  readonly name: DnsName;
  readonly ports: readonly number[];
}

export const nameOtherPorts: Rule = {
  code: 'name-other-ports',
  looksFor: 'names that lead to the ingress and whose other ports nobody serves there',
  cases: ['S08'],
  needs: walkKinds,
  check: (context) => {
    const vips = new Set<string>(frontendsOf(context.reader).flatMap((f) => f.vips));
    const inside = context.reader
      .all('vantagePoint')
      .filter((v) => v.value.kind === 'lan' || v.value.kind === 'vpn');
    const promised = context.reader.all('recordSet').flatMap(promises);
    return promised.flatMap((p) => inside.flatMap((v) => judge(context, p, v, vips)));
  },
};

function promises(record: Fact<'recordSet'>): readonly Promised[] {
  const { type, values } = record.value;
  if (type !== 'MX' && type !== 'SRV') return [];
  return values.flatMap((v) => {
    const parts = v.split(/\s+/);
    const name = parseName(parts.at(-1) ?? '');
    const ports = type === 'MX' ? [25, 465, 587, 993] : [Number(parts[2])];
    return name === undefined || name === '' ? [] : [{ record, name, ports }];
  });
}

function judge(context: RuleContext, p: Promised, vantage: Fact<'vantagePoint'>, vips: ReadonlySet<string>) {
  const from = vantage.value.id;
  const traces = p.ports.map((port) => ({
    port,
    trace: context.walk({ from, family: 4, to: { name: p.name }, port, protocol: 'tcp' }).traces[0],
  }));
  const closed = traces.filter(
    (t) =>
      t.trace?.dialled !== undefined &&
      vips.has(t.trace.dialled) &&
      t.trace.disposition !== 'delivered' &&
      t.trace.disposition !== 'unknown',
  );
  const [first] = closed;
  if (first?.trace === undefined) return [];
  const step = first.trace.hops[0]?.steps.at(-1);
  return [
    finding({
      code: 'name-other-ports',
      severity: 'warning',
      subject: `${p.name} from ${from}`,
      title: `${p.name} leads to ${first.trace.dialled} from ${from}, where ${list(closed.map((c) => String(c.port)))} ${closed.length === 1 ? 'is' : 'are'} closed`,
      cause: `The answer is changed by address, not by name, so a name that needs other ports is sent to the ingress with the rest; web pages of it work, ${p.record.value.type === 'MX' ? 'mail' : 'its protocol'} does not.`,
      claims: [
        claim(`${p.record.value.type} of ${p.record.value.name} points at ${p.name}`, p.record),
        claim(step?.says ?? 'resolved there', ...(step?.because ?? [])),
        claim(
          `${first.port}: ${first.trace.disposition}`,
          ...(first.trace.hops.at(-1)?.steps.at(-1)?.because ?? []),
        ),
      ],
      refutedBy: `nc -vz ${p.name} ${first.port} from ${from} that connects`,
      affects: { names: [p.name], flows: [from] },
      advice: [`Except ${p.name} from the translation, or forward these ports on that address.`],
    }),
  ];
}
