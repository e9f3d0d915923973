/* Nodes, namespaces and ConfigMaps. */
import { type Fact, fact } from '#estate/fact.ts';
import type { Node } from '#estate/kubernetes.ts';
import { isSecretName, redactText } from '#estate/secret.ts';
import type { KubeObject } from './object.ts';
import { flagAt, given, mapAt, mapsAt, needIp, needPrefix, textAt, textMapAt, textsAt } from './raw.ts';
import { hasCondition } from './workloads.ts';

export function node(o: KubeObject): Fact<'node'> {
  const cidrs = textsAt(o.spec, 'podCIDRs');
  const one = textAt(o.spec, 'podCIDR');
  const value: Node = {
    cluster: o.cluster,
    name: o.name,
    labels: o.labels,
    annotations: o.annotations,
    internalIps: mapsAt(o.status, 'addresses')
      .filter((a) => a.type === 'InternalIP')
      .map((a) => needIp(textAt(a, 'address') ?? '', 'status.addresses')),
    podCidrs: (cidrs.length > 0 ? cidrs : one === undefined ? [] : [one]).map((t) =>
      needPrefix(t, 'spec.podCIDRs'),
    ),
    isReady: hasCondition(o.status, 'Ready'),
    isNetworkUnavailable: hasCondition(o.status, 'NetworkUnavailable'),
    isSchedulable: !(flagAt(o.spec, 'unschedulable') ?? false),
    ...given('kubeletVersion', textAt(mapAt(o.status, 'nodeInfo'), 'kubeletVersion')),
  };
  return fact('node', value, o.evidence, o.owner);
}

export function namespace(o: KubeObject): Fact<'namespace'> {
  return fact('namespace', { cluster: o.cluster, name: o.name, labels: o.labels }, o.evidence, o.owner);
}

/** Longer texts (dashboards) are kept only where their lines may state an address. */
const longText = 64 * 1024;
const mayStateAddress = /\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{1,4}:[0-9a-f:]*:/i;

export function configMap(o: KubeObject): Fact<'configMap'> {
  const data = Object.entries(textMapAt(o.raw, 'data') ?? {}).map(([k, v]) => [k, kept(k, v)]);
  const value = {
    cluster: o.cluster,
    namespace: o.namespace,
    name: o.name,
    data: Object.fromEntries(data) as Readonly<Record<string, string>>,
  };
  return fact('configMap', value, o.evidence, o.owner);
}

function kept(key: string, text: string): string {
  if (isSecretName(key) && !text.includes('\n')) return '[secret]';
  const short =
    text.length <= longText
      ? text
      : text
          .split('\n')
          .filter((l) => l.length < 2_000 && mayStateAddress.test(l))
          .join('\n');
  return redactLines(short);
}

const assignment = /^(\s*(?:-\s*)?["']?([\w.-]+)["']?\s*[:=]\s*)(["']?)([^\s#"'{[|>][^\n]*?)\3\s*,?\s*$/;

/** Lines such as `password: x` and `TOKEN=x` lose their value. */
export function redactLines(text: string): string {
  return redactText(text)
    .split('\n')
    .map((line) => {
      const match = assignment.exec(line);
      return match !== null && isSecretName(match[2] ?? '') ? `${match[1]}[secret]` : line;
    })
    .join('\n');
}
