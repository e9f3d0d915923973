/*
 * A release that is upgraded by hand, from values that nobody kept: they are written down once, and each change is a file of
 * values laid over them (Traefik's chart: service.type until 39, service.spec.type from 40).
 */
import type { Service } from '#estate/kubernetes.ts';
import type { HelmRelease } from '#estate/repository.ts';
import type { SetChange, SettingOf } from '#plan/change.ts';
import { code, expect, type Instruction, quote, shell, text } from './blocks.ts';
import { kubectl, pathOf, repositoryOf, type Task } from './context.ts';
import { serviceChecks } from './kubernetes.ts';
import { ofKind } from './other.ts';
import { toYaml, type Yaml } from './yaml.ts';

type Values = { [key: string]: Yaml | Values | null };

/** true: the change goes through a release that no file describes. */
export function isByHelm({ input, planned }: Task): boolean {
  return repositoryOf(input.reader, planned)?.type === 'helm';
}

/** true: all that it does is to write the release's values down. */
export function writesValuesDown(change: SetChange): boolean {
  return change.settings.length > 0 && change.settings.every((s) => s.of === 'statedSetting' && isValue(s));
}

function isValue({ before, after }: SettingOf<'statedSetting'>): boolean {
  return /^values of /.test((after ?? before)?.resource ?? '');
}

/** The values as they are, in a file. */
export function valuesByHelm(task: Task, change: SetChange): Instruction {
  const release = releaseOf(task, ofKind(change, 'statedSetting')[0]);
  if (task.way === 'back')
    return { make: [text('The file may stay: it says what is so.')], check: [], files: [] };
  const file = fileOf(release);
  return {
    make: [
      shell(`umask 077; ${helm(task, release)} get values ${quote(release.name)} -o yaml > ${quote(file)}`),
      text(
        `Keep ${code(file)} where you will find it again (it may hold secrets), and name it in every upgrade from now on. It states, among others:`,
      ),
      { kind: 'code', syntax: 'yaml', text: `${yamlOf(valuesOf(task, change, release))}\n` },
    ],
    check: [],
    files: [],
  };
}

/** An upgrade with the values of the change laid over those that were kept. */
export function byHelm(task: Task, change: SetChange): Instruction {
  const release = releaseOf(task, ofKind(change, 'statedSetting')[0]);
  const path = pathOf(task, '.values.yaml');
  const values = yamlOf(valuesOf(task, change, release));
  const version = release.chartVersion ?? release.deployedChartVersion;
  const pinned = version === undefined ? '' : ` --version ${quote(version)}`;
  const of = `${quote(release.name)} ${quote(release.chart)}${pinned}`;
  const upgrade = `${helm(task, release)} upgrade ${of} -f ${quote(fileOf(release))} -f "$ARTIFACTS"/${quote(path)}`;
  const kept = `${helm(task, release)} get values ${quote(release.name)} -o yaml > ${quote(fileOf(release))}`;
  return {
    make: [
      text(
        `${code(release.chart)} is the chart as you installed it (${code('helm list -A')} shows it; a name of a repository or its address may have to stand before it). These values are laid over the kept ones:`,
      ),
      { kind: 'code', syntax: 'yaml', text: `${values}\n` },
      shell(
        `${upgrade} --dry-run=server > /dev/null && ${upgrade} --wait\n${kept}     # what is so now is what the next upgrade begins with`,
      ),
      expect(`${code('STATUS: deployed')}. ${code('null')} takes a value away`),
    ],
    check: ofKind(change, 'service').flatMap((s) => serviceChecks(task, s)),
    files: [{ path, text: `${values}\n` }],
  };
}

