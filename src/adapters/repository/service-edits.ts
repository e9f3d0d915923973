/*
 * A Service's fields as the values of the chart, or the resource of Terraform, that makes it. Paths follow Traefik's
 * chart: service.type until 39, service.spec.type from 40; additionalServices from 27, named RELEASE-NAME, whose ports
 * must be exposed for it by name (traefik-helm-chart, templates/_service.tpl and service.yaml).
 */
import type { Reader } from '#estate/estate.ts';
import type { Fact } from '#estate/fact.ts';
import type { Service } from '#estate/kubernetes.ts';
import type { HelmRelease } from '#estate/repository.ts';
import { policyName, serviceOptions } from '#estate/service-manifest.ts';
import { repositoriesOf, statementsOf } from '#estate/stated.ts';
import type { SettingOf } from '#plan/change.ts';
import { type EditValue, Refusal } from './edit.ts';
import { ownFileOf } from './own-file.ts';
import type { WantedEdit } from './plan-edits.ts';

/** Where a Service is stated: a chart's values below `prefix`, or a resource of Terraform's Kubernetes provider. */
export interface Home {
  readonly file: string;
  readonly resource: string;
  readonly prefix: string;
  readonly release?: HelmRelease;
}

/** Edits for fields of the Service that no stated setting of the same change carries. */
export function serviceEdits(
  setting: SettingOf<'service'>,
  reader: Reader,
  isByChart: boolean,
): readonly WantedEdit[] {
  if (setting.before === null) {
    const value = setting.after as Service;
    return isByChart ? created(value, reader) : inOwnFile(value, reader);
  }
  if (setting.after === null) return taken(setting.before as Service, reader);
  const fact = reader.get('service', setting.id);
  const home = fact && homeOf(reader, fact);
  if (home === undefined) throw new Refusal(`no file states Service ${setting.id}`);
  return Object.entries(fieldPaths(home)).flatMap(([field, path]) => {
    const { before, after } = setting as unknown as Record<'before' | 'after', Record<string, unknown>>;
    if (!(field in before) && !(field in after)) return [];
    if (JSON.stringify(before[field]) === JSON.stringify(after[field])) return [];
    const edit = {
      file: home.file,
      place: { resource: home.resource, path },
      value: written(field, after[field]),
    };
    return field === 'type' ? [edit, ...policyGoes(reader, home, after[field])] : [edit];
  });
}

/** A Service inside the cluster only may not state a policy: the API would refuse the next upgrade. */
function policyGoes(reader: Reader, home: Home, type: unknown): readonly WantedEdit[] {
  if (type !== 'ClusterIP') return [];
  const path = fieldPaths(home).externalPolicy ?? '';
  const isStated = reader
    .by('statedSetting', 'resource', home.resource)
    .some((f) => f.value.file === home.file && f.value.path === path);
  return isStated ? [{ file: home.file, place: { resource: home.resource, path }, value: undefined }] : [];
}

function written(field: string, value: unknown): EditValue | undefined {
  if (value === undefined) return undefined;
  return field === 'externalPolicy' ? policyName(value as Service['externalPolicy']) : (value as EditValue);
}

function fieldPaths(home: Home): Readonly<Record<string, string>> {
  const { prefix, release } = home;
  if (release === undefined && prefix !== '') return plainChartPaths(home);
  if (release === undefined) {
    return {
      requestedIps: 'metadata.annotations["metallb.io/loadBalancerIPs"]',
      sharingKey: 'metadata.annotations["metallb.io/allow-shared-ip"]',
      loadBalancerIp: 'spec.load_balancer_ip',
      externalPolicy: 'spec.external_traffic_policy',
      type: 'spec.type',
    };
  }
  const type = majorOf(release) >= 40 ? 'service.spec.type' : 'service.type';
  return {
    requestedIps: `${prefix}service.annotations["metallb.io/loadBalancerIPs"]`,
    sharingKey: `${prefix}service.annotations["metallb.io/allow-shared-ip"]`,
    loadBalancerIp: `${prefix}service.spec.loadBalancerIP`,
    externalPolicy: `${prefix}service.spec.externalTrafficPolicy`,
    type: `${prefix}${type}`,
  };
}

/** Most charts but Traefik's state a Service's fields right below `service`. */
function plainChartPaths({ prefix }: Home): Readonly<Record<string, string>> {
  return {
    requestedIps: `${prefix}service.annotations["metallb.io/loadBalancerIPs"]`,
    sharingKey: `${prefix}service.annotations["metallb.io/allow-shared-ip"]`,
    loadBalancerIp: `${prefix}service.loadBalancerIP`,
    externalPolicy: `${prefix}service.externalTrafficPolicy`,
    type: `${prefix}service.type`,
  };
}

