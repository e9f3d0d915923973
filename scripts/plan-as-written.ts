/*
 * The founding design's plan on its estate and on each variant of it: as the document writes it, and in both styles as it is
 * found for the estate without the variant. Each variant must refute them with the counterexample that is its own, named
 * here, and the variants that change nothing on the way must refute nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { loadSnapshot } from '#app/load-snapshot.ts';
import { wrongIn } from '#app/plan-yaml.ts';
import { readWrittenPlan } from '#plan/hand-written.ts';
import type { Plan, Style } from '#plan/plan.ts';
import { realWorld } from '#plan/real-world.ts';
import { prove } from '#proof/prove.ts';
import type { Counterexample, ProofResult } from '#proof/result.ts';
import { makeSession, type Session } from '#proof/session.ts';

process.chdir(new URL('..', import.meta.url).pathname);
const home = 'examples/home-lab';
const variants = 'examples/home-lab-variants';

interface Expected {
  /** What the document's own plan meets here and not on its own estate; undefined: nothing. */
  readonly written?: RegExp;
  /** What the plan found for the estate without the variant meets first; undefined: it is proved here too. */
  readonly additive?: RegExp;
  readonly 'in-place'?: RegExp;
}

const same = (all: RegExp): Expected => ({ written: all, additive: all, 'in-place': all });

const proxiedDown = /^keeps-working .*edge → .* no-listener after dialling 10\.0\.20\.200/;
const secondZone = /^keeps-working .*viktorbarzin\.lan:443\/tcp .* no-listener after dialling 10\.0\.20\.200/;
const bridge =
  /^keeps-working .*internet → .*\/tcp over IPv6: .* no-listener after dialling 2001:db8:10::443/;
const mirror = /^consumers-served .*k8s-node1.*hosts\.toml.* dials 10\.0\.20\.200:443/;
const reverted = /^nothing-reverted .*the next apply of apex-record puts values of recordSet:dns\/technitium/;
const secret =
  /^credentials-reachable .*the undo of the last change needs infra, which needs vault\.viktorbarzin\.me/;
/** The texts that the plan edits are others here. */
const otherTexts = /^possible-order .*stacks\/traefik\/main\.tf:\d+ is not there/;

const expected: Readonly<Record<string, Expected>> = {
  'chart-unpinned': {
    written: /^chart-pinned .*release traefik is not pinned/,
    additive: otherTexts,
    'in-place': otherTexts,
  },
  'helm-only': {
    written: /^nothing-reverted .*next apply of traefik puts externalPolicy, requestedIps, sharingKey/,
    additive: otherTexts,
    'in-place': otherTexts,
  },
  'http3-advertised': {},
  'ipv6-bridge': same(bridge),
  'registry-mirror': same(mirror),
  'reverting-repository': same(reverted),
  'second-zone': same(secondZone),
  // additive, the ingress answers all the time, and so does what stands behind it
  'secret-behind-ingress': { written: secret, 'in-place': secret },
  'trusted-nodes': {},
  'tunnel-by-address': same(proxiedDown),
};

const onItsOwn = written(await sessionOf(home));
let wrong = 0;
check(
  'home-lab as written',
  onItsOwn,
  /^keeps-working .*:80\/tcp over IPv4: it ends no-listener after dialling 203\.0\.113\.10/,
);
for (const variant of readdirSync(variants)) {
  const wanted = expected[variant];
  const session = await sessionOf(`${variants}/${variant}`);
  const known = new Set(onItsOwn);
  check(
    `${variant} as written`,
    written(session).filter((c) => !known.has(c)),
    wanted?.written,
  );
  for (const style of ['additive', 'in-place'] as const) {
    check(`${variant} ${style}`, found(session, style), wanted?.[style]);
  }
  if (wanted === undefined) fail(`${variant}: nothing is expected of it here`);
}
console.log(wrong === 0 ? 'every counterexample is the one that is expected' : `${wrong} wrong`);
if (wrong > 0) process.exitCode = 1;

async function sessionOf(folder: string): Promise<Session> {
  return makeSession(realWorld, (await loadSnapshot(folder)).estate);
}

/** Every kind of counterexample that the document's own plan meets. */
function written(session: Session): readonly string[] {
  const read = readWrittenPlan({
    data: parseDocument(readFileSync(`${home}/plan-as-written.yaml`, 'utf8')).toJS(),
    lineOf: () => undefined,
    wrongIn,
    start: session.views.base.reader,
    world: realWorld,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  });
  if (!read.ok) return read.issues.map((i) => `not read: ${i.says}`);
  return textsOf(prove(session, read.plan, { faults: 1, others: 1000 }));
}

/** What the committed plan of the estate without the variant meets first. */
function found(session: Session, style: Style): readonly string[] {
  const plan = JSON.parse(readFileSync(`${home}/change/${style}/plan.json`, 'utf8')) as Plan;
  return textsOf(prove(session, plan));
}

function textsOf(result: ProofResult): readonly string[] {
  if (result.kind === 'proved') return [];
  if (result.kind === 'undecided') return [`undecided ${result.says}`];
  return [result.counterexample, ...(result.others ?? [])].map(textOf);
}

function textOf({ invariant, at, says, fault }: Counterexample): string {
  return `${invariant} ${at.direction} ${at.after ?? ''} ${fault === undefined ? '' : `(${fault}) `}${says}`;
}

/** undefined: nothing may be met. */
function check(name: string, met: readonly string[], wanted: RegExp | undefined): void {
  const isRight = wanted === undefined ? met.length === 0 : met.some((m) => wanted.test(m));
  if (!isRight) fail(`${name}: ${met.slice(0, 3).join('\n    ') || 'refuted by nothing'}`);
  else
    console.log(
      `ok     ${name}: ${(met.find((m) => wanted?.test(m)) ?? 'nothing of its own').slice(0, 150)}`,
    );
}

function fail(says: string): void {
  wrong++;
  console.log(`WRONG  ${says}`);
}
