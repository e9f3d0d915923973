/*
 * Records by hand: Technitium's API and screens, or RFC 2136 with nsupdate, or Cloudflare's API. Technitium resets what a
 * call leaves out (TTL to 3600, the comment, disabled, expiry), so each call reads the record first and sends all of it.
 */
import type { RecordSet, Translation } from '#estate/dns.ts';
import type { SettingOf } from '#plan/change.ts';
import { type Block, code, expect, type Instruction, quote, shell, text } from './blocks.ts';
import { credentialOf, pathOf, type Task } from './context.ts';
import { changedValues, technitiumScript } from './technitium-script.ts';

/** Values or TTL of one record set. */
export function recordByHand(task: Task, setting: SettingOf<'recordSet'>): Instruction {
  const start = task.input.reader.get('recordSet', setting.id)?.value;
  // a record that is not there, or is to go, has no values on that side
  const whole = { ...start, ...setting.before, ...(setting.before === null && setting.after) };
  const before = { ...whole, ...(setting.before === null && { values: [] }) } as unknown as RecordSet;
  const after = {
    ...whole,
    ...setting.after,
    ...(setting.after === null && { values: [] }),
  } as unknown as RecordSet;
  const program = programOf(task, before.server);
  const checked: Instruction = { make: [], check: recordChecks(task, after), files: [] };
  if (program === 'technitium') return merged(technitium(task, before, after), checked);
  if (/cloudflare/.test(before.server)) return merged(cloudflare(before, after), checked);
  return merged(byNsupdate(task, before, after), checked);
}

function merged(a: Instruction, b: Instruction): Instruction {
  return { make: [...a.make, ...b.make], check: [...a.check, ...b.check], files: [...a.files, ...b.files] };
}

function programOf({ input }: Task, server: string): string {
  const resolver = input.reader
    .all('resolver')
    .find((r) => r.value.id === server || r.value.serves.includes(server));
  const url = input.reader.get('systemAccess', server)?.value.url ?? '';
  if (resolver?.value.program === 'technitium' || /:5380/.test(url)) return 'technitium';
  return resolver?.value.program ?? 'unknown';
}

/** What every resolver of the house answers, once caches have let the old answer go. */
function recordChecks({ input }: Task, after: RecordSet): readonly Block[] {
  const servers = input.reader
    .all('resolver')
    .filter((r) => r.value.address !== undefined && r.value.serves.includes(after.server))
    .map((r) => r.value.address as string);
  if (servers.length === 0) return [];
  const asked = servers.map((s) => `dig +noall +answer @${quote(s)} ${quote(after.name)} ${after.type}`);
  return [
    shell(asked.join('\n')),
    expect(
      `${code(`${after.name}. ${after.ttlSeconds} IN ${after.type} ${after.values.join(', ')}`)} ${servers.length > 1 ? 'from each; ' : ''}(the TTL may be lower, never higher)`,
    ),
  ];
}

function technitium(task: Task, before: RecordSet, after: RecordSet): Instruction {
  const { input } = task;
  const url = (input.reader.get('systemAccess', before.server)?.value.url ?? 'http://localhost:5380').replace(
    /\/$/,
    '',
  );
  const path = pathOf(task, '.technitium.sh');
  const nsupdate = byNsupdate(task, before, after);
  const label = before.name === before.zone ? '@' : before.name.slice(0, -(before.zone.length + 1));
  const field = before.type === 'A' || before.type === 'AAAA' ? 'IPv4/IPv6 Address' : 'Value';
  const steps = changedValues(before, after).flatMap(([was, is]) =>
    recordSteps(`${label} ${before.type}`, field, was, is, after),
  );
  return {
    make: [
      { kind: 'screens', where: `Technitium, ${url}`, steps: [`**Zones** > ${code(before.zone)}`, ...steps] },
      text(
        `Or from a shell, the same as one call (needs ${code('curl')} and ${code('jq')}; the token is read from ${tokenText(task, before.server)}):`,
      ),
      shell(`sh "$ARTIFACTS"/${quote(path)}`),
      expect(code('"status": "ok"')),
    ],
    check: [],
    files: [
      { path, text: technitiumScript(task, url, before, after), isExecutable: true },
      ...nsupdate.files,
    ],
  };
}

