/*
 * What a change writes and no instruction of its kind speaks of: told field by field, so that nobody follows an instruction
 * that leaves a part of the change out.
 */
import type { SetChange, Setting, WritableKind } from '#plan/change.ts';
import { code, type Instruction, nothing, text } from './blocks.ts';

/** Fields, or parts of them, that the instructions of a kind speak of; kinds that are not here are told as a whole. */
const told: Readonly<Partial<Record<WritableKind, readonly string[]>>> = {
  service: [
    ...['requestedIps', 'requestedPool', 'sharingKey', 'loadBalancerIp', 'externalPolicy'],
    ...['type', 'selector', 'ports'],
  ],
  workload: ['hostAliases', 'containers'],
  pool: ['ranges'],
  recordSet: ['values', 'ttlSeconds'],
  translation: ['to'],
  nameRule: ['rule'],
  alias: ['entries', 'descr', 'type'],
  firewall: ['reflection', 'reflectionSnat', 'isIpv6Allowed'],
  tunnelRule: ['service', 'hostname', 'path', 'noTlsVerify', 'originServerName', 'httpHostHeader'],
  banAllowlist: ['ranges'],
  monitor: ['expectsIp'],
  mention: ['ip', 'text'],
  systemAccess: ['needs'],
  repository: ['applies'],
  ingress: ['publishedService'],
};

/** Kinds whose renderer tells every field, or the setting as it stands. */
const whole: readonly WritableKind[] = ['portForward', 'filterRule', 'unmanagedHop', 'helmRelease'];

/** A block for each field that is left; none where everything is told. */
export function uncovered(change: SetChange): Instruction {
  const make = change.settings.flatMap((setting) =>
    leftIn(setting).map(({ path, was, is }) =>
      text(
        `Also, in ${code(`${setting.of} ${setting.id}`)}: ${code(path)}, ${shown(was)} becomes ${shown(is)}.`,
      ),
    ),
  );
  return { ...nothing, make };
}

interface Left {
  readonly path: string;
  readonly was: unknown;
  readonly is: unknown;
}

function leftIn(setting: Setting): readonly Left[] {
  const { of, before, after } = setting;
  if (before === null || after === null || of === 'statedSetting' || whole.includes(of)) return [];
  const [was, is] = [before, after] as readonly Readonly<Record<string, unknown>>[];
  const known = toldOf(setting);
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return fields.flatMap((field): readonly Left[] =>
    known.includes(field) || same(was?.[field], is?.[field])
      ? []
      : [{ path: field, was: was?.[field], is: is?.[field] }],
  );
}

/** An allowlist's ranges have a patch of their own, and an ingress's listeners the arguments that change their trust. */
function toldOf({ of, before, after }: Setting): readonly string[] {
  if (of === 'middleware') {
    const kinds = [before, after].map((v) => (v as { rule?: { kind?: string } } | null)?.rule?.kind);
    return kinds.every((k) => k === 'ip-allow-list') ? ['rule'] : [];
  }
  if (of === 'ingress') return [...(told.ingress ?? []), 'listeners'];
  if (of === 'workload' && after !== null && 'hostAliases' in after) return ['hostAliases'];
  return told[of] ?? [];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : code(typeof value === 'string' ? value : JSON.stringify(value));
}