function releaseOf({ input, planned }: Task, value: SettingOf<'statedSetting'> | undefined): HelmRelease {
  const id = planned.through.repository ?? planned.through.system.replace(/^source\//, '');
  const resource = value && (value.after ?? value.before)?.resource;
  const namespace = /^values of ([^/]+)\//.exec(resource ?? '')?.[1];
  const all = input.reader.all('helmRelease').map((f) => f.value);
  const found = all.find((r) => r.repository === id) ?? all.find((r) => r.name === id);
  return (
    found ?? {
      cluster: '',
      namespace: namespace ?? id,
      name: id,
      chart: 'CHART',
      waits: undefined,
      atomic: undefined,
    }
  );
}

function helm({ input }: Task, { cluster, namespace }: HelmRelease): string {
  const context = /--context (.+)$/.exec(kubectl(input.reader, cluster))?.[1];
  return `helm${context === undefined ? '' : ` --kube-context ${context}`} -n ${quote(namespace)}`;
}

function fileOf({ name }: HelmRelease): string {
  return `values-${name.replace(/[^\w.-]/g, '-')}.yaml`;
}

/** What the change states, as values of the chart. */
function valuesOf(task: Task, change: SetChange, release: HelmRelease): Values {
  const values: Values = {};
  for (const setting of ofKind(change, 'statedSetting')) {
    const path = (
      task.input.reader.get('statedSetting', setting.id)?.value ??
      setting.after ??
      setting.before
    )?.path;
    if (path === undefined || /additionalServices/.test(path)) continue;
    const value = setting.after?.value;
    put(values, segments(path, release), value === undefined || value === '' ? null : value);
  }
  for (const setting of ofKind(change, 'service')) {
    secondIn(values, setting, release);
    policyIn(values, task, setting);
  }
  return values;
}

/** A Service inside the cluster only may not state a policy: the API would refuse the upgrade. */
function policyIn(values: Values, { input }: Task, { id, before, after }: SettingOf<'service'>): void {
  if (before === null || after === null || before.type === after.type) return;
  const policy = input.reader.get('service', id)?.value.externalPolicy === 'local' ? 'Local' : 'Cluster';
  put(values, ['service', 'spec', 'externalTrafficPolicy'], after.type === 'ClusterIP' ? null : policy);
}

/** The chart's second Service, and its ports; taken away by null. */
function secondIn(values: Values, setting: SettingOf<'service'>, release: HelmRelease): void {
  if (setting.before !== null && setting.after !== null) return;
  const { name, ports, requestedIps, requestedPool, externalPolicy } = (setting.after ??
    setting.before) as Service;
  const suffix = name.startsWith(`${release.name}-`) ? name.slice(release.name.length + 1) : name;
  const isGone = setting.after === null;
  put(
    values,
    ['service', 'additionalServices', suffix],
    isGone
      ? null
      : {
          ...(majorOf(release) < 40 && { type: 'LoadBalancer' }),
          single: true,
          annotations: {
            ...(requestedPool !== undefined && { 'metallb.io/address-pool': requestedPool }),
            'metallb.io/loadBalancerIPs': requestedIps ?? '',
          },
          spec: { externalTrafficPolicy: externalPolicy === 'local' ? 'Local' : 'Cluster' },
        },
  );
  for (const port of ports) {
    if (port.name === undefined || port.name.endsWith('-http3')) continue;
    put(values, ['ports', port.name, 'expose', suffix], isGone ? null : true);
  }
}

/** What follows `annotations` is one key, whatever dots it holds. */
function segments(path: string, release: HelmRelease): readonly string[] {
  const at = path === 'service.spec.type' && majorOf(release) < 40 ? 'service.type' : path;
  const [, before, key] = /^(.*?\.annotations)\.(.+)$/.exec(at) ?? [];
  return before === undefined || key === undefined ? at.split('.') : [...before.split('.'), key];
}

function majorOf(release: HelmRelease): number {
  return Number(
    (release.chartVersion ?? release.deployedChartVersion ?? '40').replace(/^v/, '').split('.')[0],
  );
}

function put(values: Values, path: readonly string[], value: Yaml | null): void {
  let at = values;
  for (const key of path.slice(0, -1)) {
    const known = at[key];
    const next =
      typeof known === 'object' && known !== null && !Array.isArray(known) ? (known as Values) : {};
    at[key] = next;
    at = next;
  }
  at[path.at(-1) ?? ''] = value;
}

/** Null is written as such: Helm reads it as the value being taken away. */
function yamlOf(values: Values): string {
  const marked = JSON.parse(JSON.stringify(values, (_, v) => (v === null ? nothingHere : v))) as Yaml;
  return toYaml(marked).replaceAll(JSON.stringify(nothingHere), 'null');
}

const nothingHere = '~ null ~';