function tokenText({ input }: Task, system: string): string {
  return code(credentialOf(input.reader, system) ?? 'env:TECHNITIUM_TOKEN');
}

function recordSteps(
  record: string,
  field: string,
  was: string,
  is: string,
  after: RecordSet,
): readonly string[] {
  if (is === '') return [`record ${code(record)} that says ${code(was)} > **Delete**`];
  const filled = `${field}: ${code(is)}; TTL: ${code(String(after.ttlSeconds))}`;
  if (was === '') return [`**Add Record**: name and type ${code(record)}; ${filled}`, '**Save**'];
  return [
    `record ${code(record)} that says ${code(was)} > **Edit Record**`,
    `${filled}; leave the comment as it is`,
    '**Save**',
  ];
}

/** RFC 2136; the prerequisite refuses where the record is not as it was. */
function byNsupdate(task: Task, before: RecordSet, after: RecordSet): Instruction {
  const path = pathOf(task, '.nsupdate');
  const server = task.input.reader.all('resolver').find((r) => r.value.serves.includes(before.server))
    ?.value.address;
  const name = `${plainName(before.name)}.`;
  const lines = [
    ...(server === undefined ? [] : [`server ${server}`]),
    `zone ${plainName(before.zone)}.`,
    ...(before.values.length === 0 ? [`prereq nxrrset ${name} IN ${before.type}`] : []),
    ...before.values.map((v) => `prereq yxrrset ${name} IN ${before.type} ${oneLine(v)}`),
    `update delete ${name} IN ${before.type}`,
    ...after.values.map((v) => `update add ${name} ${after.ttlSeconds} IN ${after.type} ${oneLine(v)}`),
    'send',
  ];
  return {
    make: [
      shell(`nsupdate -k "$TSIG_KEY_FILE" "$ARTIFACTS"/${quote(path)}`),
      expect(`no output. ${code('NXRRSET')}: the record is not as the plan found it; take a new snapshot`),
    ],
    check: [],
    files: [{ path, text: `${lines.join('\n')}\n` }],
  };
}

function plainName(name: string): string {
  return name.replace(/[^\w.*-]/g, (c) => `\\${String(c.charCodeAt(0)).padStart(3, '0')}`);
}

function oneLine(value: string): string {
  return value.replace(/[\r\n;]/g, ' ');
}

function cloudflare(before: RecordSet, after: RecordSet): Instruction {
  const [[oldValue, newValue] = ['', '']] = changedValues(before, after);
  return {
    make: [
      {
        kind: 'screens',
        where: 'Cloudflare dashboard',
        steps: [
          `${code(before.zone)} > **DNS** > **Records** > ${code(`${before.name} ${before.type} ${oldValue}`)} > **Edit**`,
          `Content: ${code(newValue)}; TTL: ${code(after.ttlSeconds === 1 ? 'Auto' : `${after.ttlSeconds} s`)}; proxy status as it is`,
          '**Save**',
        ],
      },
    ],
    check: [],
    files: [],
  };
}

/** One entry of a map that changes answers (Technitium's Split Horizon app). */
export function translationByHand(task: Task, setting: SettingOf<'translation'>): Instruction {
  const start = task.input.reader.get('translation', setting.id)?.value;
  const before = { ...start, ...setting.before } as Translation;
  const after = { ...before, ...setting.after } as Translation;
  return {
    make: [
      {
        kind: 'screens',
        where: `the server behind ${before.server}`,
        steps: [
          '**Apps** > **Split Horizon** > **Config**',
          `in group ${code(before.group)}, ${code('externalToInternalTranslation')}: ${code(`"${before.from}": "${before.to}"`)} becomes ${code(`"${after.from}": "${after.to}"`)}. The whole text is replaced: change nothing else`,
          '**Save**',
        ],
      },
    ],
    check: [],
    files: [],
  };
}
