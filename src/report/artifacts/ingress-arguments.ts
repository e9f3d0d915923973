/*
 * An ingress by the arguments of its Deployment: which Service's address Ingress status shows, and whom an entry point
 * believes (PROXY protocol, forwarded headers). A chart or an operator that owns the Deployment puts them back.
 */
import type { Ingress, Listener } from '#estate/ingress.ts';
import type { SettingOf } from '#plan/change.ts';
import { type Block, code, expect, type Instruction, quote, shell, text } from './blocks.ts';
import { kubectl, type Task } from './context.ts';

/** Arguments that change, with the rollout that follows. */
export function ingressByApi({ input }: Task, setting: SettingOf<'ingress'>): Instruction {
  const [cluster = '', namespace = '', name = ''] = setting.id.split('/');
  const ingress = input.reader.get('ingress', setting.id)?.value;
  const k = `${kubectl(input.reader, cluster)} -n ${quote(namespace)}`;
  const changed = [
    ...publishedChange(ingress?.program ?? 'unknown', setting),
    ...listenerChanges(setting.before?.listeners ?? [], setting.after?.listeners ?? []),
  ];
  return {
    make: [
      shell(`${k} edit deployment ${quote(name)}`),
      ...changed.map((c) => text(`- ${c}`)),
      text(
        'Where a chart made this Deployment, set the same in its values: its next upgrade would take this back.',
      ),
    ],
    check: rollout(k, name),
    files: [],
  };
}

function rollout(k: string, name: string): readonly Block[] {
  return [
    text(
      'The pods of the ingress are replaced one after the other: connections that are open on each of them end.',
    ),
    shell(`${k} rollout status deployment/${quote(name)}`),
    expect(code('successfully rolled out')),
  ];
}

const publishedBy: Partial<Record<Ingress['program'], string>> = {
  traefik: '--providers.kubernetesingress.ingressendpoint.publishedservice',
  'ingress-nginx': '--publish-service',
};

function publishedChange(
  program: Ingress['program'],
  { before, after }: SettingOf<'ingress'>,
): readonly string[] {
  const [was, is] = [before?.publishedService, after?.publishedService];
  if (was === is) return [];
  const argument = publishedBy[program] ?? 'the argument that names the published Service';
  return [becomes(argument, was, is)];
}

/** Entry points by name; those that one side lacks are left to the reader. */
function listenerChanges(before: readonly Listener[], after: readonly Listener[]): readonly string[] {
  return after.flatMap((now) => {
    const was = before.find((l) => l.name === now.name);
    if (was === undefined) return [`a new entry point ${code(now.name)}`];
    const entry = `--entryPoints.${now.name}`;
    return [
      ...trustChange(`${entry}.proxyProtocol`, was.proxyProtocol, now.proxyProtocol),
      ...trustChange(`${entry}.forwardedHeaders`, was.forwardedHeaders, now.forwardedHeaders),
      ...http3Change(`${entry}.http3`, was.http3, now.http3),
    ];
  });
}

function http3Change(argument: string, was: Listener['http3'], is: Listener['http3']): readonly string[] {
  const port = (http3: Listener['http3']) => http3?.advertisedPort?.toString();
  const [before, after] = [was === undefined ? undefined : 'true', is === undefined ? undefined : 'true'];
  return [
    ...(before === after ? [] : [becomes(argument, before, after)]),
    ...(port(was) === port(is) ? [] : [becomes(`${argument}.advertisedport`, port(was), port(is))]),
  ];
}

type Trust = { readonly from: readonly unknown[]; readonly everyone: boolean } | undefined;

function trustChange(argument: string, was: Trust, is: Trust): readonly string[] {
  const show = (trust: Trust) =>
    trust?.everyone ? 'insecure=true' : (trust?.from ?? []).map(String).join(',');
  const [before, after] = [show(was), show(is)];
  if (before === after) return [];
  const name = (value: string) =>
    value === 'insecure=true' ? `${argument}.insecure` : `${argument}.trustedIPs`;
  const plain = (value: string) => (value === 'insecure=true' ? 'true' : value === '' ? undefined : value);
  if (name(before) === name(after)) return [becomes(name(after), plain(before), plain(after))];
  return [becomes(name(before), plain(before), undefined), becomes(name(after), undefined, plain(after))];
}

function becomes(argument: string, was: string | undefined, is: string | undefined): string {
  if (is === undefined) return `${code(`${argument}=${was ?? ''}`)} goes`;
  if (was === undefined) return `${code(`${argument}=${is}`)} is new`;
  return `${code(`${argument}=${was}`)} becomes ${code(`${argument}=${is}`)}`;
}
