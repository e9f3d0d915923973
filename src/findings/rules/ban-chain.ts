/*
 * Whether a ban can happen and act: log line → the field that the parser reads → decision → bouncer that pulls →
 * routes that ask it. Each link is read; that a test ban refuses no snapshot shows.
 */

import type { Reader } from '#estate/estate.ts';
import { prefix } from '#net/prefix.ts';
import { claim, count, finding, list } from '../compose.ts';
import { isCovered } from '../coverage.ts';
import type { Claim, Finding } from '../finding.ts';
import { frontendsOf, maskOf } from '../frontends.ts';
import { maskKinds } from '../needs.ts';
import type { Rule } from '../rule.ts';

export const banChain: Rule = {
  code: 'ban-chain',
  looksFor: 'whether a ban would be decided about the client and then enforced',
  cases: [],
  needs: [
    ...maskKinds,
    'banEngine',
    'bouncer',
    'banAllowlist',
    'banDecision',
    'middleware',
    'route',
    'logCount',
  ],
  check: ({ reader }) => {
    const systems = new Set(
      [...reader.all('banEngine'), ...reader.all('bouncer')].map((f) => f.value.system),
    );
    return [...systems].flatMap((system) => [ofSystem(reader, system), testBan(reader, system)]);
  },
};

interface Link {
  readonly claim: Claim;
  readonly isBroken: boolean;
  /** Why the chain ends here. */
  readonly why?: string;
}

function ofSystem(reader: Reader, system: string): Finding {
  const links = [
    logLink(reader),
    parserLink(reader, system),
    maskLink(reader, system),
    decisionLink(reader, system),
    bouncerLink(reader, system),
    routeLink(reader),
    exemptLink(reader),
  ];
  const broken = links.filter((l) => l.isBroken);
  return finding({
    code: 'ban-chain',
    severity: broken.length > 0 ? 'warning' : 'notice',
    certainty: broken.length > 0 ? 'established' : 'unknown',
    subject: system,
    title:
      broken.length > 0
        ? `Bans of ${system} do not protect the direct names: ${list(
            broken.map((b) => b.why ?? ''),
            3,
          )}`
        : `Every link of ${system} that files can show is there; whether a ban refuses only a test ban shows`,
    cause:
      broken.length > 0
        ? 'A ban needs every link: a log line with the client, a parser that reads it, a decision, a bouncer that pulls it, and routes that ask the bouncer. Real addresses alone do not make it work.'
        : 'Log, parser, decisions, bouncer and routes fit together; a bouncer that pulls may still not be asked, or fail open.',
    claims: links.map((l) => l.claim),
    refutedBy:
      'cscli decisions add --ip ADDRESS -d 2m for a test client outside, then a request from it: 403 shows that the chain works; cscli decisions delete --ip ADDRESS afterwards',
    effectOf: 'client-masked',
    advice: [
      'Mend the links above, from the log on.',
      'Then test with a ban of two minutes on an address of your own that is on no allowlist.',
    ],
  });
}

/** Kept apart, because no file answers it, however well the links fit. */
function testBan(reader: Reader, system: string): Finding {
  const bouncers = reader.all('bouncer').filter((b) => b.value.system === system);
  return finding({
    code: 'ban-chain',
    severity: 'notice',
    certainty: 'unknown',
    subject: `a test ban in ${system}`,
    title: `Whether a ban of ${system} refuses anybody is not known: only a test ban shows it`,
    cause:
      'A bouncer that pulls may be asked by nobody, may exempt the client, or may let everybody in when it fails. No file shows what it does with a request.',
    claims: [claim(`${count(bouncers.length, 'bouncer')} registered`, ...bouncers)],
    refutedBy:
      'cscli decisions add --ip ADDRESS -d 2m for a test client outside, a request from it (403 or not), then cscli decisions delete --ip ADDRESS',
    advice: ['Make the test after the move, with an address of your own that is on no allowlist.'],
  });
}

function logLink(reader: Reader): Link {
  const ingresses = reader.all('ingress');
  const logging = ingresses.filter((i) => i.value.accessLog !== undefined);
  const says =
    logging.length > 0
      ? `log: ${list(logging.map((i) => `${i.value.program} writes ${i.value.accessLog?.format ?? ''}`))}`
      : 'log: no ingress writes an access log';
  const isBroken = logging.length === 0;
  return { claim: claim(says, ...(isBroken ? ingresses : logging)), isBroken, why: 'no access log' };
}

function parserLink(reader: Reader, system: string): Link {
  const engine = reader.get('banEngine', system);
  const reads = engine?.value.readsAddressFrom ?? 'unknown';
  const version = engine?.value.parserVersion;
  const says = `parser: traefik-logs ${version ?? 'of unknown version'} reads ${reads === 'unknown' ? 'a field that is not known' : reads === 'ClientHost-last' ? 'the last element of ClientHost' : reads}`;
  return { claim: claim(says, engine), isBroken: false };
}

