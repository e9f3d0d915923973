/*
 * Where HTTP/3 stops, by family and way in, with its true cause: the advertised port against the Service and each hop,
 * UDP missing on the way, a TCP-only path of the other family, the path MTU. The traffic policy is no cause: conntrack
 * pins the five-tuple, so a handshake completes under Cluster too (measured: docs/model.md).
 */

import type { Flow } from '#dataplane/flow.ts';
import type { Trace } from '#dataplane/trace.ts';
import type { Reader } from '#estate/estate.ts';
import type { Evidence } from '#estate/evidence.ts';
import { at, claim, count, finding, list, serviceText } from '../compose.ts';
import type { Claim, Finding } from '../finding.ts';
import { distinct, groupBy } from '../masked.ts';
import { walkKinds } from '../needs.ts';
import { type OfferedWay, offeredWays } from '../quic-ways.ts';
import type { Rule, RuleContext } from '../rule.ts';

export const http3: Rule = {
  code: 'http3',
  looksFor: 'whether HTTP/3 completes on each family and way in, and where it stops',
  cases: ['S20', 'S55', 'S58'],
  needs: walkKinds,
  check: (context) => {
    const ways = offeredWays(context);
    const byPlace = groupBy(ways, (w) => `${w.service} ${w.flow.from} ${w.flow.family} ${w.quic.completes}`);
    const judged = [...byPlace.values()].map((group) => ({ group, why: whyOf(context, group) }));
    const byCause = groupBy(judged, (j) => `${keyOf(j.group)} ${j.why.short}`);
    return [...byCause.values()].map((same) => findingOf(context, same));
  },
};

interface Judged {
  readonly group: readonly OfferedWay[];
  readonly why: Why;
}

function firstOf<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined) throw new RangeError('a group has at least one member');
  return first;
}

function keyOf(group: readonly OfferedWay[]): string {
  const { service, flow, quic } = firstOf(group);
  return `${service} ${flow.family} ${quic.completes}`;
}

/** UDP to a port on the way of the flow: the way that stops, else any. */
function udpTo(context: RuleContext, flow: Flow, port: number): Trace | undefined {
  const { traces } = context.walk({ ...flow, port, protocol: 'udp' });
  return traces.find((t) => t.disposition !== 'delivered') ?? traces[0];
}

function whyOf(context: RuleContext, group: readonly OfferedWay[]): Why {
  const way = firstOf(group);
  const port = way.quic.advertisedPort;
  const stopped = port === undefined ? undefined : udpTo(context, way.flow, port);
  return causeOf(context, way, stopped);
}

function findingOf(context: RuleContext, same: readonly Judged[]): Finding {
  const { group, why } = firstOf(same);
  const first = firstOf(group);
  const ways = same.flatMap((j) => j.group);
  const { quic, flow } = first;
  const stopped = why.stopped;
  const service = context.reader.get('service', first.service)?.value;
  const from = distinct(ways.map((w) => w.flow.from));
  const where = `from ${list(from)} over IPv${flow.family}`;
  return finding({
    code: 'http3',
    severity: { yes: 'ok', no: 'warning', unknown: 'notice' }[quic.completes] as Finding['severity'],
    certainty: quic.completes === 'unknown' ? 'unknown' : 'established',
    subject: `HTTP/3 over IPv${flow.family}${why.short === '' ? '' : ` (${why.short})`} to ${service ? serviceText(service) : first.service}`,
    title: {
      yes: `HTTP/3 completes ${where}`,
      no: `HTTP/3 does not complete ${where}: ${why.short}`,
      unknown: `Whether HTTP/3 completes ${where} is not known`,
    }[quic.completes],
    cause: quic.completes === 'yes' ? quic.says : why.cause,
    claims: [
      offerClaim(context.reader, first),
      ...why.claims,
      ...wayClaim(stopped),
      ...familyClaims(context, ways),
      policyClaim(context.reader, first),
    ],
    refutedBy: `a QUIC client that is made to use IPv${flow.family} (curl --http3-only -${flow.family}) and ${quic.completes === 'yes' ? 'gets no answer' : 'gets a whole answer'} from ${first.name}`,
    affects: {
      services: [first.service],
      names: distinct(ways.map((w) => w.name)).flatMap(context.namesLike),
      flows: from,
    },
    advice: quic.completes === 'yes' ? [] : why.advice,
    gaps: ways.flatMap((w) => w.trace.gaps).slice(0, 1),
  });
}

