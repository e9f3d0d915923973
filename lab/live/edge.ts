/* Cloudflare in the lab: the tunnel's configuration and the records of the public zone, as the snapshot has them. */
import type { Reader } from '#estate/estate.ts';
import { type CloudflareRecord, type CloudflareStandIn, startCloudflare } from '../stand-ins/cloudflare.ts';
import type { NativeFiles } from './follower.ts';

export const labAccount = 'lab-account';
export const labTunnel = 'lab-tunnel';

export interface LiveEdge {
  readonly edge: CloudflareStandIn;
  files(): NativeFiles;
}

export interface EdgeParts {
  /** File of the tunnel in the snapshot, and its text; undefined: there is none. */
  readonly tunnel?: { readonly path: string; readonly text: string };
  /** `dns/cloudflare`; undefined: its zone is not there. */
  readonly dns?: string;
  readonly reader: Reader;
  readonly changed: () => void;
}

export async function startEdge({ tunnel, dns, reader, changed }: EdgeParts): Promise<LiveEdge> {
  const configured = tunnel === undefined ? undefined : (JSON.parse(tunnel.text) as Configured);
  const [zone] = reader.all('recordSet').filter((r) => r.value.server === dns);
  const edge = await startCloudflare({
    account: labAccount,
    tunnel: labTunnel,
    config: configured?.config ?? { ingress: [{ service: 'http_status:404' }] },
    version: configured?.version ?? 1,
    ...(zone && { zone: { id: 'lab-zone', name: zone.value.zone } }),
    records: dns === undefined ? [] : recordsOf(reader, dns),
  });
  edge.onChange(changed);
  return {
    edge,
    files: () => (tunnel === undefined ? {} : { [tunnel.path]: JSON.stringify(edge.config()) }),
  };
}

interface Configured {
  readonly version?: number;
  readonly config: Record<string, unknown>;
}

function recordsOf(reader: Reader, dns: string): readonly CloudflareRecord[] {
  const sets = reader.all('recordSet').filter((r) => r.value.server === dns);
  return sets.flatMap(({ value: set }) =>
    set.values.map((content, n) => ({
      id: `${set.name}-${set.type}-${n}`,
      name: set.name,
      type: set.type,
      content,
      ttl: set.ttlSeconds,
      proxied: set.isProxied === true,
    })),
  );
}
