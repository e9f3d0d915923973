/* Writes to Cloudflare through its API: rules of a remotely managed tunnel, and records of a zone. */
import type { Actuator } from '#apply/actuator.ts';
import { credentialOf } from '../credential.ts';
import { CloudflareApi } from './api.ts';
import { CloudflareDnsActuator } from './dns.ts';
import { TunnelActuator } from './tunnel.ts';

export interface CloudflareSettings {
  readonly url: string;
  /** An API token by `env:`, `file:` or `cmd:`; a tunnel's token is none. */
  readonly credential: string;
  readonly ca?: string;
  readonly timeoutMs?: number;
}

/** `name` as in the snapshot: `tunnel/<name>`. */
export function tunnelActuator(
  settings: CloudflareSettings & { name: string; account: string; tunnel: string },
): Actuator {
  const { name, account, tunnel } = settings;
  return new TunnelActuator({ name, account, tunnel }, apiOf(settings));
}

/** `system` as in the snapshot: `dns/<name>`. */
export function cloudflareDnsActuator(settings: CloudflareSettings & { system: string }): Actuator {
  return new CloudflareDnsActuator(settings.system, apiOf(settings));
}

function apiOf({ url, credential, ca, timeoutMs }: CloudflareSettings): CloudflareApi {
  return new CloudflareApi({
    url,
    token: credentialOf(credential),
    ...(ca !== undefined && { ca }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}