interface Why {
  readonly short: string;
  readonly stopped: Trace | undefined;
  readonly cause: string;
  readonly claims: readonly Claim[];
  readonly advice: readonly string[];
}

function causeOf(context: RuleContext, way: OfferedWay, stopped: Trace | undefined): Why {
  const { reader } = context;
  if (way.quic.completes === 'yes')
    return { short: '', cause: way.quic.says, claims: [], advice: [], stopped };
  const port = way.quic.advertisedPort ?? 0;
  const service = reader.get('service', way.service);
  const exposed = service?.value.ports.filter((p) => p.protocol === 'udp') ?? [];
  const isOther = !exposed.some((p) => p.port === port);
  const exposes443 = exposed.some((p) => p.port === 443);
  if (/bytes at/.test(way.quic.says)) return mtuCause(way, stopped);
  const plain = udpTo(context, way.flow, 443);
  if (plain !== undefined && endsAtHop(plain)) return hopCause(way, plain, 443);
  if (isOther && exposes443)
    return {
      stopped,
      short: `Alt-Svc tells port ${port}, which is not the port that is exposed`,
      cause: `The ingress advertises the port its listener binds, ${port}, because no advertised port is set; the Service and the forwards have UDP 443. Clients dial ${port} and find nobody. UDP 443 itself arrives: no policy changes this.`,
      claims: [
        claim(
          `the Service exposes UDP ${list(exposed.map((p) => String(p.port)))} and no UDP ${port}`,
          service && at(service, 'spec.ports'),
        ),
        ...forwardClaims(reader, port),
      ],
      advice: [
        'Set the advertised port to 443 (Traefik: ports.websecure.http3.advertisedPort in the chart, --entryPoints.websecure.http3.advertisedPort).',
      ],
    };
  if (isOther)
    return {
      stopped,
      short: `the Service has no UDP ${port}`,
      cause: `HTTP/3 is switched on and offered, but the Service exposes no UDP port ${port}: the offer leads nowhere and clients fall back after a try.`,
      claims: [
        claim(
          `ports of the Service: ${list(service?.value.ports.map((p) => `${p.port}/${p.protocol}`) ?? [])}`,
          service && at(service, 'spec.ports'),
        ),
      ],
      advice: ['Expose UDP 443 on the Service (and forward it), or switch HTTP/3 off.'],
    };
  return {
    stopped,
    short:
      stopped === undefined
        ? 'UDP does not arrive'
        : `UDP ${port} ends as ${stopped.disposition} at ${stopped.hops.at(-1)?.host ?? '?'}`,
    cause: `UDP ${port} is exposed by the Service, and is lost on the way: ${stopped?.hops.at(-1)?.steps.at(-1)?.says ?? way.quic.says}`,
    claims: forwardClaims(reader, port),
    advice: [
      `Let UDP ${port} pass on every hop that lets TCP 443 pass (behind a second NAT there are two forwards).`,
    ],
  };
}

function endsAtHop(trace: Trace): boolean {
  return trace.disposition !== 'delivered' && (trace.hops.at(-1)?.host ?? '').startsWith('unmanaged/');
}

