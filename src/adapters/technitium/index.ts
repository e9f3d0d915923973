/* Writes to a Technitium DNS server through its HTTP API. */
import type { Actuator } from '#apply/actuator.ts';
import { credentialOf } from '../credential.ts';
import { TechnitiumActuator } from './actuate.ts';
import { TechnitiumApi } from './api.ts';

export interface TechnitiumSettings {
  /** `dns/<name>`. */
  readonly system: string;
  readonly url: string;
  /** An API token by `env:`, `file:` or `cmd:`. */
  readonly credential: string;
  readonly ca?: string;
  readonly timeoutMs?: number;
}

export function technitiumActuator(settings: TechnitiumSettings): Actuator {
  const { system, credential, ...server } = settings;
  return new TechnitiumActuator(system, new TechnitiumApi({ ...server, token: credentialOf(credential) }));
}
