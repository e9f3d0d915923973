/* The rest by hand: tunnels, allowlists of bans, files on nodes, monitors, credentials, and an owner kept from applying. */
import type { BanAllowlist } from '#estate/ban-list.ts';
import type { Reader } from '#estate/estate.ts';
import type { Mention } from '#estate/repository.ts';
import type { SetChange, Setting, SettingOf } from '#plan/change.ts';
import { applyDiff } from './apply-diff.ts';
import {
  type Block,
  code,
  expect,
  type Instruction,
  nothing,
  quote,
  shell,
  text,
  together,
} from './blocks.ts';
import { credentialOf, type DocumentDiff, kubectl, pathOf, type Task } from './context.ts';
import { documentSlug } from './document-slug.ts';

/** Rules of a tunnel: the whole list is written at once, so every changed rule is in one visit. */
export function tunnelByHand(task: Task, settings: readonly SettingOf<'tunnelRule'>[]): Instruction {
  const { reader } = task.input;
  const rules = settings.map((s) => ({ rule: reader.get('tunnelRule', s.id)?.value, after: s.after }));
  const tunnel = rules[0]?.rule?.tunnel ?? '';
  const remote = reader.get('tunnel', tunnel)?.value.isRemotelyManaged !== false;
  const path = pathOf(task, '.tunnel.json');
  const changes = settings.map((s) => ({
    hostname: reader.get('tunnelRule', s.id)?.value.hostname ?? '*',
    ...(reader.get('tunnelRule', s.id)?.value.path !== undefined && {
      path: reader.get('tunnelRule', s.id)?.value.path,
    }),
    before: s.before,
    after: s.after,
  }));
  const steps = rules.map(({ rule, after }) => {
    const lines = Object.entries(tunnelForm).flatMap(([field, label]) => {
      const value = (after as Readonly<Record<string, unknown>> | null)?.[field];
      return value === undefined ? [] : [`${label}: ${code(String(value))}`];
    });
    return `${code(rule?.hostname ?? 'every other name')} > **Edit** > ${lines.join('; ')} > **Save**`;
  });
  return {
    make: [
      remote
        ? {
            kind: 'screens',
            where: 'Cloudflare Zero Trust',
            steps: [`**Networks** > **Tunnels** > ${code(tunnel)} > **Public Hostname**`, ...steps],
          }
        : text(`In the connector's ${code('config.yml')}, then restart it: ${steps.join('; ')}`),
      text(
        `The API replaces the whole list of rules (${code('PUT …/cfd_tunnel/ID/configurations')}): read it, change only what ${code(path)} names, keep the last rule that catches everything, compare ${code('version')}.`,
      ),
    ],
    check: [],
    files: [{ path, text: `${JSON.stringify({ tunnel, ingress: changes }, null, 2)}\n` }],
  };
}

/** Fields of a public hostname by their names on the screen. */
const tunnelForm: Readonly<Record<string, string>> = {
  service: 'Service',
  hostname: 'Hostname',
  path: 'Path',
  noTlsVerify: '**Additional application settings** > **TLS** > No TLS Verify',
  originServerName: '**Additional application settings** > **TLS** > Origin Server Name',
  httpHostHeader: '**Additional application settings** > **HTTP Settings** > HTTP Host Header',
};

/** CrowdSec has no call that writes allowlists: cscli on the host of the LAPI. */
export function allowlistByHand(task: Task, setting: SettingOf<'banAllowlist'>): Instruction {
  const list = task.input.reader.get('banAllowlist', setting.id)?.value;
  const show = (ranges: BanAllowlist['ranges']) =>
    ranges.map((r) => (typeof r === 'string' ? r : `${r.first}-${r.last}`));
  const before = show((setting.before?.ranges ?? list?.ranges ?? []) as BanAllowlist['ranges']);
  const after = show((setting.after?.ranges ?? []) as BanAllowlist['ranges']);
  const added = after.filter((r) => !before.includes(r));
  const gone = before.filter((r) => !after.includes(r));
  if (list?.layer !== 'lapi') {
    return {
      make: [
        text(
          `In the whitelist ${code(list?.name ?? setting.id)} of the parsers (${code('parsers/s02-enrich')}): add ${added.map(code).join(', ') || 'nothing'}, take away ${gone.map(code).join(', ') || 'nothing'}; then reload CrowdSec. Decisions that exist already are not lifted: ${code('cscli decisions delete --range …')}.`,
        ),
      ],
      check: [],
      files: [],
    };
  }
  const name = quote(list.name);
  return {
    make: [
      shell(
        [
          ...added.map((r) => `cscli allowlists add ${name} ${quote(r)}`),
          ...gone.map((r) => `cscli allowlists remove ${name} ${quote(r)}`),
        ].join('\n'),
      ),
    ],
    check: [shell(`cscli allowlists inspect ${name}`), expect(after.map(code).join(', '))],
    files: [],
  };
}

/** Texts that state the address: documents of a repository by their diff, files on nodes line by line. */
export function mentionsByHand(task: Task, settings: readonly SettingOf<'mention'>[]): Instruction {
  const mentions = settings.flatMap((s) => {
    const created = (s.before === null ? s.after : s.after === null ? s.before : undefined) as
      | Mention
      | undefined;
    const mention = task.input.reader.get('mention', s.id)?.value ?? created;
    return mention === undefined ? [] : [{ mention, before: s.before, after: s.after }];
  });
  const files = [...new Set(mentions.map((m) => m.mention.file))];
  return together(
    files.map((file) => {
      const document = task.input.documents.find((d) => d.file === file && d.diff !== '');
      if (document !== undefined) return documentByDiff(task, document);
      return { ...nothing, make: mentions.filter((m) => m.mention.file === file).flatMap(linesByHand) };
    }),
  );
}

