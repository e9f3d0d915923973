/*
 * A Service that no chart makes, as a file of its own beside the text that states the first one: a manifest for YAML, a
 * resource of the Kubernetes provider for Terraform.
 */
import { stringify } from 'yaml';
import type { Service, ServicePort } from '#estate/kubernetes.ts';
import { Refusal } from './edit.ts';

export interface OwnFile {
  readonly file: string;
  readonly text: string;
}

/** `beside` is the file that states the first Service; its kind decides which text is written. */
export function ownFileOf(value: Service, beside: string): OwnFile {
  const folder = beside.replace(/[^/]*$/, '');
  if (/\.(tf|tofu)$/.test(beside))
    return { file: `${folder}${value.name}-service.tf`, text: terraform(value) };
  if (/\.ya?ml$/.test(beside)) return { file: `${folder}${value.name}-service.yaml`, text: manifest(value) };
  throw new Refusal(`beside ${beside} no Service can be written: put its manifest into the repository`);
}

function manifest(value: Service): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: value.name,
      namespace: value.namespace,
      ...(Object.keys(value.labels).length > 0 && { labels: value.labels }),
      annotations: annotationsOf(value),
    },
    spec: {
      type: value.type,
      externalTrafficPolicy: policyOf(value),
      ...(value.selector !== undefined && { selector: value.selector }),
      ports: value.ports.map((p) => ({
        ...(p.name !== undefined && { name: p.name }),
        port: p.port,
        protocol: p.protocol.toUpperCase(),
        targetPort: p.targetPort,
      })),
    },
  });
}

function annotationsOf(value: Service): Readonly<Record<string, string>> {
  const { requestedIps: ip, requestedPool: pool } = value;
  return {
    ...value.annotations,
    ...(pool !== undefined && { 'metallb.io/address-pool': pool }),
    ...(ip !== undefined && { 'metallb.io/loadBalancerIPs': ip }),
  };
}

function policyOf(value: Service): string {
  return value.externalPolicy === 'local' ? 'Local' : 'Cluster';
}

function terraform(value: Service): string {
  const labels = Object.keys(value.labels).length > 0 ? map('labels', value.labels, 4) : [];
  const selector = value.selector === undefined ? [] : map('selector', value.selector, 4);
  const lines = [
    `resource "kubernetes_service_v1" ${text(value.name.replaceAll(/[^A-Za-z0-9_]/g, '_'))} {`,
    '  metadata {',
    `    name      = ${text(value.name)}`,
    `    namespace = ${text(value.namespace)}`,
    ...labels,
    ...map('annotations', annotationsOf(value), 4),
    '  }',
    '  spec {',
    `    type                    = ${text(value.type)}`,
    `    external_traffic_policy = ${text(policyOf(value))}`,
    ...selector,
    ...value.ports.flatMap(portBlock),
    '  }',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function portBlock(port: ServicePort): readonly string[] {
  const fields: readonly (readonly [string, string])[] = [
    ...(port.name === undefined ? [] : [['name', text(port.name)] as const]),
    ['port', String(port.port)],
    ['protocol', text(port.protocol.toUpperCase())],
    ['target_port', text(String(port.targetPort))],
  ];
  return ['    port {', ...aligned(fields, 6), '    }'];
}

function map(name: string, entries: Readonly<Record<string, string>>, indent: number): readonly string[] {
  const fields = Object.entries(entries).map(([k, v]) => [text(k), text(v)] as const);
  const pad = ' '.repeat(indent);
  return [`${pad}${name} = {`, ...aligned(fields, indent + 2), `${pad}}`];
}

/** Equal signs below each other, as `terraform fmt` writes them. */
function aligned(fields: readonly (readonly [string, string])[], indent: number): readonly string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${' '.repeat(indent)}${name.padEnd(width)} = ${value}`);
}

/** A string of HCL: template marks of the value are no templates. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll('${', '$${').replaceAll('%{', '%%{');
}
