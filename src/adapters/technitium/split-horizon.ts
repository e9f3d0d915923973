/*
 * One entry of a translation map in the Split Horizon app's configuration (dnsApp.config), changed in the text itself: the
 * app's configuration is always written whole, and everything but the entry stays as it is, byte for byte.
 */
import type { Translation } from '#estate/dns.ts';
import { parseIp } from '#net/ip.ts';

export interface TranslationWanted {
  readonly group: string;
  readonly from: string;
  readonly before: Partial<Translation> | null;
  readonly after: Partial<Translation> | null;
}

/** The address that the group's map gives; null: no such entry; undefined: the configuration has no such group. */
export function translated(config: string, group: string, from: string): string | null | undefined {
  const map = mapOf(config, group);
  if (map === undefined) return undefined;
  const key = Object.keys(map).find((k) => parseIp(k) === from);
  if (key === undefined) return null;
  return parseIp(String(map[key])) ?? String(map[key]);
}

/** The configuration with another target of the entry; a text beginning with `!` says why not. */
export function withTranslation(config: string, { group, from, after }: TranslationWanted): string {
  const to = after?.to;
  if (to === undefined) return '!only the target of a translation that is there can be written';
  const object = JSON.parse(config) as { groups: Record<string, unknown>[] };
  const at = object.groups.findIndex((g) => g.name === group);
  const key = Object.keys(mapOf(config, group) ?? {}).find((k) => parseIp(k) === from);
  if (at < 0 || key === undefined) return '!there is no such entry';
  const edited = spliced(config, group, key, to);
  const wanted = structuredClone(object);
  (wanted.groups[at]?.externalToInternalTranslation as Record<string, string>)[key] = to;
  return edited !== undefined && JSON.stringify(JSON.parse(edited)) === JSON.stringify(wanted)
    ? edited
    : '!its place in the text is not plain to see';
}

function mapOf(config: string, group: string): Record<string, unknown> | undefined {
  try {
    const { groups } = JSON.parse(config) as {
      groups?: { name?: unknown; externalToInternalTranslation?: unknown }[];
    };
    const found = groups?.find((g) => g.name === plainGroup(group));
    return found?.externalToInternalTranslation as Record<string, unknown> | undefined;
  } catch {
    return undefined;
  }
}

/** The reader calls a group that is mapped by domain `NAME (by domain)`. */
function plainGroup(group: string): string {
  return group.replace(/ \(by domain\)$/, '');
}

/** The value behind `"KEY":` that follows the group's own name. The caller checks the result. */
function spliced(config: string, group: string, key: string, to: string): string | undefined {
  const start = config.search(new RegExp(`"name"\\s*:\\s*${pattern(JSON.stringify(plainGroup(group)))}`));
  const entry = new RegExp(`${pattern(JSON.stringify(key))}\\s*:\\s*"([^"]*)"`).exec(
    config.slice(Math.max(start, 0)),
  );
  if (start < 0 || entry === null) return undefined;
  const end = start + entry.index + entry[0].length - 1;
  return config.slice(0, end - (entry[1]?.length ?? 0)) + to + config.slice(end);
}

function pattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
