/* Traefik's Middleware: what it decides by the client's address. Defaults from Traefik 3's dynamic configuration. */
import { type Fact, fact } from '#estate/fact.ts';
import type { Middleware } from '#estate/ingress.ts';
import type { Prefix } from '#net/prefix.ts';
import type { KubeObject } from './object.ts';
import { given, isMap, mapAt, mapsAt, needPrefix, numberAt, type Raw, textAt, textsAt } from './raw.ts';

type Rule = Middleware['rule'];

export function middleware(o: KubeObject): Fact<'middleware'> {
  const value = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    rule: ruleOf(o.spec, o.namespace),
  };
  return fact('middleware', value, o.evidence, o.owner);
}

function ruleOf(spec: Raw, namespace: string): Rule {
  const allow = spec.ipAllowList ?? spec.ipWhiteList;
  if (isMap(allow)) return allowList(allow);
  if (isMap(spec.rateLimit)) return rateLimit(spec.rateLimit);
  if (isMap(spec.inFlightReq)) return inFlight(spec.inFlightReq);
  if (isMap(spec.inFlightConn))
    return { kind: 'in-flight', amount: numberAt(spec.inFlightConn, 'amount') ?? 0, depth: 0 };
  if (isMap(spec.chain)) return chain(spec.chain, namespace);
  if (isMap(spec.plugin)) return plugin(spec.plugin);
  return { kind: 'other', type: Object.keys(spec)[0] ?? 'none' };
}

function allowList(raw: Raw): Rule {
  const ranges = textsAt(raw, 'sourceRange').map((t, i) =>
    needPrefix(t, `spec.ipAllowList.sourceRange[${i}]`),
  );
  return { kind: 'ip-allow-list', ranges, depth: depthOf(raw) };
}

function rateLimit(raw: Raw): Rule {
  return {
    kind: 'rate-limit',
    average: numberAt(raw, 'average') ?? 0,
    burst: numberAt(raw, 'burst') ?? 1,
    periodMs: durationMs(textAt(raw, 'period')) ?? 1_000,
    depth: depthOf(mapAt(raw, 'sourceCriterion')),
  };
}

function inFlight(raw: Raw): Rule {
  const depth = depthOf(mapAt(raw, 'sourceCriterion'));
  return { kind: 'in-flight', amount: numberAt(raw, 'amount') ?? 0, depth };
}

function depthOf(raw: Raw): number {
  return numberAt(mapAt(raw, 'ipStrategy'), 'depth') ?? 0;
}

function chain(raw: Raw, namespace: string): Rule {
  const of = mapsAt(raw, 'middlewares').map(
    (m) => `${textAt(m, 'namespace') ?? namespace}/${textAt(m, 'name') ?? ''}`,
  );
  return { kind: 'chain', of };
}

/** A plugin whose name or settings speak of CrowdSec or of bouncing decides by a ban list. */
function plugin(raw: Raw): Rule {
  const [name, settings] = Object.entries(raw)[0] ?? ['none', {}];
  const s = isMap(settings) ? settings : {};
  const isBouncer = /bouncer|crowdsec/i.test(name) || Object.keys(s).some((k) => /^crowdsec/i.test(k));
  if (!isBouncer) return { kind: 'other', type: `plugin ${name}` };
  const header = textAt(s, 'forwardedHeadersCustomName') ?? textAt(s, 'ForwardedHeadersCustomName');
  const exempt = rangesAt(s, 'clientTrustedIPs');
  return {
    kind: 'ban-list',
    plugin: name,
    trustedPeers: rangesAt(s, 'forwardedHeadersTrustedIPs'),
    ...given('header', header),
    ...(exempt.length > 0 && { exemptClients: exempt }),
  };
}

/** Traefik decodes plugin settings without regard to case. */
function rangesAt(settings: Raw, name: string): readonly Prefix[] {
  const fields = Object.keys(settings).filter((k) => k.toLowerCase() === name.toLowerCase());
  return fields
    .flatMap((f) => textsAt(settings, f))
    .map((t, i) => needPrefix(t, `spec.plugin.${name}[${i}]`));
}

/** `1s`, `1m30s`, `100ms`, or seconds without a unit. */
export function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const unit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  let sum = 0;
  for (const [, n, u] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) sum += Number(n) * (unit[u ?? ''] ?? 0);
  return sum;
}
