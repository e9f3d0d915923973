/* Repairs that concern owners and access: a secret fetched ahead, an automatic apply frozen and thawed, a chart pinned. */
import type { Fact } from '#estate/fact.ts';
import { because, type DraftChange, makeChange, settingOf, type Wanted } from './draft.ts';
import { type Changes, inserted, keysWritten, type RepairContext, unique } from './repair.ts';
import { slug } from './repoint.ts';
import type { Refutation } from './verdict.ts';

/** What a system needs is fetched while it can still be reached. */
export function fetchSecret(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const named = context.start
    .all('systemAccess')
    .find((f) => refuted.says.includes(` needs ${f.value.system},`) && !isWritten(changes, f));
  if (named === undefined) return undefined;
  const { system, credential } = named.value;
  const what = credential === undefined ? '' : ` (${credential})`;
  const change: DraftChange = {
    id: `fetch-${slug(system)}`,
    title: `Fetch what ${system} needs ahead${what}`,
    phase: 'prepare',
    change: { kind: 'set', settings: [settingOf({ fact: named, fields: { needs: [] } } as Wanted)] },
    through: { by: 'operator', system },
    because: because(refuted.says, refuted.invariant, [named.evidence]),
  };
  return inserted(changes, 0, [change]);
}

function isWritten(changes: Changes, fact: Fact): boolean {
  return changes.some((c) => keysWritten(c).includes(fact.key));
}

/** Who would put it back: its automatic apply is frozen before, what it states is edited, and it is thawed at the end. */
export function freezeAndThaw(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const owner = context.start.all('repository').find((f) => isNamed(f, refuted));
  if (owner === undefined) return undefined;
  const job = jobOf(context, owner);
  const edit = job === undefined || isWritten(changes, job) ? [] : editJob(context, changes, job, refuted);
  const needsFreeze = owner.value.applies !== 'manual' && !isWritten(changes, owner);
  if (edit.length === 0 && !needsFreeze) return undefined;
  const id = slug(owner.value.id);
  if (!needsFreeze) return inserted(changes, beforeThaw(changes, id), edit);
  const freeze = applies(context, owner, owner.value.applies, 'manual', {
    id: `freeze-${id}`,
    title: `Keep ${owner.value.id} from applying by itself`,
    phase: 'prepare',
    because: because(refuted.says, refuted.invariant, [owner.evidence]),
  });
  const thaw = applies(context, owner, 'manual', owner.value.applies, {
    id: `thaw-${id}`,
    title: `Let ${owner.value.id} apply by itself again`,
    phase: 'finish',
    because: because(`${owner.value.id} is not to stay frozen`, 'nothing-reverted', [owner.evidence]),
  });
  return [freeze, ...changes, ...edit, thaw];
}

function isNamed(owner: Fact<'repository'>, refuted: Refutation): boolean {
  const { id } = owner.value;
  return refuted.faultId === `owner-applies ${id}` || refuted.says.includes(`apply of ${id} puts`);
}

function applies(
  context: RepairContext,
  owner: Fact<'repository'>,
  before: string,
  after: string,
  described: Parameters<typeof makeChange>[2],
): DraftChange {
  const made = makeChange(
    context.start,
    [{ fact: owner, fields: { applies: after as 'manual' } } as Wanted],
    described,
  );
  const settings = [
    { of: 'repository', id: owner.value.id, before: { applies: before }, after: { applies: after } },
  ];
  return {
    ...made,
    change: { kind: 'set', settings: settings as never },
    through: { by: 'operator', system: `source/${owner.value.id}` },
  };
}

/** The CronJob that an owner is, where it is one. */
function jobOf(context: RepairContext, owner: Fact<'repository'>): Fact<'workload'> | undefined {
  return context.start
    .all('workload')
    .find((f) => f.value.type === 'CronJob' && f.value.name === owner.value.id);
}

function editJob(
  context: RepairContext,
  changes: Changes,
  job: Fact<'workload'>,
  refuted: Refutation,
): readonly DraftChange[] {
  const { from, to } = context.move;
  const containers = job.value.containers.map((c) => ({
    ...c,
    args: c.args.map((a) => a.replaceAll(from, to)),
  }));
  const described = {
    id: unique(changes, `job-${slug(job.value.name)}`),
    title: `Let CronJob ${job.value.namespace}/${job.value.name} write ${to}`,
    phase: 'finish' as const,
    because: because(refuted.says, refuted.invariant, [job.evidence]),
  };
  return [makeChange(context.start, [{ fact: job, fields: { containers } } as Wanted], described)];
}

/** While the owner is frozen its text can be edited at any time before it is let go. */
function beforeThaw(changes: Changes, id: string): number {
  const at = changes.findIndex((c) => c.id === `thaw-${id}`);
  return at < 0 ? changes.length : at;
}

/** The chart is pinned to what is deployed before anything goes through its release. */
export function pinChart(context: RepairContext, changes: Changes, refuted: Refutation): Changes | undefined {
  const release = context.start
    .all('helmRelease')
    .find(
      (f) => refuted.says.includes(`release ${f.value.name} `) && f.value.deployedChartVersion !== undefined,
    );
  if (release === undefined || isWritten(changes, release)) return undefined;
  const { deployedChartVersion = '', name, repository } = release.value;
  const made = makeChange(
    context.start,
    [{ fact: release, fields: { chartVersion: deployedChartVersion } } as Wanted],
    {
      id: `pin-${slug(name)}`,
      title: `Pin the chart of ${name} to ${deployedChartVersion}, which is deployed`,
      phase: 'prepare',
      because: because(refuted.says, refuted.invariant, [release.evidence]),
    },
  );
  const through =
    repository === undefined
      ? made.through
      : ({ by: 'repository', system: `source/${repository}`, repository } as const);
  return inserted(changes, 0, [{ ...made, through }]);
}

/** Ingress status takes its address from the Service that stays. */
export function publishElsewhere(
  context: RepairContext,
  changes: Changes,
  refuted: Refutation,
): Changes | undefined {
  const ingress = context.start.all('ingress').find((f) => refuted.says.includes(f.key));
  const at = changes.findIndex((c) => c.id === refuted.at.after);
  if (ingress === undefined || isWritten(changes, ingress) || at < 0) return undefined;
  const { namespace, name } = context.move.service.value;
  const fields = { publishedService: `${namespace}/${name}-lb` };
  const change = makeChange(context.start, [{ fact: ingress, fields } as Wanted], {
    id: 'publish-second',
    title: `Let Ingress status follow ${namespace}/${name}-lb`,
    phase: 're-point',
    because: because(refuted.says, refuted.invariant, [ingress.evidence]),
  });
  return inserted(changes, at, [change]);
}