function documentByDiff({ input, way }: Task, document: DocumentDiff): Instruction {
  const path = `${way === 'forward' ? '' : 'rollback/'}documents/${documentSlug(document.file)}.diff`;
  const root = rootOf(input.reader, document.file);
  return {
    make: [
      text(`${code(document.file)}, in the checkout of ${code(root)}:`),
      shell(applyDiff(path, way === 'forward' ? document.diff : document.undo)),
      ...(way === 'forward' ? [{ kind: 'code', syntax: 'diff', text: document.diff } as const] : []),
    ],
    check: [],
    files: [],
  };
}

function rootOf(reader: Reader, file: string): string {
  const found = reader
    .all('repository')
    .find((r) => r.value.path !== '' && file.startsWith(`${r.value.path}/`));
  return found?.value.path ?? '.';
}

interface MentionLine {
  readonly mention: Mention;
  readonly before: Partial<Mention> | null;
  readonly after: Partial<Mention> | null;
}

function linesByHand({ mention, before, after }: MentionLine): readonly Block[] {
  const [, host = '', ...rest] = mention.file.split('/');
  const [was, is] = [before?.text ?? '', after?.text ?? ''];
  if (!mention.system.startsWith('node/')) {
    return [
      text(
        `In ${code(mention.file)}, line ${mention.line}: ${code(was)} becomes ${code(is)}. Keep a copy of the file first.`,
      ),
    ];
  }
  const path = quote(`/etc/${rest.join('/').replace(/^etc_/, '')}`);
  const edit = quote(`${mention.line}s/${escapeSed(was)}/${is.replace(/[\\/&\n]/g, '\\$&')}/`);
  return [
    text(`On ${code(host)}: in ${code(path)}, line ${mention.line}, ${code(was)} becomes ${code(is)}:`),
    shell(`sudo cp -p ${path} ${path}.before\nsudo sed -i ${edit} ${path}\ndiff ${path}.before ${path}`),
    expect('one line, and the address in it'),
  ];
}

/** The text itself as a basic regular expression. */
function escapeSed(value: string): string {
  return value.replace(/[.*[\]^$/\\]/g, '\\$&');
}

export function monitorByHand(_: Task, setting: SettingOf<'monitor'>): Instruction {
  const [name = ''] = setting.id.split('|');
  const { before, after } = setting;
  return {
    make: [
      text(
        `Monitor ${code(name)}: it expects ${code(before?.expectsIp ?? '')} today; let it expect ${code(after?.expectsIp ?? '')}.`,
      ),
    ],
    check: [],
    files: [],
  };
}

/** Fetched while what holds it can still be reached. The value stays with the person: no file here holds it. */
export function accessByHand({ input, planned, way }: Task, setting: SettingOf<'systemAccess'>): Instruction {
  if (way === 'back') return { ...nothing, make: [text('Delete the copy of the credential that you made.')] };
  const needs = (setting.before?.needs ?? []).map(code).join(', ');
  const credential = credentialOf(input.reader, setting.id);
  return {
    make: [
      text(
        `${code(planned.through.system)} needs ${needs || 'something'} to be reached. Fetch what it needs now${credential === undefined ? '' : `, from ${code(credential)}`}, and keep it where this change cannot take it away: your password manager on this machine, or a file with mode 600 outside every repository.`,
      ),
    ],
    check: [text('Use it once, before you go on: a credential that was never tried is not fetched.')],
    files: [],
  };
}

/** Whoever applies by itself is kept from it, and let again at the end. */
export function freezeByHand({ input }: Task, setting: SettingOf<'repository'>): Instruction {
  const repository = input.reader.get('repository', setting.id)?.value;
  const isFrozen = setting.after?.applies === 'manual';
  const cron = input.reader
    .all('workload')
    .find((w) => w.value.type === 'CronJob' && w.value.name === setting.id)?.value;
  const says = isFrozen
    ? 'stop it from applying by itself'
    : `let it apply by itself again (${setting.after?.applies ?? ''})`;
  return {
    make: [
      text(`${code(repository?.path ?? setting.id)}: ${says}.`),
      ...(cron === undefined
        ? byOwner(isFrozen, isFrozen ? repository?.freezeCommand : repository?.thawCommand)
        : [
            shell(
              `${kubectl(input.reader, cron.cluster)} -n ${quote(cron.namespace)} patch cronjob ${quote(cron.name)} --type=merge -p '{"spec":{"suspend":${isFrozen}}}'`,
            ),
          ]),
    ],
    check: [],
    files: [],
  };
}

/** The user's own command, where sightline.yaml has it. */
function byOwner(isFrozen: boolean, command: string | undefined): readonly Block[] {
  if (command !== undefined)
    return [shell(command), ...(isFrozen ? [text('See that no run is going on before you go on.')] : [])];
  const says = isFrozen
    ? 'Disable its pipeline or schedule, and see that no run is going on.'
    : 'Enable its pipeline or schedule.';
  return [text(says)];
}

/** Settings of one kind in a change. */
export function ofKind<K extends Setting['of']>(
  change: SetChange,
  kind: K,
): readonly Extract<Setting, { of: K }>[] {
  return change.settings.filter((s): s is Extract<Setting, { of: K }> => s.of === kind);
}