/** By the place that states its address, or its policy. */
export function homeOf(reader: Reader, fact: Fact<'service'>): Home | undefined {
  for (const repository of repositoriesOf(reader, fact)) {
    for (const field of ['requestedIps', 'loadBalancerIp', 'externalPolicy']) {
      const [statement] = statementsOf(reader, repository, fact, field);
      if (statement === undefined || !statement.fact.startsWith('statedSetting:')) continue;
      const stated = reader.get('statedSetting', statement.fact.slice('statedSetting:'.length))?.value;
      if (stated === undefined) continue;
      const at = stated.path.indexOf('service.');
      const release = at < 0 ? undefined : releaseFor(reader, fact, stated.resource);
      return { ...stated, prefix: at < 0 ? '' : stated.path.slice(0, at), ...(release && { release }) };
    }
  }
  return undefined;
}

function releaseFor(reader: Reader, fact: Fact<'service'>, resource: string): HelmRelease | undefined {
  const { namespace } = fact.value;
  const inNamespace = reader.all('helmRelease').filter((r) => r.value.namespace === namespace);
  return (inNamespace.find((r) => resource.endsWith(`.${r.value.name}`)) ?? inNamespace[0])?.value;
}

function majorOf(release: HelmRelease): number {
  return Number((release.chartVersion ?? release.deployedChartVersion ?? '39').split('.')[0]);
}

function created(value: Service, reader: Reader): readonly WantedEdit[] {
  const { home, suffix } = secondOf(value, reader);
  const place = (path: string) => ({ resource: home.resource, path: `${home.prefix}${path}` });
  const major = majorOf(home.release as HelmRelease);
  if (major < 27) throw new Refusal(`chart ${major} has no additionalServices (27 and later have)`);
  const spec = { externalTrafficPolicy: policyName(value.externalPolicy), ...serviceOptions(value) };
  const body: EditValue = {
    ...(major < 40 && { type: 'LoadBalancer' }),
    single: true,
    annotations: {
      ...(value.requestedPool !== undefined && { 'metallb.io/address-pool': value.requestedPool }),
      'metallb.io/loadBalancerIPs': value.requestedIps ?? '',
    },
    spec,
  };
  const exposed = chartPorts(value).map((port) => ({
    file: home.file,
    place: place(`ports.${port}.expose.${suffix}`),
    value: true,
  }));
  return [{ file: home.file, place: place(`service.additionalServices.${suffix}`), value: body }, ...exposed];
}

/** Beside the file that states the Service whose pods it has. */
function inOwnFile(value: Service, reader: Reader): readonly WantedEdit[] {
  const first = firstOf(value, reader);
  const home = first && homeOf(reader, first);
  if (home === undefined) {
    throw new Refusal(`no file states the Service beside which ${value.namespace}/${value.name} is to stand`);
  }
  const { file, text } = ownFileOf(value, home.file);
  return [{ file, place: { path: '' }, value: undefined, made: text }];
}

function firstOf(value: Service, reader: Reader): Fact<'service'> | undefined {
  return reader
    .all('service')
    .find((f) => f.value.namespace === value.namespace && value.name.startsWith(`${f.value.name}-`));
}

function taken(value: Service, reader: Reader): readonly WantedEdit[] {
  const { home, suffix } = secondOf(value, reader);
  const at = (path: string) => ({
    file: home.file,
    place: { resource: home.resource, path: `${home.prefix}${path}` },
  });
  return [
    { ...at(`service.additionalServices.${suffix}`), value: undefined },
    ...chartPorts(value).map((port) => ({ ...at(`ports.${port}.expose.${suffix}`), value: undefined })),
  ];
}

/** The chart's name for it: what follows the name of the Service that the chart makes anyway. */
function secondOf(value: Service, reader: Reader): { readonly home: Home; readonly suffix: string } {
  const first = firstOf(value, reader);
  const home = first && homeOf(reader, first);
  if (first === undefined || home?.release === undefined || !/traefik$/.test(home.release.chart)) {
    throw new Refusal(
      `no chart here can make Service ${value.namespace}/${value.name}: put its manifest beside the chart`,
    );
  }
  return { home, suffix: value.name.slice(first.value.name.length + 1) };
}

/** Ports of the chart: the one for HTTP/3 comes with its TCP port. */
function chartPorts(value: Service): readonly string[] {
  return value.ports.flatMap((p) => (p.name === undefined || p.name.endsWith('-http3') ? [] : [p.name]));
}
