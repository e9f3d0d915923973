/* Tools that the change or its undo needs (state, secrets, APIs) and that stand behind the ingress which is to move. */
import { namesOf } from '#dataplane/flows.ts';
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import { dialled } from '#estate/reference-places.ts';
import { parseIp } from '#net/ip.ts';
import { at, claim, count, finding, list } from '../compose.ts';
import type { Finding } from '../finding.ts';
import { frontendsOf } from '../frontends.ts';
import { groupBy } from '../masked.ts';
import type { Rule } from '../rule.ts';

export const neededBehindIngress: Rule = {
  code: 'needed-behind-ingress',
  looksFor: 'tools that the change needs and that the change takes away',
  cases: ['S04'],
  needs: ['systemAccess', 'route', 'service', 'ingress'],
  check: ({ reader }) => {
    const routed = new Set<string>(namesOf(reader));
    const uses = reader.all('systemAccess').flatMap((s) => usesOf(s));
    const behind = uses.filter((u) => isBehind(reader, routed, u.target));
    return [...groupBy(behind, (u) => u.target)].map(([target, group]) => findingOf(reader, target, group));
  },
};

interface Use {
  readonly system: Fact<'systemAccess'>;
  readonly target: string;
  readonly field: string;
}

function usesOf(system: Fact<'systemAccess'>): readonly Use[] {
  const { url, needs } = system.value;
  return [
    ...(url === undefined ? [] : [{ system, target: hostOf(url), field: 'url' }]),
    ...needs.map((n, i) => ({ system, target: hostOf(n), field: `needs[${i}]` })),
  ];
}

/** Host of a URL or of HOST:PORT; `ns/name` of a Service. */
function hostOf(text: string): string {
  const service = /^([a-z0-9-]+\/[a-z0-9-]+)(?::\d+)?$/.exec(text);
  return service?.[1] ?? dialled(text)?.host ?? text;
}

function isBehind(reader: Reader, routed: ReadonlySet<string>, target: string): boolean {
  if (routed.has(target)) return true;
  const ip = parseIp(target);
  const frontends = frontendsOf(reader);
  if (ip !== undefined) return frontends.some((f) => f.vips.includes(ip));
  return frontends.some((f) => `${f.service.value.namespace}/${f.service.value.name}` === target);
}

function findingOf(reader: Reader, target: string, uses: readonly Use[]): Finding {
  const routes = reader.by('route', 'host', target);
  const frontends = frontendsOf(reader);
  const systems = [...new Set(uses.map((u) => u.system.value.system))];
  return finding({
    code: 'needed-behind-ingress',
    severity: 'critical',
    subject: target,
    title: `${target} is needed to change or undo ${list(systems)}, and stands behind the ingress that moves`,
    cause: `While the ingress has no address, ${target} does not answer: what is fetched there (a password, the state, a token) is missing at the moment when it is needed, for the way back too.`,
    claims: [
      ...uses.map((u) =>
        claim(
          `${u.system.value.system} needs ${u.target}${u.system.value.credential === undefined ? '' : ' for its credential'}`,
          at(u.system, u.field),
        ),
      ),
      ...(routes.length > 0
        ? [
            claim(
              `${count(routes.length, 'route')} of the ingress ${routes.length === 1 ? 'answers' : 'answer'} for ${target}`,
              ...routes,
            ),
          ]
        : []),
      claim(
        `the ingress is reached at ${list(frontends.flatMap((f) => f.vips))}`,
        ...frontends.map((f) => f.service),
      ),
    ],
    refutedBy: `a request to ${target} that is answered while the ingress has no address (another way in)`,
    affects: { names: [target], services: frontends.map((f) => f.id) },
    advice: [
      `Fetch what is needed from ${target} before the first write, and keep it for the undo.`,
      `Have another way in ready: kubectl port-forward, or a hosts entry to a path that does not move.`,
    ],
  });
}
