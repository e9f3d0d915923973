/*
 * A checkout with an owner who applies it: files of two kinds, a document, and what is live of them. For runs that go wrong
 * at files and at the owner's own command.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type CheckoutEdit, type RepositoryWorld, repositoryActuator } from '#adapters/repository/actuate.ts';
import type { Actuator, Observed } from '#apply/actuator.ts';
import { inverseOf, type PlannedChange } from '#plan/change.ts';
import { apiChange } from '#test/planned.ts';

const values = (address: string) => `traefik:\n  # größer\n  address: ${address}\n`;
const policy = (name: string) => `policy = "${name}"\r\n`;
const document = (address: string) => `# Network\n\nThe ingress answers on ${address}.\n`;
const entry = '# The address 10.0.20.203\n';

/** A password that stands right beside what is edited. */
export const secretInFiles = 'FAKE-in-the-checkout';

export interface Checkout {
  /** Holds `files` (the checkout), `live` (what was applied last) and `kept` (what an undo needs). */
  readonly folder: string;
  state(): Readonly<Record<string, string>>;
  stop(): void;
}

export function startCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-checkout-'));
  for (const name of ['files/stacks', 'files/docs', 'live', 'kept'])
    mkdirSync(join(folder, name), { recursive: true });
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  write('files/stacks/values.yaml', `${values('10.0.20.200')}password: ${secretInFiles}\n`);
  write('files/stacks/main.tf', policy('Cluster'));
  write('files/docs/network.md', document('10.0.20.200'));
  write('live/main.tf', policy('Cluster'));
  return {
    folder,
    state: () => stateOf(folder),
    stop: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function stateOf(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  const files = entries.map((e) => join(e.parentPath, e.name)).filter((path) => !path.includes('/kept/'));
  return Object.fromEntries(files.sort().map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

const system = 'source/infra';
const planned = (id: string, by: 'repository' | 'operator', ...settings: unknown[]) =>
  apiChange(id, system, settings, { through: { by, system, repository: 'infra' } });

/** Two files and the owner's apply. */
export const valuesChange = planned('values', 'repository', {
  of: 'statedSetting',
  id: 'stacks/values.yaml:30',
  before: { value: '10.0.20.200' },
  after: { value: '10.0.20.203' },
});
/** A document, and one that is new. */
export const documentsChange = planned('documents', 'operator', {
  of: 'mention',
  id: 'docs/network.md:38',
  before: { text: '10.0.20.200' },
  after: { text: '10.0.20.203' },
});

function editsIn(folder: string): ReadonlyMap<string, CheckoutEdit> {
  const root = join(folder, 'files');
  const secret = `password: ${secretInFiles}\n`;
  const file = (name: string, before: string, after: string) => ({ file: name, before, after, remarks: [] });
  return new Map<string, CheckoutEdit>([
    [
      'values',
      {
        planned: valuesChange,
        root,
        cwd: root,
        files: [
          file('stacks/values.yaml', values('10.0.20.200') + secret, values('10.0.20.203') + secret),
          file('stacks/main.tf', policy('Cluster'), policy('Local')),
        ],
        apply: ['sh', '-c', 'cp stacks/main.tf ../live/main.tf'],
        plan: ['cmp', '-s', 'stacks/main.tf', '../live/main.tf'],
      },
    ],
    [
      'documents',
      {
        planned: documentsChange,
        root,
        cwd: root,
        files: [
          file('docs/network.md', document('10.0.20.200'), document('10.0.20.203')),
          { ...file('docs/address.md', '', entry), isNew: true },
        ],
      },
    ],
  ]);
}

/** `more`: what goes wrong on the way; `shown` is told what a person would see. */
export function checkoutActuator(
  folder: string,
  more: Partial<RepositoryWorld> = {},
  shown: (text: string) => void = () => {},
): Actuator {
  return repositoryActuator({
    edits: editsIn(folder),
    runFolder: join(folder, 'kept'),
    mayGoOn: async ({ diff, command = '' }) => {
      shown(`${diff}${command}`);
      return true;
    },
    live: async (change) => (change.id === 'values' ? liveOf(folder, change) : undefined),
    ...more,
  });
}

function liveOf(folder: string, change: PlannedChange): Observed {
  const text = readFileSync(join(folder, 'live/main.tf'), 'utf8');
  const isLocal = text === policy('Local');
  if (!isLocal && text !== policy('Cluster')) return { kind: 'other', says: 'live is something else' };
  const isForward = JSON.stringify(change.change) === JSON.stringify(valuesChange.change);
  return { kind: isLocal === isForward ? 'after' : 'before' };
}

export const undoOf = (change: PlannedChange): PlannedChange => ({
  ...change,
  change: inverseOf(change.change),
});
