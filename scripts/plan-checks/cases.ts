/* The estates that plans are checked on: every example, every variant of the first one, generated ones; in each style and with each owner. */
import { readdirSync } from 'node:fs';
import { loadSnapshot } from '#app/load-snapshot.ts';
import type { Estate } from '#estate/estate.ts';
import { ip } from '#net/ip.ts';
import type { AddressOwner } from '#plan/address-owner.ts';
import type { Goal, Style } from '#plan/plan.ts';
import type { PlannerInput } from '#plan/planner.ts';
import { realWorld } from '#plan/real-world.ts';
import type { MoveGoal } from '#plan/task.ts';
import type { World } from '#plan/world.ts';
import { flowKey } from '#proof/memo.ts';
import { prove } from '#proof/prove.ts';
import type { Session } from '#proof/session.ts';
import { askedOf } from '#test/generated/check.ts';
import { generatedHouse } from '#test/generated/house.ts';

export interface Case {
  readonly name: string;
  readonly style: Style;
  readonly owner?: AddressOwner;
  readonly goal: Goal;
  readonly world: World;
  /** true: the estate has no plan, and says why. */
  readonly hasNone?: RegExp;
  readonly estate: () => Promise<Estate>;
}

const home: MoveGoal = {
  kind: 'move',
  service: 'home/traefik/traefik',
  to: ip('10.0.20.203'),
  policy: 'local',
};
const styles: readonly Style[] = ['additive', 'in-place'];

/** The first example and its variants, in both styles. */
export function variantCases(): readonly Case[] {
  const folders = readdirSync('examples/home-lab-variants').map((v) => `home-lab-variants/${v}`);
  return ['home-lab', ...folders].flatMap((folder) => styles.map((style) => example(folder, home, style)));
}

/** Who else may have the address of the first example for good, and the other examples. */
export function otherCases(): readonly Case[] {
  const office: Goal = { ...home, service: 'office/ingress-nginx/public-controller', to: 'auto' };
  const pi: Goal = { ...home, service: 'pi/kube-system/traefik', to: 'auto' };
  const lab: Goal = { ...home, service: 'lab/ingress/traefik', to: 'auto' };
  const kms: Goal = { kind: 'set-policy', service: 'home/kms/windows-kms', policy: 'local' };
  return [
    example('home-lab', home, 'additive', 'second-service'),
    example('home-lab', home, 'additive', 'chart-service-later'),
    example('home-lab', kms, 'additive'),
    example('home-lab', { kind: 'retire', ip: ip('10.0.20.202') }, 'additive'),
    example('nginx-office', office, 'additive', 'second-service'),
    example('nginx-office', office, 'additive', 'chart-service-later'),
    example('nginx-office', office, 'in-place'),
    { ...example('k3s-flannel', pi, 'additive'), hasNone: /no node may announce it/ },
    { ...example('cilium-dual', lab, 'additive'), hasNone: /holds no pool/ },
  ];
}

/** Generated estates, each with the goal that its seed asks for. */
export function generatedCases(from: number, count: number): readonly Case[] {
  return Array.from({ length: count }, (_, i) => i + from).map((seed) => ({
    ...askedOf(seed),
    name: `house ${seed}`,
    world: realWorld,
    hasNone: /./,
    estate: async () => generatedHouse(seed).estate,
  }));
}

function example(folder: string, goal: Goal, style: Style, owner?: AddressOwner): Case {
  return {
    name: folder.split('/').at(-1) ?? folder,
    goal,
    style,
    ...(owner && { owner }),
    world: realWorld,
    estate: async () => (await loadSnapshot(`examples/${folder}`)).estate,
  };
}

/** What the planner is asked in the case. */
export function inputOf(c: Case, session: Session, faults: 0 | 1): PlannerInput {
  return {
    world: c.world,
    start: session.views.base.reader,
    goal: c.goal,
    style: c.style,
    ...(c.owner && { owner: c.owner }),
    prove: (plan, depth) => prove(session, plan, { faults: depth === 'quick' ? 0 : faults }),
    readsOf: (flow) => session.memo.walk(session.views.base, flow, flowKey(flow)).reads,
    snapshot: { path: '.', takenAt: '', fingerprint: { files: {}, objects: {} } },
  };
}

export function nameOf({ name, goal, style, owner }: Case): string {
  return [name, ...(goal.kind === 'move' ? [] : [goal.kind]), style, ...(owner ? [owner] : [])].join(' ');
}