function hopCause(way: OfferedWay, stopped: Trace, port: number): Why {
  const hop = stopped.hops.at(-1);
  const step = hop?.steps.at(-1);
  return {
    stopped,
    short: `${hop?.host ?? 'a hop'} passes TCP on and no UDP`,
    cause: `Over IPv${way.flow.family} the name leads over ${hop?.host ?? 'another hop'}, which passes on TCP 443 and not UDP ${port}. The other family is another path and is judged by itself.`,
    claims: [claim(step?.says ?? `UDP ${port} is not passed on`, ...(step?.because ?? []))],
    advice: [
      `Pass UDP on there, or take the AAAA record away, or accept that IPv${way.flow.family} clients stay on HTTP/2.`,
    ],
  };
}

function mtuCause(way: OfferedWay, stopped: Trace | undefined): Why {
  return {
    stopped,
    short: 'the path MTU is too small for QUIC',
    cause: way.quic.says,
    claims: [
      claim(
        `HTTP/3 needs ${way.flow.family === 4 ? 1308 : 1328} bytes on IPv${way.flow.family}`,
        ...way.quic.because,
      ),
    ],
    advice: ['Raise the MTU of the tunnel or VPN; clients fall back to HTTP/2 meanwhile.'],
  };
}

function offerClaim(reader: Reader, way: OfferedWay): Claim {
  const { advertisedPort } = way.quic;
  const service = reader.get('service', way.service);
  return claim(
    `offer: Alt-Svc names port ${advertisedPort ?? '?'}`,
    ...way.quic.because,
    service && at(service, 'spec.ports'),
  );
}

function wayClaim(trace: Trace | undefined): readonly Claim[] {
  const last = trace?.hops.at(-1);
  const step = last?.steps.at(-1);
  if (trace === undefined || last === undefined || step === undefined) return [];
  return [
    claim(
      `UDP ${trace.flow.port} from ${trace.flow.from}: ${trace.disposition} at ${last.host}: ${step.says}`,
      ...step.because,
    ),
  ];
}

function forwardClaims(reader: Reader, port: number): readonly Claim[] {
  const forwards = reader
    .all('portForward')
    .filter((f) => f.value.isEnabled && /udp/.test(f.value.match.protocol));
  const of = (n: number) =>
    forwards.filter((f) => {
      const d = f.value.match.destinationPort;
      return d.kind === 'range' && d.range.first <= n && n <= d.range.last;
    });
  const has = of(443);
  return [
    ...(has.length > 0
      ? [claim(`firewall: UDP 443 is forwarded to ${list(has.map((f) => f.value.target))}`, ...has)]
      : [claim('firewall: no forward of UDP 443')]),
    ...(port !== 443
      ? [
          claim(
            `firewall: ${of(port).length === 0 ? 'no forward' : count(of(port).length, 'forward')} of UDP ${port}`,
            ...of(port),
          ),
        ]
      : []),
  ];
}

/** The other families of the same names from the same place, so that one is not taken for the other. */
function familyClaims(context: RuleContext, ways: readonly OfferedWay[]): readonly Claim[] {
  const [first] = ways;
  if (first === undefined) return [];
  const other = first.flow.family === 4 ? 6 : 4;
  const traces = context.walk({ ...first.flow, family: other }).traces;
  const [trace] = traces;
  if (trace === undefined) return [];
  const says =
    trace.quic !== undefined
      ? `IPv${other}: HTTP/3 ${trace.quic.completes === 'yes' ? 'completes' : trace.quic.completes === 'no' ? 'does not complete either' : 'not known'}`
      : `IPv${other}: ${trace.disposition === 'no-name' ? 'the name has no address of that family' : trace.disposition}`;
  return [claim(says, ...(trace.hops[0]?.steps.at(-1)?.because ?? []).slice(0, 2))];
}

/** The plausible wrong cause, answered. */
function policyClaim(reader: Reader, way: OfferedWay): Claim {
  const service = reader.get('service', way.service);
  const policy = service?.value.externalPolicy === 'local' ? 'Local' : 'Cluster';
  const places: Evidence[] = service ? [at(service, 'spec.externalTrafficPolicy', policy)] : [];
  return claim(
    `not explained by the policy (${policy}): conntrack pins the five-tuple of a flow to one pod, so a handshake that arrives completes`,
    ...places,
  );
}
