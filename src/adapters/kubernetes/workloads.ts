/* Pods, what makes them (Deployment, DaemonSet, StatefulSet, CronJob), and disruption budgets. */
import { type Fact, fact } from '#estate/fact.ts';
import type { Container, DisruptionBudget, Labels, Pod, Selector, Workload } from '#estate/kubernetes.ts';
import { redactArguments, redactSetting } from '#estate/secret.ts';
import { parseIp } from '#net/ip.ts';
import type { KubeObject } from './object.ts';
import {
  flagAt,
  given,
  isMap,
  mapAt,
  mapsAt,
  needIp,
  needText,
  numberAt,
  type Raw,
  textAt,
  textMapAt,
  textsAt,
  WrongShape,
} from './raw.ts';
import { protocolOf } from './services.ts';

const hostnameKey = 'kubernetes.io/hostname';

export function pod(o: KubeObject): Fact<'pod'> {
  const value: Pod = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    labels: o.labels,
    ...given('node', textAt(o.spec, 'nodeName')),
    ips: podIps(o.status),
    hostNetwork: flagAt(o.spec, 'hostNetwork') ?? false,
    isReady: hasCondition(o.status, 'Ready'),
    phase: textAt(o.status, 'phase') ?? 'Unknown',
    containers: containersOf(o.spec),
    hostAliases: hostAliasesOf(o.spec),
    ...given('ownedBy', o.owner?.kind === 'controller' ? o.owner.name : undefined),
  };
  return fact('pod', value, o.evidence, o.owner);
}

function podIps(status: Raw): Pod['ips'] {
  const several = mapsAt(status, 'podIPs').map((p) => needText(p, 'ip'));
  const one = textAt(status, 'podIP');
  const texts = several.length > 0 ? several : one === undefined || one === '' ? [] : [one];
  return texts.map((t) => needIp(t, 'status.podIPs'));
}

export function hasCondition(status: Raw, type: string): boolean {
  return mapsAt(status, 'conditions').some((c) => c.type === type && String(c.status) === 'True');
}

export function workload(o: KubeObject): Fact<'workload'> {
  const type = o.kind as Workload['type'];
  const job = type === 'CronJob' ? mapAt(mapAt(mapAt(o.spec, 'jobTemplate'), 'spec'), 'template') : undefined;
  const template = job ?? mapAt(o.spec, 'template');
  const podLabels = textMapAt(mapAt(template, 'metadata'), 'labels') ?? {};
  const podSpec = mapAt(template, 'spec');
  const value: Workload = {
    cluster: o.cluster,
    type,
    namespace: o.namespace,
    name: o.name,
    labels: o.labels,
    annotations: o.annotations,
    ...given('replicas', replicasOf(o)),
    selector: selectorOf(mapAt(o.spec, 'selector')),
    podLabels,
    containers: containersOf(podSpec),
    hostAliases: hostAliasesOf(podSpec),
    spread: type === 'DaemonSet' ? 'required' : spreadOf(podSpec, podLabels),
  };
  return fact('workload', value, o.evidence, o.owner);
}

/** The API server's default is 1; a DaemonSet and a CronJob have none. */
function replicasOf(o: KubeObject): number | undefined {
  return o.kind === 'Deployment' || o.kind === 'StatefulSet'
    ? (numberAt(o.spec, 'replicas') ?? 1)
    : undefined;
}

export function podTemplateOf(o: KubeObject): Raw {
  return o.kind === 'Pod' ? o.spec : mapAt(mapAt(o.spec, 'template'), 'spec');
}

export function containersOf(podSpec: Raw): readonly Container[] {
  return mapsAt(podSpec, 'containers').map(container);
}

function container(c: Raw): Container {
  return {
    name: textAt(c, 'name') ?? '',
    image: textAt(c, 'image') ?? '',
    args: redactArguments([...textsAt(c, 'command'), ...textsAt(c, 'args')]),
    env: envOf(c),
    ports: mapsAt(c, 'ports').map((p) => ({
      ...given('name', textAt(p, 'name')),
      containerPort: numberAt(p, 'containerPort') ?? 0,
      protocol: protocolOf(textAt(p, 'protocol')),
      ...given('hostPort', numberAt(p, 'hostPort') || undefined),
    })),
  };
}

/** Values that come from a Secret, or look like one, are hidden; other references stay out. */
function envOf(c: Raw): Labels {
  const env: Record<string, string> = {};
  for (const e of mapsAt(c, 'env')) {
    const name = textAt(e, 'name');
    if (name === undefined) continue;
    const from = mapAt(e, 'valueFrom');
    if (isMap(from.secretKeyRef)) env[name] = '[secret]';
    else if (e.valueFrom === undefined) env[name] = redactSetting(name, textAt(e, 'value') ?? '');
  }
  return env;
}

function hostAliasesOf(podSpec: Raw): Pod['hostAliases'] {
  return mapsAt(podSpec, 'hostAliases').flatMap((a) => {
    const ip = parseIp(textAt(a, 'ip') ?? '');
    return ip === undefined ? [] : [{ ip, names: textsAt(a, 'hostnames') }];
  });
}

export function selectorOf(raw: Raw): Selector {
  const expressions = mapsAt(raw, 'matchExpressions').map((e) => ({
    key: needText(e, 'key'),
    operator: operatorOf(needText(e, 'operator')),
    values: textsAt(e, 'values'),
  }));
  return {
    ...given('matchLabels', textMapAt(raw, 'matchLabels')),
    ...(expressions.length > 0 && { matchExpressions: expressions }),
  };
}

function operatorOf(text: string): 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' {
  if (text === 'In' || text === 'NotIn' || text === 'Exists' || text === 'DoesNotExist') return text;
  throw new WrongShape('matchExpressions.operator', 'In, NotIn, Exists or DoesNotExist');
}

/** Rules of placement that name the node as the domain and select the pods themselves. */
function spreadOf(podSpec: Raw, podLabels: Labels): Workload['spread'] {
  const anti = mapAt(mapAt(podSpec, 'affinity'), 'podAntiAffinity');
  const constraints = mapsAt(podSpec, 'topologySpreadConstraints').filter((c) => isOverNodes(c, podLabels));
  const required = mapsAt(anti, 'requiredDuringSchedulingIgnoredDuringExecution');
  if (required.some((t) => isOverNodes(t, podLabels))) return 'required';
  if (constraints.some((c) => textAt(c, 'whenUnsatisfiable') !== 'ScheduleAnyway')) return 'required';
  const preferred = mapsAt(anti, 'preferredDuringSchedulingIgnoredDuringExecution');
  if (preferred.some((t) => isOverNodes(mapAt(t, 'podAffinityTerm'), podLabels))) return 'preferred';
  return constraints.length > 0 ? 'preferred' : 'none';
}

function isOverNodes(term: Raw, podLabels: Labels): boolean {
  if (textAt(term, 'topologyKey') !== hostnameKey) return false;
  const wanted = textMapAt(mapAt(term, 'labelSelector'), 'matchLabels') ?? {};
  return Object.entries(wanted).every(([k, v]) => podLabels[k] === v);
}

export function disruptionBudget(o: KubeObject): Fact<'disruptionBudget'> {
  const value: DisruptionBudget = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    selector: selectorOf(mapAt(o.spec, 'selector')),
    ...given('minAvailable', textAt(o.spec, 'minAvailable')),
    ...given('maxUnavailable', textAt(o.spec, 'maxUnavailable')),
  };
  return fact('disruptionBudget', value, o.evidence, o.owner);
}
