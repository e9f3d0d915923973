/*
 * The example with more secrets planted in it, as a variant of the snapshot: one right beside the lines that a plan edits,
 * webhooks with a password in their address, tokens in arguments. Every one is known here, and is to be seen nowhere else.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Name → secret: those of the example itself, and those that are planted in the variant. */
export const planted: Readonly<Record<string, string>> = {
  'tunnel secret': 'FAKE-tunnel-secret-bm90IGEgcmVhbCBzZWNyZXQ=',
  'API token in an argument': 'FAKE-torrserver-token-5f0c1d2e3b4a',
  'password in an address': 'FAKE-affine-db-password',
  'LAPI key': 'FAKE-lapi-key-c2lnaHRsaW5lLWV4YW1wbGU',
  'password in a variable': 'FAKE-restic-password',
  'key in the firewall': 'FAKE-preauthkey-3c1f0b9e7d',
  'webhook beside an edit': 'FAKE-webhook-9d2f77c01b',
  'token beside an edit': 'FAKE-dashboard-token-41ab90cd',
  'webhook beside a rule of the firewall': 'FAKE-pushover-8812ffe0',
};

/** How a TSIG key would look as an argument of a program. */
export const tsigArgument = 'hmac-sha256:key-';

/** Writes the variant of the example into the folder; returns the folder. */
export function plantVariant(example: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const variant = {
    base: example,
    description: 'The example with secrets beside everything that a plan edits.',
  };
  writeFileSync(join(folder, 'variant.json'), JSON.stringify(variant));
  edit(
    'source/infra/stacks/traefik/main.tf',
    '    service = {\n',
    (line) =>
      `    notifications = {\n      webhook = "https://ops:${planted['webhook beside an edit']}@hooks.example.org/traefik"\n      dashboard_token = "${planted['token beside an edit']}"\n    }\n${line}`,
  );
  edit(
    'firewall/pfsense/config.xml',
    '\t</aliases>\n',
    (line) =>
      `${line}\t<notifications>\n\t\t<webhook>https://alarm:${planted['webhook beside a rule of the firewall']}@hooks.example.org/fw</webhook>\n\t</notifications>\n`,
  );
  return folder;

  function edit(path: string, line: string, change: (line: string) => string): void {
    const text = readFileSync(join(example, path), 'utf8');
    if (text.split(line).length !== 2) throw new Error(`${path} has not exactly one ${line.trim()}`);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.replace(line, change));
  }
}
