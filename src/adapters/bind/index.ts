/* Writes to BIND 9, or any server that takes dynamic updates (RFC 2136) signed with TSIG. */
import type { Actuator } from '#apply/actuator.ts';
import { type Credential, credentialOf } from '../credential.ts';
import { BindActuator } from './actuate.ts';
import type { DnsServer } from './api.ts';
import type { TsigKey } from './tsig.ts';

export interface KeySettings {
  readonly name: string;
  readonly algorithm?: TsigKey['algorithm'];
  /** The secret in base64, by `env:`, `file:` or `cmd:`. */
  readonly credential: string;
}

export interface BindSettings {
  /** `dns/<name>`. */
  readonly system: string;
  readonly address: string;
  readonly port?: number;
  /** By view; '' for a server without views. The key decides which view is meant (match-clients). */
  readonly keys: Readonly<Record<string, KeySettings>>;
  /** Further authoritative servers that must show each change. */
  readonly others?: readonly { readonly address: string; readonly port?: number }[];
  readonly timeoutMs?: number;
}

const dnsPort = 53;

export function bindActuator(settings: BindSettings): Actuator {
  const secrets = new Map<string, Credential>();
  for (const [view, key] of Object.entries(settings.keys)) secrets.set(view, credentialOf(key.credential));
  const timeoutMs = settings.timeoutMs ?? 5_000;
  const serverAt = (at: { address: string; port?: number }, key: TsigKey): DnsServer => ({
    address: at.address,
    port: at.port ?? dnsPort,
    key,
    timeoutMs,
  });
  return new BindActuator(settings.system, async (view) => {
    const own = settings.keys[view];
    const secret = await secrets.get(view)?.();
    if (own === undefined || secret === undefined) return undefined;
    const key: TsigKey = { name: own.name, algorithm: own.algorithm ?? 'hmac-sha256', secret };
    return { primary: serverAt(settings, key), others: (settings.others ?? []).map((o) => serverAt(o, key)) };
  });
}
