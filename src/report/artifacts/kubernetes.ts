/*
 * Objects of a cluster by hand. New ones by server-side apply with a field manager of their own. Existing ones by JSON
 * patch with a test before each write: a merge patch of a Service's ports keys them by number alone and would lose one
 * of 443/TCP and 443/UDP, and a test stops where somebody else wrote meanwhile.
 */
import type { Middleware } from '#estate/ingress.ts';
import type { Service, Workload } from '#estate/kubernetes.ts';
import type { Pool } from '#estate/metallb.ts';
import { policyName, serviceManifest } from '#estate/service-manifest.ts';
import { rangesText } from '#estate/stated.ts';
import type { SettingOf } from '#plan/change.ts';
import { code, expect, type Instruction, nothing, quote, shell, text } from './blocks.ts';
import { kubectl, pathOf, type Task } from './context.ts';
import { toYaml } from './yaml.ts';

interface Operation {
  readonly op: 'test' | 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/** A Service created, patched or deleted through the API. */
export function serviceByApi(task: Task, setting: SettingOf<'service'>): Instruction {
  if (setting.before === null) return created(task, setting.after as Service);
  if (setting.after === null) return deleted(task, setting.before as Service);
  return patched(task, 'service', setting.id, serviceOperations(task, setting));
}

/** What the cluster shows once the Service is as the setting says. */
export function serviceChecks({ input }: Task, setting: SettingOf<'service'>): Instruction['check'] {
  const [cluster = '', namespace = '', name = ''] = setting.id.split('/');
  const k = kubectl(input.reader, cluster);
  const get = `${k} -n ${quote(namespace)} get service ${quote(name)}`;
  if (setting.after === null) return [shell(get), expect(`Error … ${code(`services "${name}" not found`)}`)];
  const now = patchedService(input.reader.get('service', setting.id)?.value, setting);
  const columns =
    'TYPE:.spec.type,IP:.status.loadBalancer.ingress[*].ip,POLICY:.spec.externalTrafficPolicy,PORTS:.spec.ports[*].port';
  const wanted = now.requestedIps ?? now.loadBalancerIp;
  const ip = now.type === 'LoadBalancer' ? (wanted ?? '(its address)') : '<none>';
  const policy = now.type === 'ClusterIP' ? '<none>' : policyName(now.externalPolicy);
  const ports = now.ports.map((p) => p.port).join(',');
  const says = now.ports.length > 1 && new Set(now.ports.map((p) => p.port)).size < now.ports.length;
  return [
    shell(`${get} -o custom-columns=${columns}`),
    expect(
      `${code(`${now.type}   ${ip}   ${policy}   ${ports}`)}${says ? '. Every port is there, also the one that TCP and UDP share' : ''}`,
    ),
    ...(setting.before === null || setting.after.selector === undefined ? [] : chosen(k, namespace, name)),
    ...(now.type === 'LoadBalancer' && wanted !== undefined ? announced(k, namespace, name, wanted) : []),
  ];
}

/** Fields that stand on the before side only are gone. */
function patchedService(value: Service | undefined, setting: SettingOf<'service'>): Service {
  const gone = Object.keys(setting.before ?? {}).filter((f) => !(f in (setting.after ?? {})));
  const kept = Object.entries(value ?? {}).filter(([f]) => !gone.includes(f));
  return { ...Object.fromEntries(kept), ...setting.after } as Service;
}

/** A selector that matches nothing leaves a Service that answers nobody. */
function chosen(k: string, namespace: string, name: string): Instruction['check'] {
  const slices = `${k} -n ${quote(namespace)} get endpointslices -l ${quote(`kubernetes.io/service-name=${name}`)}`;
  return [shell(slices), expect('the addresses of the pods that the selector means, and not `<unset>`')];
}

function announced(k: string, namespace: string, name: string, ip: string): Instruction['check'] {
  const events = `${k} -n ${quote(namespace)} get events --field-selector involvedObject.name=${quote(name)} --sort-by=.lastTimestamp | tail -n 5`;
  return [
    shell(events),
    expect(
      `${code('IPAllocated')} with ${code(ip)}, then ${code('nodeAssigned')} with the node that announces it. ${code('AllocationFailed')} or ${code('ClearAssignment')} as the last line: go back now`,
    ),
  ];
}

function created(task: Task, value: Service): Instruction {
  const k = kubectl(task.input.reader, value.cluster);
  const path = pathOf(task, '.yaml');
  const apply = (dry: string) =>
    `${k} apply --server-side --field-manager=sightline ${dry}-f "$ARTIFACTS"/${quote(path)}`;
  const manifest = toYaml(serviceManifest(value));
  return {
    make: [
      ...(manifest.includes('[secret]')
        ? [text(`Put the value where ${code('[secret]')} stands: it was hidden when the snapshot was read.`)]
        : []),
      shell(`${apply('--dry-run=server ')}\n${apply('')}`),
      expect(
        `${code(`service/${value.name} serverside-applied`)}. A conflict names who owns the field: stop, do not force`,
      ),
    ],
    check: [],
    files: [{ path, text: `${manifest}\n` }],
  };
}

function deleted(task: Task, value: Service): Instruction {
  const k = kubectl(task.input.reader, value.cluster);
  return {
    make: [
      shell(`${k} -n ${quote(value.namespace)} delete service ${quote(value.name)}`),
      expect(code(`service "${value.name}" deleted`)),
    ],
    check: [],
    files: [],
  };
}

/** A JSON patch file and the commands that try and then apply it. */
function patched(task: Task, resource: string, id: string, operations: readonly Operation[]): Instruction {
  const parts = id.split('/');
  const [cluster = '', namespace = ''] = parts;
  const name = parts.at(-1) ?? '';
  const k = kubectl(task.input.reader, cluster);
  const path = pathOf(task, `.${name}.json`);
  const patch = (dry: string) =>
    `${k} -n ${quote(namespace)} patch ${resource} ${quote(name)} --type=json --patch-file "$ARTIFACTS"/${quote(path)} --field-manager=sightline${dry}`;
  return {
    make: [
      shell(`${patch(' --dry-run=server')}\n${patch('')}`),
      expect(
        `${code(`${resource}/${name} patched`)}. ${code('test failed')}: somebody changed it since the snapshot; take a new one`,
      ),
    ],
    check: [],
    files: [{ path, text: `${JSON.stringify(operations, null, 2)}\n` }],
  };
}

function serviceOperations({ input }: Task, setting: SettingOf<'service'>): readonly Operation[] {
  const annotations = input.reader.get('service', setting.id)?.value.annotations ?? {};
  const key = (name: string) => {
    const old = `metallb.universe.tf/${name}`;
    return `/metadata/annotations/${pointer(old in annotations ? old : `metallb.io/${name}`)}`;
  };
  const paths: Readonly<Record<string, string>> = {
    requestedIps: key('loadBalancerIPs'),
    requestedPool: key('address-pool'),
    sharingKey: key('allow-shared-ip'),
    loadBalancerIp: '/spec/loadBalancerIP',
    externalPolicy: '/spec/externalTrafficPolicy',
    type: '/spec/type',
    selector: '/spec/selector',
    ports: '/spec/ports',
  };
  return operationsOf(setting, paths, (field, value) => {
    if (field === 'externalPolicy') return policyName(value as Service['externalPolicy']);
    if (field !== 'ports') return value;
    return (value as Service['ports']).map((p) => ({ ...p, protocol: p.protocol.toUpperCase() }));
  });
}

function operationsOf(
  setting: { readonly before: object | null; readonly after: object | null },
  paths: Readonly<Record<string, string>>,
  shown: (field: string, value: unknown) => unknown,
): readonly Operation[] {
  const before = (setting.before ?? {}) as Record<string, unknown>;
  const after = (setting.after ?? {}) as Record<string, unknown>;
  const changed = Object.entries(paths).filter(
    ([f]) => JSON.stringify(before[f]) !== JSON.stringify(after[f]),
  );
  const tests = changed
    .filter(([f]) => before[f] !== undefined && f !== 'ports')
    .map(([f, path]): Operation => ({ op: 'test', path, value: shown(f, before[f]) }));
  const writes = changed.map(([f, path]): Operation => {
    if (after[f] === undefined) return { op: 'remove', path };
    return { op: before[f] === undefined ? 'add' : 'replace', path, value: shown(f, after[f]) };
  });
  return [...tests, ...writes];
}

function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** A workload's hostAliases or arguments; CronJobs hold their pod deeper. */
export function workloadByApi(task: Task, setting: SettingOf<'workload'>): Instruction {
  const [cluster, namespace, type = 'Deployment', name] = setting.id.split('/');
  const isJob = type === 'CronJob';
  const pod = `${isJob ? '/spec/jobTemplate' : ''}/spec/template/spec`;
  const containers = (setting.after?.containers ?? []) as Workload['containers'];
  const was = (setting.before?.containers ?? []) as Workload['containers'];
  const argumentChanges = containers.flatMap((c, i) =>
    c.args.flatMap((arg, j) =>
      arg === was[i]?.args[j] ? [] : [{ container: c.name, before: was[i]?.args[j] ?? '', after: arg }],
    ),
  );
  if (setting.after?.hostAliases !== undefined) {
    const value = setting.after.hostAliases.map((h) => ({ ip: h.ip, hostnames: h.names }));
    const before = (setting.before?.hostAliases ?? []).map((h) => ({ ip: h.ip, hostnames: h.names }));
    const path = `${pod}/hostAliases`;
    return patched(task, type.toLowerCase(), `${cluster}/${namespace}/${name}`, [
      { op: 'test', path, value: before },
      { op: 'replace', path, value },
    ]);
  }
  const k = kubectl(task.input.reader, cluster ?? '');
  return {
    make: [
      text(
        'Arguments are stored here without secrets, so they are changed in an editor and not from a file:',
      ),
      shell(`${k} -n ${quote(namespace ?? '')} edit ${type.toLowerCase()} ${quote(name ?? '')}`),
      ...argumentChanges.map((a) =>
        text(`- container ${code(a.container)}: ${code(a.before)} becomes ${code(a.after)}`),
      ),
    ],
    check: [],
    files: [],
  };
}

/** An allowlist middleware's ranges. */
export function middlewareByApi(task: Task, setting: SettingOf<'middleware'>): Instruction {
  const [before, after] = [setting.before?.rule, setting.after?.rule] as (Middleware['rule'] | undefined)[];
  if (before?.kind !== 'ip-allow-list' || after?.kind !== 'ip-allow-list') return nothing;
  const path = '/spec/ipAllowList/sourceRange';
  return patched(task, 'middleware.traefik.io', setting.id, [
    { op: 'test', path, value: before.ranges },
    { op: 'replace', path, value: after.ranges },
  ]);
}

/** The addresses that a pool gives out. */
export function poolByApi(task: Task, setting: SettingOf<'pool'>): Instruction {
  const shown = (value: Partial<Pool> | null) => rangesText(value?.ranges ?? []).split(', ');
  const path = '/spec/addresses';
  const made = patched(task, 'ipaddresspools.metallb.io', setting.id, [
    { op: 'replace', path, value: shown(setting.after) },
  ]);
  const [cluster = '', namespace = '', name = ''] = setting.id.split('/');
  const get = `${kubectl(task.input.reader, cluster)} -n ${quote(namespace)} get ipaddresspool ${quote(name)}`;
  return {
    ...made,
    check: [
      shell(`${get} -o jsonpath='{.spec.addresses}'`),
      expect(`${code(JSON.stringify(shown(setting.after)))}, and every Service keeps its address`),
    ],
  };
}