/** The address that the parser would decide about today, and whether a whitelist drops it. */
function maskLink(reader: Reader, system: string): Link {
  const masks = frontendsOf(reader).flatMap((f) => f.vips.flatMap((vip) => maskOf(reader, f, vip) ?? []));
  const seen = [...new Set(masks.flatMap((m) => m.seenAs))];
  if (seen.length === 0)
    return { claim: claim('client: no node address stands in for direct clients'), isBroken: false };
  const lists = reader
    .all('banAllowlist')
    .filter((l) => l.value.system === system && seen.every((ip) => isCovered(prefix(ip), l.value.ranges)));
  const dropped =
    lists.length > 0
      ? `, which ${list(lists.map((l) => l.value.name))} drops`
      : ', one address for everybody';
  const evidence = masks.flatMap((m) => m.announcement.because).slice(0, 2);
  return {
    claim: claim(`client: the log shows direct clients as ${list(seen)}${dropped}`, ...lists, ...evidence),
    isBroken: true,
    why: `the log shows ${list(seen)} instead of clients`,
  };
}

function decisionLink(reader: Reader, system: string): Link {
  const decisions = reader.all('banDecision').filter((d) => d.value.system === system);
  const own = decisions.filter((d) => d.value.origin === 'crowdsec');
  const says = `decisions: ${count(decisions.length, 'decision')}, ${own.length} of them from its own logs`;
  return { claim: claim(says, ...own.slice(0, 1), ...decisions.slice(0, 1)), isBroken: false };
}

function bouncerLink(reader: Reader, system: string): Link {
  const all = reader.all('bouncer').filter((b) => b.value.system === system);
  const pulling = all.filter((b) => b.value.lastPull !== undefined && !b.value.isRevoked);
  if (pulling.length > 0)
    return {
      claim: claim(
        `bouncer: ${list(pulling.map((b) => `${b.value.name} pulled at ${b.value.lastPull}`))}`,
        ...pulling,
      ),
      isBroken: false,
    };
  const why =
    all.length === 0
      ? 'no bouncer is registered'
      : `no bouncer pulls (${list(all.map((b) => `${b.value.name} ${b.value.isRevoked ? 'revoked' : 'never pulled'}`))})`;
  return { claim: claim(`bouncer: ${why}`, ...all), isBroken: true, why };
}

/** Names whose routes, and whose listeners, ask no bouncer. */
function routeLink(reader: Reader): Link {
  const asking = reader.all('middleware').filter((m) => m.value.rule.kind === 'ban-list');
  const names = new Set(asking.map((m) => `${m.value.namespace}/${m.value.name}`));
  const everywhere = reader
    .all('ingress')
    .some((i) => i.value.listeners.some((l) => l.tls && l.middlewares.some((m) => names.has(m))));
  const routes = reader.all('route').filter((r) => r.value.match.hosts.length > 0);
  const bare = everywhere ? [] : routes.filter((r) => !r.value.middlewares.some((m) => names.has(m)));
  if (asking.length === 0)
    return {
      claim: claim('routes: no middleware asks a ban list (a bouncer elsewhere may)'),
      isBroken: false,
    };
  const says =
    bare.length === 0
      ? 'routes: every route asks it'
      : `routes: ${bare.length} of ${routes.length} do not ask it, such as ${list(
          bare.flatMap((r) => r.value.match.hosts.slice(0, 1)),
          4,
        )}`;
  return { claim: claim(says, ...asking, ...bare.slice(0, 2)), isBroken: false };
}

/** Clients that the plugin never looks up, the stand-in among them. */
function exemptLink(reader: Reader): Link {
  const masks = frontendsOf(reader).flatMap((f) =>
    f.vips.flatMap((vip) => maskOf(reader, f, vip)?.seenAs ?? []),
  );
  const exempting = reader
    .all('middleware')
    .filter(
      (m) =>
        m.value.rule.kind === 'ban-list' &&
        masks.some((ip) =>
          isCovered(prefix(ip), m.value.rule.kind === 'ban-list' ? (m.value.rule.exemptClients ?? []) : []),
        ),
    );
  if (exempting.length === 0)
    return {
      claim: claim('exempt: no bouncer exempts the address that direct clients show'),
      isBroken: false,
    };
  return {
    claim: claim(
      `exempt: ${list(exempting.map((m) => m.value.name))} never looks up clients of a range that holds ${list([...new Set(masks)])}`,
      ...exempting,
    ),
    isBroken: true,
    why: 'the bouncer exempts the address that everybody shows',
  };
}
