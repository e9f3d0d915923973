/*
 * A Service that no chart makes, as a file of its own beside the text that states the first one: a manifest for YAML, a
 * resource of the Kubernetes provider for Terraform.
 */
import { stringify } from 'yaml';
import type { Service } from '#estate/kubernetes.ts';
import { type ManifestValue, type ServiceManifest, serviceManifest } from '#estate/service-manifest.ts';
import { Refusal } from './edit.ts';

export interface OwnFile {
  readonly file: string;
  readonly text: string;
}

/** `beside` is the file that states the first Service; its kind decides which text is written. */
export function ownFileOf(value: Service, beside: string): OwnFile {
  const made = serviceManifest(value);
  if (JSON.stringify(made).includes('[secret]'))
    throw new Refusal(
      'an annotation of the Service was hidden as a secret: put its manifest into the repository',
    );
  const folder = beside.replace(/[^/]*$/, '');
  if (/\.(tf|tofu)$/.test(beside))
    return { file: `${folder}${value.name}-service.tf`, text: terraform(made) };
  if (/\.ya?ml$/.test(beside)) return { file: `${folder}${value.name}-service.yaml`, text: stringify(made) };
  throw new Refusal(`beside ${beside} no Service can be written: put its manifest into the repository`);
}

/** `metadata` and `spec` as blocks; the provider writes names with underscores. */
function terraform({ metadata, spec }: ServiceManifest): string {
  const { ports, ...rest } = spec;
  const unknown = Object.keys(rest).find((field) => notInProvider.has(field));
  if (unknown !== undefined)
    throw new Refusal(
      `the Kubernetes provider of Terraform cannot state ${unknown}: put a manifest into the repository`,
    );
  const lines = [
    `resource "kubernetes_service_v1" ${text(String(metadata.name).replaceAll(/[^A-Za-z0-9_]/g, '_'))} {`,
    ...block('metadata', metadata, 2),
    ...block('spec', rest, 2).slice(0, -1),
    ...(ports as readonly Fields[]).flatMap((port) => block('port', port, 4)),
    '  }',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

type Fields = Readonly<Record<string, ManifestValue>>;

/** Fields of a Service that the provider has no argument for. */
const notInProvider: ReadonlySet<string> = new Set(['trafficDistribution']);
/** Maps whose keys are data, and not fields. */
const maps: ReadonlySet<string> = new Set(['labels', 'annotations', 'selector']);

/** Arguments, then what is a map or a block of its own: below each other as `terraform fmt` writes them. */
function block(name: string, fields: Fields, indent: number): readonly string[] {
  const pad = ' '.repeat(indent);
  const isNested = (value: ManifestValue) => typeof value === 'object' && !Array.isArray(value);
  const entries = Object.entries(fields);
  const plain = entries.filter(([, v]) => !isNested(v)).map(([k, v]) => [snake(k), argument(k, v)] as const);
  const nested = entries
    .filter(([, v]) => isNested(v))
    .flatMap(([k, v]) =>
      maps.has(k) ? map(k, v as Fields, indent + 2) : block(snake(k), v as Fields, indent + 2),
    );
  return [`${pad}${name} {`, ...aligned(plain, indent + 2), ...nested, `${pad}}`];
}

function map(name: string, entries: Fields, indent: number): readonly string[] {
  const fields = Object.entries(entries).map(([k, v]) => [text(k), text(String(v))] as const);
  const pad = ' '.repeat(indent);
  return [`${pad}${name} = {`, ...aligned(fields, indent + 2), `${pad}}`];
}

/** The provider's target_port is a string. */
function argument(name: string, value: ManifestValue): string {
  if (name === 'targetPort') return text(String(value));
  if (Array.isArray(value)) return `[${value.map((v) => text(String(v))).join(', ')}]`;
  return typeof value === 'string' ? text(value) : String(value);
}

/** `externalIPs` is external_ips, `clientIP` is client_ip. */
function snake(name: string): string {
  return name.replace(/IP(s?)$/, 'Ip$1').replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** Equal signs below each other. */
function aligned(fields: readonly (readonly [string, string])[], indent: number): readonly string[] {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${' '.repeat(indent)}${name.padEnd(width)} = ${value}`);
}

/** A string of HCL: template marks of the value are no templates. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll('${', '$${').replaceAll('%{', '%%{');
}
