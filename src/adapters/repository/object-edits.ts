/*
 * Objects other than Services as their repository states them: a middleware's list, and which Service the ingress
 * publishes (Traefik's chart: providers.kubernetesIngress.publishedService.pathOverride; that of ingress-nginx:
 * controller.publishService.pathOverride).
 */
import type { Reader } from '#estate/estate.ts';
import type { SettingOf } from '#plan/change.ts';
import { Refusal } from './edit.ts';
import type { WantedEdit } from './plan-edits.ts';
import { type Home, homeOf } from './service-edits.ts';

/** The list of an allowlist middleware, in a manifest of Terraform or a file of Kubernetes objects. */
export function middlewareEdits(setting: SettingOf<'middleware'>, reader: Reader): readonly WantedEdit[] {
  const [, namespace, name] = setting.id.split('/');
  const rule = setting.after?.rule;
  if (rule?.kind !== 'ip-allow-list')
    throw new Refusal(`middleware ${namespace}/${name} is not edited by Sightline`);
  const lists = reader
    .all('statedSetting')
    .filter((f) => /(^|\.)ipAllowList\.sourceRange$/.test(f.value.path));
  const found = lists.find((f) => isNamed(reader, f.value.resource, f.value.file, name ?? ''));
  if (found === undefined) throw new Refusal(`no file states middleware ${namespace}/${name}`);
  const { file, resource, path } = found.value;
  return [{ file, place: { resource, path }, value: rule.ranges }];
}

/** `Middleware ns/name` of YAML, or a resource whose manifest has the name. */
function isNamed(reader: Reader, resource: string, file: string, name: string): boolean {
  if (resource.endsWith(`/${name}`)) return true;
  return reader
    .by('statedSetting', 'resource', resource)
    .some((f) => f.value.file === file && /metadata\.name$/.test(f.value.path) && f.value.value === name);
}

/** The Service whose address Ingress status shows. */
export function publishedServiceEdits(setting: SettingOf<'ingress'>, reader: Reader): readonly WantedEdit[] {
  if (!('publishedService' in { ...setting.before, ...setting.after })) return [];
  const before = setting.before?.publishedService ?? setting.after?.publishedService ?? '';
  const first = reader.get('service', `${setting.id.split('/')[0]}/${before}`);
  const home = first && homeOf(reader, first);
  const path = home && publishedPath(home, reader.get('ingress', setting.id)?.value.program);
  if (home === undefined || path === undefined)
    throw new Refusal(`no chart here sets the published Service of ${setting.id}`);
  return [
    { file: home.file, place: { resource: home.resource, path }, value: setting.after?.publishedService },
  ];
}

/** Undefined: not known for this chart. */
function publishedPath({ prefix, release }: Home, program: string | undefined): string | undefined {
  if (program === 'ingress-nginx' && /(^|\.)controller\.$/.test(prefix))
    return `${prefix}publishService.pathOverride`;
  return release === undefined
    ? undefined
    : `${prefix}providers.kubernetesIngress.publishedService.pathOverride`;
}
