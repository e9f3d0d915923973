/*
 * Actuators for the systems that sightline.yaml gives access to. Credentials stay references here: each actuator fetches its
 * own when it is first needed, which preflight does for all of them.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Actuator } from '#apply/actuator.ts';
import type { Reader } from '#estate/estate.ts';
import type { SystemAccess } from '#estate/settings.ts';
import { actuatorMakers } from './wire.ts';

export interface BuiltSystems {
  readonly actuators: readonly Actuator[];
  /** Systems that cannot be written, and why; changes of them go to their owner or to a person. */
  readonly left: readonly { readonly system: string; readonly why: string; readonly isFault: boolean }[];
}

/** `isMeant`: it is not to be written from here; otherwise its access lacks something. */
type Made = Actuator | { readonly why: string; readonly isMeant?: true };

/** One actuator for each system that may be written; `folder` is where paths in sightline.yaml start. */
export async function buildActuators(reader: Reader, folder: string): Promise<BuiltSystems> {
  const actuators: Actuator[] = [];
  const left: { system: string; why: string; isFault: boolean }[] = [];
  for (const { value: access } of reader.all('systemAccess')) {
    const made = await actuatorOf(access, folder);
    if ('why' in made) left.push({ system: access.system, why: made.why, isFault: made.isMeant !== true });
    else actuators.push(made);
  }
  return { actuators, left };
}

async function actuatorOf(access: SystemAccess, folder: string): Promise<Made> {
  const { system, writes } = access;
  if (writes === 'operator') return { why: 'a person writes it (writes: operator)', isMeant: true };
  if (writes === 'none') return { why: 'nothing is written there (writes: none)', isMeant: true };
  const ca = access.ca === undefined ? undefined : await certificate(access.ca, folder);
  if (ca !== undefined && 'why' in ca) return ca;
  const trusted = ca === undefined ? {} : { ca: ca.pem };
  switch (programOf(access)) {
    case 'kubernetes':
      return kubernetes(access, trusted);
    case 'technitium':
      return withCredential(access, (credential, url) =>
        actuatorMakers.technitium({ system, url, credential, ...trusted }),
      );
    case 'bind':
      return bind(access);
    case 'cloudflare':
      return cloudflare(access, trusted);
    default:
      return { why: 'no adapter writes it', isMeant: true };
  }
}

/** What runs there: said, or told by the folder where there is only one. */
function programOf({ system, program, keys }: SystemAccess): string | undefined {
  if (program === 'bind9' || keys !== undefined) return 'bind';
  if (program !== undefined) return program;
  if (system.startsWith('cluster/')) return 'kubernetes';
  return system.startsWith('tunnel/') ? 'cloudflare' : undefined;
}

async function kubernetes(access: SystemAccess, trusted: { ca?: string }): Promise<Made> {
  const credential = access.writeCredential ?? access.credential;
  if (credential === undefined) return { why: 'no credential is named' };
  const isContext = credential.startsWith('kubeconfig:');
  if (!isContext && access.url === undefined) return { why: 'no address is named' };
  const cluster = access.system.replace(/^cluster\//, '');
  return actuatorMakers.kubernetes({
    cluster,
    credential,
    ...(access.url !== undefined && { url: access.url }),
    ...trusted,
  });
}

/** How to reach a cluster with the credential that reads; undefined: it cannot be reached with what is configured. */
export async function accessOf(
  access: SystemAccess,
  folder: string,
): Promise<{ readonly url?: string; readonly credential: string; readonly ca?: string } | undefined> {
  const { credential, url } = access;
  if (credential === undefined || (url === undefined && !credential.startsWith('kubeconfig:')))
    return undefined;
  const ca = access.ca === undefined ? undefined : await certificate(access.ca, folder);
  if (ca !== undefined && 'why' in ca) return undefined;
  return { credential, ...(url !== undefined && { url }), ...(ca !== undefined && { ca: ca.pem }) };
}

async function cloudflare(access: SystemAccess, trusted: { ca?: string }): Promise<Made> {
  const { system, account, tunnel } = access;
  return withCredential(access, async (credential, url) => {
    if (!system.startsWith('tunnel/')) {
      return actuatorMakers.cloudflareDns({ system, url, credential, ...trusted });
    }
    if (account === undefined || tunnel === undefined)
      return { why: 'the ids of its account and tunnel are needed (account, tunnel)' };
    const name = system.slice('tunnel/'.length);
    return actuatorMakers.tunnel({ name, account, tunnel, url, credential, ...trusted });
  });
}

async function bind({ system, url = '', keys, others = [] }: SystemAccess): Promise<Made> {
  if (keys === undefined || keys.length === 0) return { why: 'no TSIG key is named (keys)' };
  const at = endpointOf(url);
  if (at === undefined) return { why: 'no address is named' };
  const byView = keys.map(({ view = '', ...key }) => [view, key] as const);
  return actuatorMakers.bind({
    system,
    ...at,
    keys: Object.fromEntries(byView),
    others: others.flatMap((o) => endpointOf(o) ?? []),
  });
}

/** `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53`, `2001:db8::1`, with or without a scheme before it. */
export function endpointOf(text: string): { address: string; port?: number } | undefined {
  const plain = text.replace(/^\w+:\/\//, '');
  const [, bracketed, simple, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(plain) ?? [];
  const address = bracketed ?? simple ?? (/^[0-9a-f:.]+$/i.test(plain) && plain.includes('::') ? plain : '');
  if (address === '') return undefined;
  return port === undefined ? { address } : { address, port: Number(port) };
}

async function withCredential(
  { url, credential, writeCredential }: SystemAccess,
  make: (credential: string, url: string) => Promise<Made>,
): Promise<Made> {
  const reference = writeCredential ?? credential;
  if (reference === undefined) return { why: 'no credential is named' };
  return url === undefined ? { why: 'no address is named' } : make(reference, url);
}

async function certificate(path: string, folder: string): Promise<{ pem: string } | { why: string }> {
  try {
    return { pem: await readFile(resolve(folder, path), 'utf8') };
  } catch (error) {
    return { why: `the authority ${path} cannot be read (${(error as NodeJS.ErrnoException).code})` };
  }
}
